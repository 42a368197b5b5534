//! On a real PostgreSQL: what is in the database afterwards is what counts.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Screen, World, postgres};

/// Waits until a row says that the way is free, as long as that takes.
const GATE: &str = "do $$ begin while not exists (select from public.gate) loop perform pg_sleep(0.01); end loop; end $$;\n\
    create table public.made (x int);\ninsert into public.made values (1);\n";

fn file(world: &World, name: &str, text: &str) {
    let _ = world.file(&format!("here/supabase/migrations/{name}"), text);
}

/// Runs SQL with nothing of the program's own SQL around it.
fn sql(world: &World, project: &str, query: &str) -> Value {
    let line = format!("api POST /v1/projects/{project}/database/query -f");
    let screen = world.command(&line).arg(format!("query={query}")).run();
    assert_eq!(screen.status(), Some(0), "{query}: {screen}");
    screen.json()
}

fn rows(world: &World, query: &str) -> Value {
    sql(world, "{ref}", query)
}

/// The history as the official CLI reads it.
fn history(world: &World, project: &str) -> Value {
    sql(
        world,
        project,
        "select version, coalesce(name, '') as name, to_json(statements) as statements \
         from supabase_migrations.schema_migrations order by version",
    )
}

fn statuses(world: &World) -> Vec<String> {
    let listed = world.run("migrations list -o json").json();
    let rows = listed["data"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            format!(
                "{} {}",
                row["version"].as_str().unwrap(),
                row["status"].as_str().unwrap()
            )
        })
        .collect()
}

/// A screen without the ids that the sandbox gives to requests.
fn told(screen: &Screen) -> String {
    let ids = regex::Regex::new(r" \(request [0-9a-f-]{36}\)").unwrap();
    ids.replace_all(&screen.to_string(), "").into_owned()
}

#[test]
fn a_failure_in_the_middle_leaves_what_came_before_it_and_nothing_of_its_own() {
    let world = World::sandbox();
    file(&world, "1_first.sql", "create table public.one (x int);");
    file(
        &world,
        "2_second.sql",
        "create table public.two (x int);\n\ninsert into public.two values ('no number');\n",
    );
    file(&world, "3_third.sql", "create table public.three (x int);");
    insta::assert_snapshot!(told(&world.run("migrations apply --pending --yes")), @r#"
    1	first	applied	supabase/migrations/1_first.sql	
    2	second	failed	supabase/migrations/2_second.sql	`2_second.sql`: invalid input syntax for type integer: "no number" (22P02)\nLINE 3: insert into public.two values ('no number');\n                                       ^
    3	third	not_tried	supabase/migrations/3_third.sql	
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Applied `1_first.sql`
    error[partial_failure]: 1 of 3 migrations were applied, then one failed: `2_second.sql`: invalid input syntax for type integer: "no number" (22P02)
      LINE 3: insert into public.two values ('no number');
                                             ^
    hint: nothing of this file was applied
    [exit status: 10]
    "#);
    assert_eq!(statuses(&world), ["1 applied", "2 pending", "3 pending"]);
    assert_eq!(
        rows(
            &world,
            "select to_regclass('public.two') as two, to_regclass('public.three') as three"
        ),
        json!([{"two": null, "three": null}])
    );
    // Mended, it goes on from there.
    file(&world, "2_second.sql", "create table public.two (x int);");
    let screen = world.run("migrations apply --pending --yes -o json");
    assert_eq!(screen.status(), Some(0), "{screen}");
    assert_eq!(statuses(&world), ["1 applied", "2 applied", "3 applied"]);
    // Not even the table of the history is left behind by a first failure.
    file(&world, "4_fourth.sql", "select 1/0");
    let elsewhere = world
        .run("migrations apply -p acmeanalyticsabcdefg supabase/migrations/4_fourth.sql --yes");
    insta::assert_snapshot!(told(&elsewhere), @"
    ------- stderr -------
    Project acmeanalyticsabcdefg, from `--project`
    error[query_failed]: `4_fourth.sql`: division by zero (22012)
    hint: nothing of this file was applied
    [exit status: 1]
    ");
    assert_eq!(
        sql(
            &world,
            "acmeanalyticsabcdefg",
            "select to_regnamespace('supabase_migrations') as history"
        ),
        json!([{"history": null}])
    );
}

#[test]
fn the_history_is_the_one_that_the_official_cli_keeps() {
    let text = "-- it's a \"test\"\ncreate table public.\"Ta ble\" (\"ü\" text default 'a;''b\\c');\n\n\
        create function public.f() returns text language sql as $$ select 'x;' $$ ;;\n\
        create function public.g() returns int language sql begin atomic select 1; select 2; end;\n-- the end\n";
    let world = World::sandbox();
    file(&world, "20260101000000_it's \"ünï\" $$.sql", text);
    let screen = world.run("migrations apply --pending --yes");
    assert_eq!(screen.status(), Some(0), "{screen}");

    // What the official CLI does with the same file, statement by statement (3.1.0).
    let theirs = "acmeanalyticsabcdefg";
    for statement in [
        "CREATE SCHEMA IF NOT EXISTS supabase_migrations",
        "CREATE TABLE IF NOT EXISTS supabase_migrations.schema_migrations (version text NOT NULL PRIMARY KEY)",
        "ALTER TABLE supabase_migrations.schema_migrations ADD COLUMN IF NOT EXISTS statements text[]",
        "ALTER TABLE supabase_migrations.schema_migrations ADD COLUMN IF NOT EXISTS name text",
        text,
        "INSERT INTO supabase_migrations.schema_migrations(version, name, statements) VALUES('20260101000000', $n$it's \"ünï\" $$$n$, \
         ARRAY[$q$-- it's a \"test\"\ncreate table public.\"Ta ble\" (\"ü\" text default 'a;''b\\c')$q$, \
         $q$create function public.f() returns text language sql as $$ select 'x;' $$$q$, \
         $q$create function public.g() returns int language sql begin atomic select 1; select 2; end$q$, \
         $q$-- the end$q$])",
    ] {
        let _ = sql(&world, theirs, statement);
    }
    assert_eq!(history(&world, "{ref}"), history(&world, theirs));
    let columns = "select attname::text as name, format_type(atttypid, null) as type, attnotnull as needed, attnum as place \
         from pg_attribute where attrelid = 'supabase_migrations.schema_migrations'::regclass and attnum > 0 order by 1";
    assert_eq!(rows(&world, columns), sql(&world, theirs, columns));
    // Both are read as applied, and neither is applied again.
    for project in ["acmeshopproductionab", theirs] {
        let listed = world.run(&format!(
            "migrations list -p {project} --fields name,status"
        ));
        assert_eq!(listed.stdout(), "it's \"ünï\" $$\tapplied\n", "{listed}");
        let again = world.run(&format!(
            "migrations apply -p {project} --pending --yes -o json"
        ));
        assert_eq!(again.json()["data"], json!([]), "{again}");
    }
}

#[test]
fn a_table_of_an_old_cli_grows_the_columns_that_it_lacks() {
    let world = World::sandbox();
    file(&world, "1_first.sql", "select 1;");
    file(&world, "2_second.sql", "select 2;");
    let _ = rows(
        &world,
        "create schema supabase_migrations; create table supabase_migrations.schema_migrations (version text not null primary key); \
         insert into supabase_migrations.schema_migrations values ('1')",
    );
    assert_eq!(statuses(&world), ["1 applied", "2 pending"]);
    let screen = world.run("migrations apply --pending --yes");
    assert_eq!(screen.status(), Some(0), "{screen}");
    assert_eq!(
        history(&world, "{ref}"),
        json!([{"version": "1", "name": "", "statements": null}, {"version": "2", "name": "second", "statements": ["select 2"]}])
    );
    file(&world, "2_second.sql", "select 3;");
    assert_eq!(statuses(&world), ["1 applied", "2 changed"]);
}

#[test]
fn of_two_applies_at_once_one_wins_and_the_other_says_so() {
    let world = World::sandbox();
    file(&world, "1_first.sql", "create table public.one (x int);");
    // Each has looked at the history and asks, and then both go ahead.
    let ask = || {
        let person = world.command("migrations apply --pending").at_terminal(100);
        person.reads("[y/N]")
    };
    let (one, other) = (ask(), ask());
    let one = one.types("y").sees_the_end();
    assert_eq!(one.status(), Some(0), "{one}");
    insta::assert_snapshot!(told(&other.types("y").sees_the_end()), @"
    Project acmeshopproductionab, from the sandbox's default
    Apply migration `1_first.sql` to project acmeshopproductionab? [y/N] 
    Apply migration `1_first.sql` to project acmeshopproductionab? yes
    error[conflict]: `1_first.sql`: another run applied it in the meantime
    hint: `supactl migrations list` shows what is applied now
    [exit status: 6]
    ");
    assert_eq!(statuses(&world), ["1 applied"]);
    // The same for a file that is sent in pieces, where the record at the end tells.
    file(
        &world,
        "2_index.sql",
        "create index concurrently if not exists i on public.one (x);",
    );
    let ask = || {
        let person = world
            .command("migrations apply --pending --no-transaction")
            .at_terminal(100);
        person.reads("[y/N]")
    };
    let (one, other) = (ask(), ask());
    let one = one.types("y").sees_the_end();
    assert_eq!(one.status(), Some(0), "{one}");
    insta::assert_snapshot!(told(&other.types("y").sees_the_end()), @"
    Project acmeshopproductionab, from the sandbox's default
    Apply migration `2_index.sql` to project acmeshopproductionab? [y/N] 
    Apply migration `2_index.sql` to project acmeshopproductionab? yes
    error[conflict]: `2_index.sql`: another run applied it in the meantime
    hint: `supactl migrations list` shows what is applied now
    [exit status: 6]
    ");
}

/// psql in the database of the world's project, past everything of the sandbox.
fn psql(world: &World) -> Command {
    let name = rows(world, "select current_database() as name");
    let database = name[0]["name"].as_str().unwrap().to_owned();
    let mut command = Command::new("psql");
    let options = ["-X", "-q", "-A", "-t", "-p", "5432", "-U", "postgres", "-d"];
    command
        .arg("-h")
        .arg(postgres())
        .args(options)
        .arg(database);
    command
}

#[test]
fn one_waits_for_the_other() {
    let world = World::sandbox();
    file(&world, "1_first.sql", "create table public.one (x int);");
    let first = world.run("migrations apply --pending --yes");
    assert_eq!(first.status(), Some(0), "{first}");
    file(&world, "2_second.sql", "create table public.two (x int);");
    // Another run is under way: it has the lock, and has not committed.
    let mut other = psql(&world)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut tell = other.stdin.take().unwrap();
    tell.write_all(
        b"begin; do $$ begin perform pg_advisory_xact_lock(22070110170055); end $$;\n\
          create table public.two (x int); insert into supabase_migrations.schema_migrations values ('2');\n\
          \\echo begun\n",
    )
    .unwrap();
    let mut told = BufReader::new(other.stdout.take().unwrap()).lines();
    assert_eq!(told.next().unwrap().unwrap(), "begun");
    let mut look = psql(&world);
    look.arg("-c").arg(
        "select count(*) from pg_locks where locktype = 'advisory' and classid > 0 and not granted \
         and database = (select oid from pg_database where datname = current_database())",
    );
    let mut apply = world.command("migrations apply --pending --yes").prepared();
    let apply = apply
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The test is stopped from outside if that never comes.
    while look.output().unwrap().stdout != b"1\n" {}
    tell.write_all(b"commit;\n").unwrap();
    drop(tell);
    assert!(other.wait().unwrap().success());
    let ended = apply.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(
        said.contains("error[conflict]: `2_second.sql`: another run applied it in the meantime"),
        "{said}"
    );
    assert_eq!(ended.status.code(), Some(6));
    assert_eq!(statuses(&world), ["1 applied", "2 applied"]);
}

#[test]
fn after_a_crash_between_files_the_next_run_goes_on() {
    let world = World::sandbox();
    file(
        &world,
        "1_first.sql",
        "create table public.gate (open int);",
    );
    file(&world, "2_second.sql", GATE);
    let mut crashing = world
        .command("migrations apply --pending --yes")
        .prepared()
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(crashing.stderr.take().unwrap()).lines();
    let first = told
        .map_while(Result::ok)
        .find(|line| line.contains("Applied"));
    assert_eq!(first.as_deref(), Some("Applied `1_first.sql`"));
    let pid = crashing.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-KILL", &pid])
            .status()
            .unwrap()
            .success()
    );
    crashing.wait().unwrap();
    // Whether the database was already at the second file or not: it happens once, and is recorded once.
    let _ = rows(&world, "insert into public.gate values (1)");
    let next = world.run("migrations apply --pending --yes");
    assert!(matches!(next.code(), None | Some("conflict")), "{next}");
    assert_eq!(statuses(&world), ["1 applied", "2 applied"]);
    assert_eq!(
        rows(&world, "select count(*) as rows from public.made"),
        json!([{"rows": 1}])
    );
}

#[test]
fn what_cannot_run_in_a_transaction_runs_without() {
    let world = World::sandbox();
    file(
        &world,
        "1_users.sql",
        "create type public.mood as enum ('sad');\ncreate table public.users (id int, mood public.mood);",
    );
    file(
        &world,
        "2_index.sql",
        "-- one that waits for nobody\ncreate index concurrently users_id on public.users (id);\n\
         alter type public.mood add value 'glad';\ninsert into public.users values (1, 'glad');\nvacuum public.users;\n",
    );
    file(
        &world,
        "3_own.sql",
        "begin;\ninsert into public.users values (2, 'sad');\ncommit;",
    );
    let refused = world.run("migrations apply --pending --yes");
    assert_eq!(refused.status(), Some(2), "{refused}");
    assert_eq!(statuses(&world), ["1 pending", "2 pending", "3 pending"]);
    let screen = world.run("migrations apply --pending --no-transaction --yes");
    assert_eq!(screen.status(), Some(0), "{screen}");
    assert_eq!(statuses(&world), ["1 applied", "2 applied", "3 applied"]);
    assert_eq!(
        rows(
            &world,
            "select count(*) as rows, count(*) filter (where mood = 'glad') as glad from public.users"
        ),
        json!([{"rows": 2, "glad": 1}])
    );

    file(
        &world,
        "4_call.sql",
        "create procedure public.p() language plpgsql as $$ begin commit; end $$;\ncall public.p();",
    );
    file(
        &world,
        "5_value.sql",
        "alter type public.mood add value 'new';\ninsert into public.users values (3, 'new');",
    );
    file(
        &world,
        "6_half.sql",
        "create table public.half (x int);\ncreate index concurrently on public.half (y);\n",
    );
    insta::assert_snapshot!(told(&world.run("migrations apply supabase/migrations/4_call.sql --yes")), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[query_failed]: `4_call.sql`: invalid transaction termination (2D000)
    hint: a statement of it cannot run in a transaction: `--no-transaction` sends them without one
    [exit status: 1]
    ");
    insta::assert_snapshot!(told(&world.run("migrations apply supabase/migrations/5_value.sql --yes")), @r#"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[query_failed]: `5_value.sql`: unsafe use of new value "new" of enum type mood (55P04)
      LINE 2: insert into public.users values (3, 'new');
                                                  ^
    hint: a new value of an enum can only be used once it is committed: use it in a migration of its own
    [exit status: 1]
    "#);
    insta::assert_snapshot!(told(&world.run("migrations apply supabase/migrations/6_half.sql --no-transaction --yes")), @r#"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[query_failed]: `6_half.sql`: column "y" does not exist (42703)
    hint: it is not recorded; piece 2 of 2, from line 2, failed, and what stands before that line took effect: take it out of the file, or undo it, before trying again
    [exit status: 1]
    "#);
    assert_eq!(
        rows(&world, "select to_regclass('public.half')::text as half"),
        json!([{"half": "half"}])
    );
}

#[test]
fn a_statement_that_takes_too_long_is_stopped() {
    let world = World::sandbox();
    file(
        &world,
        "1_slow.sql",
        "create table public.slow (x int);\nselect pg_sleep(600);",
    );
    insta::assert_snapshot!(told(&world.run("migrations apply --pending --yes --statement-timeout 50ms")), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[query_failed]: `1_slow.sql`: canceling statement due to statement timeout (57014)
    hint: it took too long: `--statement-timeout` allows more time
    [exit status: 1]
    ");
    assert_eq!(statuses(&world), ["1 pending"]);
}
