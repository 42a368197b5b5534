use serde_json::json;

use crate::support::{FakeSupabase, PROJECT, World};

const QUERY: &str = "/v1/projects/abcdefghijklmnopqrst/database/query";

#[test]
fn a_query_can_only_read() {
    let supabase = FakeSupabase::start();
    let sent = json!({"query": "select 1 as one, null as nothing, '' as empty", "read_only": true});
    supabase
        .on("POST", QUERY)
        .with_body(sent)
        .answers(201, json!([{"one": 1, "nothing": null, "empty": ""}]))
        .once();
    let run = supabase
        .command("db query")
        .arg("select 1 as one, null as nothing, '' as empty");
    insta::assert_snapshot!(run.run(), @"
    1	NULL	
    ------- stderr -------
    1 row in [ms] ms
    ");
}

#[test]
fn columns_keep_their_order_in_every_format() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", QUERY)
        .answers(201, json!([{"z": 1, "a": "x\ty", "created_at": "2026-01-01 00:00:00+00"}, {"z": 2, "a": null, "created_at": null}]));
    let run = |format: &str| {
        supabase
            .command("db query -q -o")
            .arg(format)
            .arg("select")
            .run()
    };
    insta::assert_snapshot!(run("csv"), @"
    z,a,created_at
    1,x	y,2026-01-01 00:00:00+00
    2,,
    ");
    insta::assert_snapshot!(run("table"), @r"
    1	x\ty	2026-01-01 00:00:00+00
    2	NULL	NULL
    ");
    insta::assert_snapshot!(run("ndjson"), @r#"
    {"z":1,"a":"x\ty","created_at":"2026-01-01 00:00:00+00"}
    {"z":2,"a":null,"created_at":null}
    "#);
}

#[test]
fn a_write_says_which_project_and_keeps_nothing_of_it_that_was_known() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(200, json!({"ref": "abcdefghijklmnopqrst"}))
        .times(2);
    supabase
        .on("POST", QUERY)
        .with_body(json!({"query": "create table t (x int)"}))
        .answers(201, json!([]))
        .once();
    let _ = supabase.run("projects get");
    let run = supabase
        .command("db query --write")
        .arg("create table t (x int)");
    insta::assert_snapshot!(run.run(), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    No rows in [ms] ms
    ");
    let _ = supabase.run("projects get");
}

#[test]
fn a_dry_run_of_a_write_lists_its_sql_and_sends_nothing() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", QUERY).never();
    let run = supabase
        .command("db query --write --dry-run")
        .arg("drop table t");
    insta::assert_snapshot!(run.run(), @r#"
    {
      "requests": [
        {
          "method": "POST",
          "url": "http://127.0.0.1:[port]/v1/projects/abcdefghijklmnopqrst/database/query",
          "body": {
            "query": "drop table t"
          }
        }
      ],
      "sql": [
        "drop table t"
      ]
    }
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Dry run: nothing was changed
    "#);
}

#[test]
fn a_refusal_points_at_the_place_whatever_was_put_before_it() {
    let supabase = FakeSupabase::start();
    let said = "Failed to run sql query: ERROR:  42703: column \"emial\" does not exist\nLINE 3: emial from auth.users\n        ^\nHINT:  Perhaps you meant to reference the column \"users.email\".\n";
    supabase
        .on("POST", QUERY)
        .with_body(json!({"query": "set local statement_timeout = 300000;\nselect\nemial from auth.users", "read_only": true}))
        .answers(400, json!({"message": said}))
        .once();
    let run = supabase
        .command("db query --statement-timeout 5min")
        .arg("select\nemial from auth.users");
    insta::assert_snapshot!(run.run(), @r#"
    ------- stderr -------
    An answer is waited for 30 s only: `--request-timeout` allows more
    error[query_failed]: column "emial" does not exist (42703)
      LINE 2: emial from auth.users
              ^
    hint: Perhaps you meant to reference the column "users.email".
    [exit status: 1]
    "#);
}

#[test]
fn a_write_without_the_word_for_it_is_explained() {
    let supabase = FakeSupabase::start();
    let said = "Failed to run sql query: ERROR:  25006: cannot execute DELETE in a read-only transaction\n";
    supabase
        .on("POST", QUERY)
        .answers(400, json!({"message": said}))
        .once();
    let run = supabase
        .command("db query -o json")
        .arg("delete from t")
        .run();
    assert_eq!(run.json()["error"]["details"]["sqlstate"], "25006");
    insta::assert_snapshot!(run.stderr(), @"
    error[query_failed]: cannot execute DELETE in a read-only transaction (25006)
    hint: without `--write` it can only read; `--write` lets it change things
    ");
}

#[test]
fn a_write_is_not_sent_again_and_a_read_is() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", QUERY)
        .with_body(json!({"query": "select 1", "read_only": true}))
        .answers(503, json!({"message": "busy"}))
        .once();
    supabase
        .on("POST", QUERY)
        .with_body(json!({"query": "select 1", "read_only": true}))
        .answers(201, json!([{"a": 1}]))
        .once();
    assert_eq!(
        supabase.command("db query").arg("select 1").run().status(),
        Some(0)
    );
    supabase
        .on("POST", QUERY)
        .with_body(json!({"query": "insert"}))
        .answers(503, json!({"message": "busy"}))
        .once();
    let run = supabase.command("db query --write insert").run();
    insta::assert_snapshot!(run, @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[api_error]: busy
    hint: it may have happened all the same: look before trying again
    [exit status: 1]
    ");
}

#[test]
fn a_paused_project_is_named_as_the_cause() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", QUERY)
        .answers(400, json!({"message": "Failed to run sql query: Connection terminated due to connection timeout"}));
    supabase
        .on("GET", PROJECT)
        .answers(
            200,
            json!({"ref": "abcdefghijklmnopqrst", "status": "INACTIVE"}),
        )
        .once();
    insta::assert_snapshot!(supabase.command("db query").arg("select 1").run(), @"
    ------- stderr -------
    error[project_paused]: project abcdefghijklmnopqrst is paused, and so is its database
    hint: `supactl projects restore <REF>` wakes it up
    [exit status: 6]
    ");
}

#[test]
fn what_cannot_be_run_is_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", QUERY).never();
    assert_eq!(
        supabase
            .command("db query -")
            .input("-- nothing")
            .run()
            .code(),
        Some("invalid_input")
    );
    assert_eq!(supabase.run("db query").code(), Some("usage"));
    assert_eq!(
        supabase.run("db query --file nope.sql").code(),
        Some("invalid_input")
    );
    let both = supabase
        .command("db query --param 1 --statement-timeout 5s")
        .arg("select $1");
    assert_eq!(both.run().code(), Some("usage"));
}

#[test]
fn sql_of_all_sources_runs_in_the_sandbox() {
    let world = World::sandbox();
    let file = world.file("a.sql", "insert into customers (name) values ('Alan'), ('Barbara');\nselect count(*) as all_of_them from customers;\nselect name from customers where name = 'Alan'");
    let run = world.command("db query --write -f").arg(file).run();
    insta::assert_snapshot!(run, @"
    Alan
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    1 row in [ms] ms
    Of 3 statements only the rows of the last one that has any come back
    ");
    insta::assert_snapshot!(world.command("db query -").input("select note from orders order by id").run(), @"
    NULL

    leave it at the door
    ------- stderr -------
    3 rows in [ms] ms
    ");
    let with = world
        .command("db query --param -1 --param Ada -q")
        .arg("select $1::int as number, name from customers where name = $2");
    insta::assert_snapshot!(with.run(), @"-1	Ada");
    let write = world.command("db query").arg("delete from customers");
    insta::assert_snapshot!(write.run(), @"
    ------- stderr -------
    error[query_failed]: cannot execute DELETE in a read-only transaction (25006) (request dfce3cf4-ad06-4900-a6b9-7a68c6a6ddeb)
    hint: without `--write` it can only read; `--write` lets it change things
    [exit status: 1]
    ");
    let slow = world
        .command("db query --statement-timeout 0.05")
        .arg("select pg_sleep(30)");
    insta::assert_snapshot!(slow.run(), @"
    ------- stderr -------
    error[query_failed]: canceling statement due to statement timeout (57014) (request dfce3cf4-ad06-4900-a6b9-7a68c6a6ddeb)
    [exit status: 1]
    ");
    let paused = world
        .command("db query -p acmeshopstagingabcde")
        .arg("select 1");
    assert_eq!(paused.run().code(), Some("project_paused"));
}

#[test]
fn long_texts_fit_the_terminal() {
    let supabase = FakeSupabase::start();
    let note =
        "a note that is much longer than anything that would fit into one line of this terminal";
    supabase.on("POST", QUERY).answers(
        201,
        json!([{"id": 1, "note": note, "paid": null}, {"id": 2, "note": "", "paid": true}]),
    );
    let screen = supabase
        .command("db query")
        .arg("select 1")
        .at_terminal(50)
        .sees_the_end();
    insta::assert_snapshot!(screen, @"
    id  note                                    paid
    1   a note that is much longer than         NULL
        anything that would fit into one line
        of this terminal
    2                                           true
    2 rows in [ms] ms
    ");
}
