use std::process::Command;

use serde_json::{Value, json};

use crate::support::{FakeSupabase, Screen, World, postgres};

const QUERY: &str = "/v1/projects/abcdefghijklmnopqrst/database/query";
const READ_ONLY: &str = "/v1/projects/abcdefghijklmnopqrst/database/query/read-only";

/// Two projects of the sandbox, each with its own database.
const HERE: &str = "acmeshopproductionab";
const THERE: &str = "acmeanalyticsabcdefg";

/// Everything that can stand in a schema, with names that need quotes.
const RICH: &str = include_str!("answers/rich.sql");

/// Applies SQL to a project as a migration of this version.
fn apply(world: &World, project: &str, version: u32, text: &str) {
    let name = format!("here/{version}_made.sql");
    let _ = world.file(&name, text);
    let screen = world.run(&format!(
        "migrations apply {version}_made.sql -p {project} --yes"
    ));
    assert_eq!(screen.status(), Some(0), "{screen}");
}

/// The tables without what differs between two databases of one shape.
fn shape(world: &World, line: &str) -> Value {
    let screen = world.run(&format!("{line} -o json"));
    let mut tables = screen.json()["data"].clone();
    for table in tables.as_array_mut().unwrap() {
        for key in ["rows_estimate", "size_bytes"] {
            assert!(
                table.as_object_mut().unwrap().remove(key).is_some(),
                "{table}"
            );
        }
        for index in table["indexes"].as_array_mut().unwrap() {
            index.as_object_mut().unwrap().remove("size_bytes");
        }
    }
    tables
}

/// A screen without the ids that the sandbox gives to requests.
fn told(screen: &Screen) -> String {
    let ids = regex::Regex::new(r" \(request [0-9a-f-]{36}\)").unwrap();
    ids.replace_all(&screen.to_string(), "").into_owned()
}

#[test]
fn sql_recreates_what_it_was_made_of() {
    let world = World::sandbox();
    apply(&world, HERE, 1, RICH);
    let schemas = "--schema app --schema odd\"Schema";
    let made = world.run(&format!("db schema {schemas} --sql -p {HERE}"));
    assert_eq!(made.status(), Some(0), "{made}");
    apply(&world, THERE, 2, made.stdout());
    let again = world.run(&format!("db schema {schemas} --sql -p {THERE}"));
    pretty(again.stdout(), made.stdout());
    let tables = shape(&world, &format!("db schema {schemas} -p {HERE}"));
    assert_eq!(tables.as_array().unwrap().len(), 14, "{tables}");
    assert_eq!(
        shape(&world, &format!("db schema {schemas} -p {THERE}")),
        tables
    );
    // Nor does PostgreSQL's own tool see a difference.
    pretty(&dump(&world, THERE), &dump(&world, HERE));
    // All of it: nothing that the fixture makes is missing in the text.
    for part in [
        "create type app.mood as enum ('sad', 'it''s ok', 'häppy')",
        "create domain app.email",
        "create type app.addr as (",
        "create type app.floatrange as range",
        "create sequence app.plain",
        "generated always as identity (start with 100)",
        "generated always as (upper(",
        "partition by RANGE",
        "attach partition",
        "inherits (app.parent)",
        "EXCLUDE USING gist",
        "ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
        "NOT VALID",
        "as restrictive for insert",
        "disable trigger",
        "materialized view",
        "security_invoker",
        "CREATE RULE",
        "CREATE STATISTICS",
        "comment on column app.users.email is 'mail'",
        "replica identity full",
        "grant select (id, name) on table app.users to anon",
    ] {
        assert!(
            made.stdout().contains(part),
            "{part} is missing in:\n{}",
            made.stdout()
        );
    }
}

/// The schemas as pg_dump writes them.
fn dump(world: &World, project: &str) -> String {
    let command = world.command(&format!(
        "api POST /v1/projects/{project}/database/query -f"
    ));
    let name = command
        .arg("query=select current_database() as name")
        .run()
        .json();
    let database = name[0]["name"].as_str().unwrap();
    let output = Command::new("pg_dump")
        .arg("-h")
        .arg(postgres())
        .args([
            "-p",
            "5432",
            "-U",
            "supabase_admin",
            "-s",
            "-n",
            "app",
            "-n",
            "\"odd\"\"Schema\"",
            database,
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("CREATE TABLE app.users"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Comments, and a word that is new each time.
    let lines = text
        .lines()
        .filter(|line| !line.starts_with("--") && !line.starts_with('\\'));
    lines
        .map(|line| format!("{line}\n"))
        .collect::<Vec<_>>()
        .concat()
}

/// Compares line by line, so that a failure is short.
fn pretty(one: &str, other: &str) {
    for (one, other) in one.lines().zip(other.lines()) {
        assert_eq!(one, other);
    }
    assert_eq!(one.len(), other.len());
}

#[test]
fn a_table_is_shown_by_its_columns() {
    let world = World::sandbox();
    apply(&world, HERE, 1, RICH);
    insta::assert_snapshot!(told(&world.run("db schema --schema app --table users")), @"
    id	bigint	false		always		
    old_id	integer	false	nextval('app.users_old_id_seq'::regclass)			
    email	app.email	false				mail
    mood	app.mood	true	'sad'::app.mood			
    a	app.addr	true				
    tags	text[]	false	'{}'::text[]			
    title	text	true	app.default_title()			
    price	numeric(10,2)	true				
    full_title	text	true			upper(COALESCE(title, ''::text))	
    fine	text	true				
    created_at	timestamp(3) with time zone	false	now()			
    n	integer	true	nextval('app.plain'::regclass)			
    name	text	true				
    ------- stderr -------
    Row-level security: on, 3 indexes, 0 foreign keys, 2 policies; `-o yaml` shows them, `--sql` as SQL
    ");
    insta::assert_snapshot!(told(&world.run("db schema --schema app --table child --sql")), @"
    set check_function_bodies = off;
    
    create table app.child (
      c integer default 3,
      constraint child_c_check CHECK ((c > 0))
    )
    inherits (app.parent);
    revoke all on table app.child from public, anon, authenticated, service_role;
    
    alter table only app.child alter column b set default 'x'::text;
    ");
    insta::assert_snapshot!(told(&world.run("db schema --schema app --fields name,kind,columns,rls_enabled,policies")), @"
    child	table	3	off	0
    empty	table	0	off	0
    events	partitioned table	3	off	0
    events_2025	table	3	off	0
    events_rest	partitioned table	3	off	0
    events_rest_a	table	3	off	0
    mv	materialized view	2	off	0
    not_valid	table	1	off	0
    parent	table	2	off	0
    u	table	2	off	0
    users	table	13	on	2
    v0	view	3	off	0
    v1	view	3	off	0
    ");
    insta::assert_snapshot!(told(&world.run("db schema --table nowhere")), @"
    ------- stderr -------
    error[not_found]: no table or view `nowhere` in schema public
    hint: `supactl db schema` shows what there is; `--schema` looks in another schema
    [exit status: 5]
    ");
    insta::assert_snapshot!(told(&world.run("db schema --table nowhere --sql")), @"
    ------- stderr -------
    error[not_found]: no table or view `nowhere` in schema public
    hint: `supactl db schema` shows what there is; `--schema` looks in another schema
    [exit status: 5]
    ");
    insta::assert_snapshot!(told(&world.run("db schema --schema nowhere")), @"
    ------- stderr -------
    Nothing in schema nowhere
    ");
    insta::assert_snapshot!(told(&world.run("db schema --sql -o json")), @r#"
    {"data":null,"success":false,"error":{"code":"usage","message":"`db schema` prints bytes as they are: `--format` does not go with it","hint":"`supactl help formats` tells what has a format","status":null,"request_id":null,"details":null},"metadata":{"command":"db schema","project":null,"timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    error[usage]: `db schema` prints bytes as they are: `--format` does not go with it
    hint: `supactl help formats` tells what has a format
    [exit status: 2]
    "#);
}

#[test]
fn five_hundred_tables_are_all_there() {
    let world = World::sandbox();
    let tables = "create schema many;\ndo $$ begin for i in 1..500 loop \
         execute format('create table many.%I (id bigint generated always as identity primary key, a text not null default %L, b int check (b > 0), c timestamptz default now())', 't ' || i, 'it''s'); \
         execute format('alter table many.%I enable row level security', 't ' || i); \
         execute format('create policy p on many.%I for select to authenticated using (b > %s)', 't ' || i, i); \
         end loop; end $$;";
    apply(&world, HERE, 1, tables);
    let screen = world.run("db schema --schema many -o json");
    let listed = screen.json();
    assert_eq!(listed["metadata"]["count"], 500);
    assert_eq!(listed["data"][0]["name"], "t 1");
    assert_eq!(listed["data"][0]["policies"][0]["using"], "(b > 1)");
    let made = world.run("db schema --schema many --sql");
    assert_eq!(made.stdout().matches("create table many.").count(), 500);
    assert_eq!(made.stdout().matches("create policy p on").count(), 500);
}

#[test]
fn extensions_are_switched_on_and_off() {
    let world = World::sandbox();
    let enabled = world.run("db extensions enable citext --yes --fields name,schema");
    insta::assert_snapshot!(enabled, @"
    name	citext
    schema	extensions
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Switched on extension `citext`
    ");
    insta::assert_snapshot!(told(&world.run("db extensions enable citext --yes --fields name,schema")), @"
    name	citext
    schema	extensions
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Extension `citext` is on already
    ");
    insta::assert_snapshot!(told(&world.run("db extensions enable citext --schema public --yes")), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[conflict]: extension `citext` is on already, in schema `extensions`
    hint: an extension moves by being switched off and on, which deletes what it holds
    [exit status: 6]
    ");
    let on = |line: &str| {
        let listed = world.run(&format!("db extensions {line} -o json")).json();
        let names = listed["data"].as_array().unwrap().iter();
        names
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(on("--installed").contains(&"citext".to_owned()));
    assert!(!on("list --available").contains(&"citext".to_owned()));
    assert!(on("").len() > on("list --installed").len());
    apply(
        &world,
        HERE,
        1,
        "create table public.uses (a extensions.citext);",
    );
    insta::assert_snapshot!(told(&world.run("db extensions disable citext --yes")), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[query_failed]: cannot drop extension citext because other objects depend on it (2BP01)
      column a of table uses depends on type citext
    hint: `--cascade` deletes what depends on it too
    [exit status: 1]
    ");
    let gone = world.run("db extensions disable citext --cascade --yes -o json");
    assert_eq!(gone.json()["data"]["deleted"], true, "{gone}");
    insta::assert_snapshot!(told(&world.run("db extensions disable citext --yes")), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[not_found]: extension `citext` is not switched on
    [exit status: 5]
    ");
    insta::assert_snapshot!(told(&world.run("db extensions enable nothing --yes")), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[not_found]: there is no extension `nothing`
    hint: `supactl db extensions` shows what there is; newer ones come with an upgrade of the database
    [exit status: 5]
    ");
    insta::assert_snapshot!(told(&world.run("db extensions enable earthdistance --yes")), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[conflict]: extension `earthdistance` requires `cube`, which is off
    hint: `--cascade` switches that on too
    [exit status: 6]
    ");
}

/// What the database tells of one extension.
fn extension(name: &str, installed: bool, own_schema: Option<&str>, requires: &[&str]) -> Value {
    let version = installed.then_some("1.6");
    json!({"name": name, "installed": installed, "installed_version": version, "default_version": "1.6",
           "schema": installed.then_some("pg_catalog"), "own_schema": own_schema, "requires": requires, "comment": "x"})
}

#[test]
fn nothing_is_sent_for_an_extension_that_is_on() {
    // A hook of the service would run after it, and take rights back that others depend on.
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ_ONLY).answers(
        201,
        json!([extension("pg_cron", true, Some("pg_catalog"), &[])]),
    );
    supabase.on("POST", QUERY).never();
    insta::assert_snapshot!(supabase.run("db extensions enable pg_cron --yes"), @"
    name	pg_cron
    installed_version	1.6
    default_version	1.6
    schema	pg_catalog
    comment	x
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Extension `pg_cron` is on already
    ");
}

#[test]
fn extensions_go_where_they_belong() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ_ONLY).answers(
        201,
        json!([
            extension("pg_cron", false, None, &[]),
            extension("supabase_vault", false, None, &["pgsodium"]),
            extension("pgmq", false, Some("pgmq"), &[]),
            extension("odd\"one", false, None, &[]),
        ]),
    );
    supabase.on("POST", QUERY).never();
    let sql = |line: &str| {
        let screen = supabase.run(&format!("db extensions enable {line} --dry-run -o json"));
        let data = screen.json()["data"]["sql"].clone();
        assert_eq!(data.as_array().unwrap().len(), 1, "{screen}");
        data[0].as_str().unwrap().to_owned()
    };
    insta::assert_snapshot!(sql("pg_cron"), @r#"
    create extension "pg_cron" with schema "pg_catalog";
    grant usage on schema cron to postgres;
    grant all privileges on all tables in schema cron to postgres
    "#);
    insta::assert_snapshot!(sql("supabase_vault --cascade"), @r#"
    create extension "supabase_vault" with schema "vault" cascade
    "#);
    insta::assert_snapshot!(sql("pgmq"), @r#"
    create extension "pgmq"
    "#);
    insta::assert_snapshot!(sql("odd\"one --schema Sch"), @r#"
    create extension "odd""one" with schema "Sch"
    "#);
    insta::assert_snapshot!(supabase.run("db extensions enable pgmq --schema other --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: extension `pgmq` only works in schema `pgmq`
    hint: leave `--schema` out
    [exit status: 6]
    ");
    insta::assert_snapshot!(supabase.run("db extensions enable supabase_vault --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: extension `supabase_vault` requires `pgsodium`, which is off
    hint: `--cascade` switches that on too
    [exit status: 6]
    ");
}

#[test]
fn the_gravest_losses_are_typed() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ_ONLY).answers(
        201,
        json!([extension("pg_cron", true, Some("pg_catalog"), &[])]),
    );
    supabase.on("POST", QUERY).never();
    let person = supabase
        .command("db extensions disable pg_cron")
        .at_terminal(100);
    let screen = person
        .reads("Type pg_cron to go ahead")
        .types("yes\r")
        .sees_the_end();
    assert_eq!(screen.status(), Some(3), "{screen}");
    assert_eq!(supabase.conversation(), "");
    insta::assert_snapshot!(supabase.run("db extensions disable pg_trgm"), @"
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Switch off extension `pg_trgm` in project abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    insta::assert_snapshot!(supabase.run("db extensions enable pg_trgm"), @"
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Switch on extension `pg_trgm` in project abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn a_refusal_that_has_another_reason_is_final() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", READ_ONLY)
        .answers(
            400,
            json!({"message": "Failed to run sql query: ERROR:  42501: permission denied\n"}),
        )
        .once();
    let screen = supabase.run("db schema");
    assert_eq!(screen.code(), Some("query_failed"), "{screen}");
}

#[test]
fn where_one_statement_is_taken_at_a_time_the_query_goes_alone() {
    let supabase = FakeSupabase::start();
    let said = "Failed to run sql query: ERROR:  42601: cannot insert multiple commands into a prepared statement\n";
    supabase
        .on("POST", READ_ONLY)
        .answers(400, json!({"message": said}))
        .once();
    supabase
        .on("POST", READ_ONLY)
        .answers(201, json!([{"schema": "public", "name": "t"}]))
        .once();
    let screen = supabase.run("db schema --fields name");
    assert_eq!(screen.stdout(), "t\n", "{screen}");
    let requests = supabase.requests();
    let query = |at: usize| {
        let body: Value = serde_json::from_slice(&requests[at].body).unwrap();
        body["query"].as_str().unwrap().to_owned()
    };
    assert!(query(0).starts_with("set local search_path = '';"));
    assert!(query(0).ends_with(&query(1)));
}

#[test]
fn an_odd_row_is_shown_as_it_is() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ_ONLY).answers(
        201,
        json!([{"schema": "public", "name": "t", "kind": "table", "columns": null, "size_bytes": "12345", "new": 1}, {"name": 7}, null]),
    );
    insta::assert_snapshot!(supabase.run("db schema"), @"
    public	t	table			12.34 kB		
    	7
    ");
    let screen = supabase.run("db schema -o json");
    assert_eq!(screen.json()["data"][0]["size_bytes"], 12345);
}

#[test]
fn header_values_of_webhooks_are_in_no_schema() {
    let world = World::new();
    for line in ["--table orders -o json", "--sql", "-vv"] {
        let screen = world.run(&format!("db schema --profile sandbox {line}"));
        assert_eq!(screen.status(), Some(0), "{screen}");
        assert!(
            screen.stdout().contains("http_request(…)") || line == "-vv",
            "{screen}"
        );
        assert!(!screen.to_string().contains("acme-warehouse"), "{screen}");
    }
}
