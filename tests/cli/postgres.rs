use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Screen, World};

/// Runs SQL through the Management API, with nothing of ours between.
fn sql(world: &World, query: &str) -> Screen {
    let command = world.command("api POST /v1/projects/{ref}/database/query -f");
    command.arg(format!("query={query}")).run()
}

fn rows(world: &World, query: &str) -> Value {
    sql(world, query).json()
}

#[test]
fn values_and_refusals_are_those_of_the_service() {
    let world = World::sandbox();
    let query = "select 1 as a, 9007199254740993 as big, 1.50 as exact, 2::float8 as float, null as nothing, '{\"b\":1}'::jsonb as json, \
                 array['x', 'y z'] as texts, array['n']::name[] as names, '\\x01'::bytea as bytes, 't'::bool as flag, 'twice' as a";
    assert_eq!(
        rows(&world, query).to_string(),
        json!([{"a": "twice", "big": "9007199254740993", "exact": "1.50", "float": 2, "nothing": null, "json": {"b": 1},
                "texts": ["x", "y z"], "names": "{n}", "bytes": {"type": "Buffer", "data": [1]}, "flag": true}])
        .to_string()
    );
    // The rows of the last statement that had any; and all of them or none.
    assert_eq!(
        rows(
            &world,
            "select 1 as one; select 2 as two; create table t (x int)"
        ),
        json!([{"two": 2}])
    );
    assert_eq!(
        sql(&world, "insert into t values (1); select nope").code(),
        Some("rejected")
    );
    assert_eq!(
        rows(&world, "select count(*) as rows from t"),
        json!([{"rows": 0}])
    );
    let refusal = sql(&world, "select 1,\n  emial from public.customers");
    let said = refusal.stderr().split(" (request").next().unwrap();
    insta::assert_snapshot!(said, @r#"
    Project acmeshopproductionab, from the sandbox's default
    error[rejected]: Failed to run sql query: ERROR:  42703: column "emial" does not exist
      LINE 2:   emial from public.customers
                ^
      HINT:  Perhaps you meant to reference the column "customers.email".
    "#);
    // No superuser, and not the owner of what the service has made.
    assert_eq!(
        rows(
            &world,
            "select usesuper from pg_user where usename = current_user"
        ),
        json!([{"usesuper": false}])
    );
    for refused in [
        "alter table storage.objects disable row level security",
        "drop table storage.objects",
        "create index on storage.objects (name)",
        "delete from storage.objects",
    ] {
        assert!(sql(&world, refused).stderr().contains("42501"), "{refused}");
    }
}

#[test]
fn the_rows_of_storage_are_the_buckets_of_the_sandbox() {
    let world = World::sandbox();
    let _ = world
        .run("storage buckets create photos --file-size-limit 5MB --allowed-mime-type image/*");
    assert_eq!(
        rows(
            &world,
            "select public, file_size_limit, allowed_mime_types as types from storage.buckets where id = 'photos'"
        ),
        json!([{"public": false, "file_size_limit": 5_000_000, "types": ["image/*"]}])
    );
    let _ = sql(
        &world,
        "update storage.buckets set public = true where id = 'photos'; insert into storage.buckets (id, name) values ('made', 'made')",
    );
    assert_eq!(
        world.run("storage buckets get photos -o json").json()["data"]["public"],
        true
    );
    assert_eq!(
        world.run("storage buckets get made -o json").json()["data"]["public"],
        false
    );
    let _ = world.run("storage buckets empty exports --yes");
    let _ = world.run("storage buckets delete exports --yes");
    assert_eq!(
        rows(
            &world,
            "select id from storage.buckets where id = 'exports'"
        ),
        json!([])
    );
}

#[test]
fn each_world_and_each_project_has_a_database_of_its_own() {
    let (one, other) = (World::sandbox(), World::sandbox());
    let _ = sql(&one, "create table mine (x int)");
    assert_eq!(sql(&other, "select * from mine").status(), Some(1));
    let elsewhere = one.command("api POST /v1/projects/acmeanalyticsabcdefg/database/query -f");
    assert_eq!(
        elsewhere.arg("query=select * from mine").run().status(),
        Some(1)
    );
    let paused = one.command("api POST /v1/projects/acmeshopstagingabcde/database/query -f");
    assert!(
        paused
            .arg("query=select 1")
            .run()
            .stderr()
            .contains("Connection terminated")
    );
    // What was there before a reset is not there after it.
    let _ = one.run("sandbox reset --yes");
    assert_eq!(sql(&one, "select * from mine").status(), Some(1));
}

/// A `sandbox serve` of a world, and how it is reached.
struct Serve {
    program: Child,
    address: String,
    token: String,
}

impl Serve {
    fn start(world: &World) -> Self {
        let mut program = world
            .command("sandbox serve")
            .prepared()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // They come once it listens.
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let mut next = |name: &str| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(name).unwrap().trim().to_owned()
        };
        let (address, _, token) = (next("api_url"), next("project_url"), next("access_token"));
        Self {
            program,
            address,
            token,
        }
    }

    /// Asks it for SQL from outside.
    fn sql(&self, world: &World, query: &str) -> Screen {
        let command = world
            .command("api POST /v1/projects/acmeshopproductionab/database/query -f")
            .without("SUPACTL_PROFILE")
            .env("SUPACTL_API_URL", &self.address)
            .env("SUPABASE_ACCESS_TOKEN", &self.token);
        command.arg(format!("query={query}")).run()
    }

    fn ends_with(mut self, signal: &str) {
        let pid = self.program.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(sent.success());
        self.program.wait().unwrap();
    }
}

/// The process of the world's own PostgreSQL, while one runs.
fn server(world: &World) -> Option<String> {
    let file = "state/sandbox/postgres/server/data/postmaster.pid";
    let text = std::fs::read_to_string(world.path().join(file)).ok()?;
    text.lines().next().map(str::to_owned)
}

#[test]
fn a_server_is_started_for_a_command_and_stopped_after_it() {
    let world = World::own_sandbox();
    assert_eq!(sql(&world, "create table kept (x int)").stdout(), "[]");
    assert_eq!(server(&world), None);
    // At once: they wait for each other.
    std::thread::scope(|scope| {
        for number in 0..3 {
            let world = &world;
            scope.spawn(move || {
                let done = sql(world, &format!("insert into kept values ({number})"));
                assert_eq!(done.status(), Some(0), "{done}");
            });
        }
    });
    assert_eq!(
        rows(&world, "select count(*) as rows from kept"),
        json!([{"rows": 3}])
    );
    assert_eq!(server(&world), None);
    let _ = world.run("sandbox reset --yes");
    assert_eq!(sql(&world, "select * from kept").status(), Some(1));
}

#[test]
fn a_server_that_serves_is_used_and_one_left_over_is_stopped() {
    let world = World::own_sandbox();
    let serve = Serve::start(&world);
    assert_eq!(
        serve.sql(&world, "create table kept (x int)").stdout(),
        "[]"
    );
    let running = server(&world);
    assert!(running.is_some(), "it keeps its server");
    assert_eq!(sql(&world, "insert into kept values (1)").stdout(), "[]");
    assert_eq!(server(&world), running, "a command used it and let it be");
    let _ = world.run("sandbox reset --yes");
    assert_eq!(sql(&world, "select * from kept").status(), Some(1));
    assert_eq!(sql(&world, "create table kept (x int)").stdout(), "[]");
    serve.ends_with("-INT");
    assert_eq!(server(&world), None, "it stops it at its end");

    let serve = Serve::start(&world);
    assert_eq!(
        serve.sql(&world, "insert into kept values (1)").stdout(),
        "[]"
    );
    let running = server(&world);
    serve.ends_with("-KILL");
    assert_eq!(server(&world), running, "nobody was there to stop it");
    assert_eq!(
        rows(&world, "select count(*) as rows from kept"),
        json!([{"rows": 1}])
    );
    assert_eq!(server(&world), None, "the next one did");
}
