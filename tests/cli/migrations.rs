use serde_json::{Value, json};

use crate::support::FakeSupabase;

/// Where the SQL of a person goes, and where the program's own questions go.
const QUERY: &str = "/v1/projects/abcdefghijklmnopqrst/database/query";
const READ_ONLY: &str = "/v1/projects/abcdefghijklmnopqrst/database/query/read-only";

const USERS: &str = "20260101000000_users.sql";
const POSTS: &str = "20260102000000_posts.sql";

/// A service whose project has these migrations, and a world with these files.
fn with(recorded: Value, files: &[(&str, &str)]) -> FakeSupabase {
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ_ONLY).answers(201, recorded);
    write(&supabase, files);
    supabase
}

fn write(supabase: &FakeSupabase, files: &[(&str, &str)]) {
    for (name, text) in files {
        supabase
            .world()
            .file(&format!("here/supabase/migrations/{name}"), text);
    }
}

fn recorded(version: &str, name: &str, statements: &[&str]) -> Value {
    json!({"version": version, "name": name, "statements": statements})
}

/// The SQL of the writes so far.
fn written(supabase: &FakeSupabase) -> Vec<String> {
    let writes = supabase
        .requests()
        .into_iter()
        .filter(|request| request.url.path() == QUERY);
    writes
        .map(|request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
            body["query"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn list_tells_how_each_version_stands() {
    let supabase = with(
        json!([
            recorded("20260101000000", "users", &["create table users ()"]),
            recorded("20260103000000", "theirs", &["select 1"]),
            {"version": "20260104000000", "name": null, "statements": null},
            recorded("20260105000000", "changed", &["select 1"]),
        ]),
        &[
            (USERS, "create table users ();\n"),
            (POSTS, "create table posts ();"),
            ("20260104000000_nobody_knows.sql", "select 1"),
            ("20260105000000_changed.sql", "select 2;"),
            ("20260106000000_it's \"ünï\".sql", ""),
            ("notes.txt", ""),
        ],
    );
    insta::assert_snapshot!(supabase.run("migrations list"), @r#"
    20260101000000	users	applied	false	supabase/migrations/20260101000000_users.sql
    20260102000000	posts	pending	true	supabase/migrations/20260102000000_posts.sql
    20260103000000	theirs	missing_locally	false	
    20260104000000	nobody_knows	applied	false	supabase/migrations/20260104000000_nobody_knows.sql
    20260105000000	changed	changed	false	supabase/migrations/20260105000000_changed.sql
    20260106000000	it's "ünï"	pending	false	supabase/migrations/20260106000000_it's "ünï".sql
    ------- stderr -------
    Skipped, since it is not named `<VERSION>_<NAME>.sql`: notes.txt
    `supactl migrations apply --pending` applies what is pending
    "#);
    let screen = supabase.run("migrations ls -o json");
    assert_eq!(
        screen.json()["data"][1],
        json!({
            "version": "20260102000000", "name": "posts", "status": "pending", "out_of_order": true,
            "file": "supabase/migrations/20260102000000_posts.sql",
        })
    );
}

#[test]
fn a_project_without_a_history_has_applied_nothing() {
    let supabase = FakeSupabase::start();
    let said = "Failed to run sql query: ERROR:  42P01: relation \"supabase_migrations.schema_migrations\" does not exist\n";
    supabase
        .on("POST", READ_ONLY)
        .answers(400, json!({"message": said}));
    insta::assert_snapshot!(supabase.run("migrations list"), @"
    ------- stderr -------
    No migrations: neither in [world]/here/supabase/migrations nor in the project
    ");
    write(&supabase, &[(USERS, "select 1")]);
    let run = supabase.command("migrations list --fields status,file");
    insta::assert_snapshot!(run.within("here/src/deep").run(), @"
    pending	[world]/here/supabase/migrations/20260101000000_users.sql
    ------- stderr -------
    `supactl migrations apply --pending` applies what is pending
    ");
}

#[test]
fn a_history_that_cannot_be_read_is_not_an_empty_one() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", READ_ONLY)
        .answers(400, json!({"message": "Failed to run sql query: ERROR:  42501: permission denied for schema supabase_migrations\n"}));
    let screen = supabase.run("migrations list");
    assert_eq!(screen.code(), Some("query_failed"), "{screen}");
}

#[test]
fn apply_sends_each_file_with_its_record_in_one_transaction() {
    let supabase = FakeSupabase::start();
    write(
        &supabase,
        &[
            (
                USERS,
                "-- people\ncreate table users (a text default 'it''s');\n-- end",
            ),
            (POSTS, ""),
        ],
    );
    supabase.on("POST", QUERY).answers(201, json!([])).times(2);
    supabase
        .on("POST", READ_ONLY)
        .answers(201, json!([]))
        .once();
    supabase.on("POST", READ_ONLY).answers(
        201,
        json!([
            recorded("20260101000000", "users", &[]),
            recorded("20260102000000", "posts", &[])
        ]),
    );
    let screen = supabase.run("migrations apply --pending --yes --statement-timeout 90s");
    insta::assert_snapshot!(screen, @"
    20260101000000	users	applied	supabase/migrations/20260101000000_users.sql	
    20260102000000	posts	applied	supabase/migrations/20260102000000_posts.sql	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Applied `20260101000000_users.sql`
    Applied `20260102000000_posts.sql`
    Applied 2 migrations to project abcdefghijklmnopqrst
    ");
    let written = written(&supabase);
    insta::assert_snapshot!(written[0], @r"
    begin; set local statement_timeout = 90000; select pg_catalog.pg_advisory_xact_lock(22070110170055); do $supactl$ begin if to_regclass('supabase_migrations.schema_migrations') is null then create schema if not exists supabase_migrations; create table if not exists supabase_migrations.schema_migrations (version text not null primary key); end if; if (select count(*) from pg_catalog.pg_attribute where attrelid = 'supabase_migrations.schema_migrations'::regclass and attname in ('statements', 'name') and not attisdropped) < 2 then alter table supabase_migrations.schema_migrations add column if not exists statements text[]; alter table supabase_migrations.schema_migrations add column if not exists name text; end if; if exists (select from supabase_migrations.schema_migrations where version = '20260101000000') then raise exception 'it is applied already' using errcode = 'SM001'; end if; end $supactl$;
    -- people
    create table users (a text default 'it''s');
    -- end
    ;
    insert into supabase_migrations.schema_migrations (version, name, statements) values ('20260101000000', 'users', array['-- people
    create table users (a text default ''it''''s'')', '-- end']::text[]);
    commit;
    ");
    assert!(
        written[1].ends_with("values ('20260102000000', 'posts', null);\ncommit;"),
        "{}",
        written[1]
    );
}

#[test]
fn a_dry_run_shows_the_sql_of_every_file_and_sends_none() {
    let supabase = with(json!([]), &[(USERS, "select 1;"), (POSTS, "select 2;")]);
    supabase.on("POST", QUERY).never();
    let screen = supabase.run("migrations apply --pending --dry-run -o json");
    let data = &screen.json()["data"];
    assert_eq!(data["requests"].as_array().unwrap().len(), 2, "{screen}");
    let sql = |at: usize| data["sql"][at].as_str().unwrap();
    assert!(
        sql(0).contains("\nselect 1;\n") && sql(1).contains("\nselect 2;\n"),
        "{screen}"
    );
    assert_eq!(data["requests"][1]["body"]["query"], sql(1));
}

#[test]
fn nothing_is_sent_without_a_yes() {
    let supabase = FakeSupabase::start();
    write(&supabase, &[(USERS, "select 1")]);
    insta::assert_snapshot!(supabase.run("migrations apply --pending"), @"
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Apply migrations to project abcdefghijklmnopqrst?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    ");
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn a_person_is_asked_with_the_names_of_the_files() {
    let supabase = with(json!([]), &[(USERS, "select 1;"), (POSTS, "select 2;")]);
    supabase.on("POST", QUERY).never();
    let person = supabase
        .command("migrations apply --pending")
        .at_terminal(100);
    let screen = person.reads("[y/N]").types("n").sees_the_end();
    insta::assert_snapshot!(screen, @"
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    20260101000000_users.sql
    20260102000000_posts.sql
    Apply these 2 migrations to project abcdefghijklmnopqrst? [y/N] 
    Apply these 2 migrations to project abcdefghijklmnopqrst? no
    error[cancelled]: nothing was changed
    [exit status: 3]
    ");
}

#[test]
fn what_cannot_be_right_is_told_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    write(
        &supabase,
        &[
            (
                "1_concurrent.sql",
                "-- slow\ncreate index concurrently on users (id);",
            ),
            ("2_own.sql", "begin;\nselect 1;\ncommit;"),
            ("3_psql.sql", "select 1;\n\\connect other"),
            ("4_copy.sql", "copy users (id) from stdin;\n1\n\\."),
            ("5_open.sql", "select 1;\nselect 'open"),
            ("20_a.sql", ""),
            ("other/20_b.sql", ""),
        ],
    );
    let told = |line: &str| {
        supabase
            .run(&format!("migrations apply --yes {line}"))
            .to_string()
    };
    insta::assert_snapshot!(told("supabase/migrations/1_concurrent.sql"), @"
    ------- stderr -------
    error[invalid_input]: `1_concurrent.sql`, line 2: `create index concurrently on users (id)` cannot run in a transaction
    hint: `--no-transaction` sends such files in pieces, without a transaction around them
    [exit status: 2]
    ");
    insta::assert_snapshot!(told("supabase/migrations/2_own.sql"), @"
    ------- stderr -------
    error[invalid_input]: `2_own.sql`, line 1: `begin` is a transaction of its own
    hint: `--no-transaction` sends such files in pieces, without a transaction around them
    [exit status: 2]
    ");
    insta::assert_snapshot!(told("supabase/migrations/3_psql.sql"), @r"
    ------- stderr -------
    error[invalid_input]: `3_psql.sql`, line 2: only psql understands this: \connect other
    hint: write it as SQL: `insert` for rows, nothing for settings of psql
    [exit status: 2]
    ");
    insta::assert_snapshot!(told("supabase/migrations/4_copy.sql"), @"
    ------- stderr -------
    error[invalid_input]: `4_copy.sql`, line 1: only psql understands this: copy users (id) from stdin
    hint: write it as SQL: `insert` for rows, nothing for settings of psql
    [exit status: 2]
    ");
    insta::assert_snapshot!(told("supabase/migrations/5_open.sql"), @"
    ------- stderr -------
    error[invalid_input]: `5_open.sql`: this SQL cannot be cut: a string that is never closed (line 2)
    [exit status: 2]
    ");
    insta::assert_snapshot!(told("supabase/migrations/20_a.sql supabase/migrations/other/20_b.sql"), @"
    ------- stderr -------
    error[invalid_input]: `20_a.sql` and `20_b.sql` have the same version
    hint: give one of them another number
    [exit status: 2]
    ");
    insta::assert_snapshot!(told("supabase/migrations/users.sql"), @"
    ------- stderr -------
    error[invalid_input]: `supabase/migrations/users.sql` is not the name of a migration
    hint: it begins with digits: `20260131093000_add_users.sql`
    [exit status: 2]
    ");
    insta::assert_snapshot!(told("9_missing.sql"), @"
    ------- stderr -------
    error[invalid_input]: 9_missing.sql: No such file or directory (os error 2)
    [exit status: 2]
    ");
    for line in ["", "--pending x.sql"] {
        let screen = supabase.run(&format!("migrations apply {line}"));
        assert_eq!(screen.status(), Some(2), "{screen}");
    }
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn what_does_not_fit_the_history_is_refused() {
    let theirs = recorded("20260103000000", "theirs", &["select 1"]);
    let first = recorded("20260101000000", "users", &["select 0"]);
    let supabase = with(
        json!([first, theirs]),
        &[(USERS, "select 1;"), (POSTS, "select 2;")],
    );
    supabase.on("POST", QUERY).never();
    insta::assert_snapshot!(supabase.run("migrations apply --pending --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: the project has migrations that are in no file here: 20260103000000_theirs
    hint: fetch their files, or name the files to apply
    [exit status: 6]
    ");
    write(&supabase, &[("20260103000000_theirs.sql", "select 1")]);
    insta::assert_snapshot!(supabase.run("migrations apply --pending --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: `20260102000000_posts` is older than the newest migration of the project
    hint: `--out-of-order` applies it all the same; a newer number in its name does so for everybody
    [exit status: 6]
    ");
    insta::assert_snapshot!(supabase.run("migrations apply --yes supabase/migrations/20260101000000_users.sql"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[conflict]: the project has this already: 20260101000000_users
    hint: `supactl migrations list` shows what is pending
    [exit status: 6]
    ");
    let screen = supabase.run("migrations apply --pending --out-of-order --dry-run -o json");
    assert_eq!(
        screen.json()["data"]["sql"].as_array().unwrap().len(),
        1,
        "{screen}"
    );
    assert!(
        screen
            .stderr()
            .contains("Changed since they were applied: 20260101000000_users\n"),
        "{screen}"
    );
}

#[test]
fn pieces_are_sent_one_by_one_and_recorded_at_the_end() {
    let supabase = with(
        json!([]),
        &[(
            USERS,
            "set search_path = app;\ncreate table users (id int);\n\n-- slow\ncreate index concurrently on users (id);\nselect 2;",
        )],
    );
    supabase.on("POST", QUERY).answers(201, json!([])).times(3);
    let said = "Failed to run sql query: ERROR:  42501: permission denied for schema supabase_migrations\n";
    supabase
        .on("POST", QUERY)
        .answers(400, json!({"message": said}))
        .once();
    let screen = supabase.run("migrations apply --pending --no-transaction --yes");
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    `20260101000000_users.sql`, line 1: this holds for the statements that are sent with it, and not for those that run alone
    error[query_failed]: `20260101000000_users.sql`: permission denied for schema supabase_migrations (42501)
    hint: all of it took effect, and it could not be recorded
    [exit status: 1]
    ");
    let written = written(&supabase);
    assert_eq!(
        written[..3],
        [
            "set search_path = app;\ncreate table users (id int)",
            "-- slow\ncreate index concurrently on users (id)",
            "select 2",
        ]
    );
    assert!(written[3].starts_with("do $supactl$") && written[3].contains("insert into"));
}

#[test]
fn a_failed_piece_tells_what_took_effect() {
    let supabase = with(
        json!([]),
        &[(
            USERS,
            "create table users (id int);\n\n-- slow\ncreate index concurrently on users (nope);\nselect 2;",
        )],
    );
    supabase.on("POST", QUERY).answers(201, json!([])).once();
    let said = "Failed to run sql query: ERROR:  42703: column \"nope\" does not exist\nLINE 2: create index concurrently on users (nope)\n                                              ^\n";
    supabase
        .on("POST", QUERY)
        .answers(400, json!({"message": said}))
        .once();
    let run = supabase.command("migrations apply --no-transaction --yes supabase/migrations/");
    let screen = run.arg("unused").run();
    assert_eq!(screen.status(), Some(2), "{screen}");
    let screen = supabase.run(
        "migrations apply --no-transaction --yes supabase/migrations/20260101000000_users.sql",
    );
    insta::assert_snapshot!(screen, @r#"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[query_failed]: `20260101000000_users.sql`: column "nope" does not exist (42703)
      LINE 4: create index concurrently on users (nope)
                                                    ^
    hint: it is not recorded; piece 2 of 3, from line 3, failed, and what stands before that line took effect: take it out of the file, or undo it, before trying again
    [exit status: 1]
    "#);
}

/// What an apply says whose answer did not come, where the database then tells this.
fn after_a_lost_answer(busy: bool, then: Value) -> String {
    let supabase = FakeSupabase::start();
    write(&supabase, &[(USERS, "select 1")]);
    supabase
        .on("POST", READ_ONLY)
        .answers(201, json!([]))
        .once();
    supabase
        .on("POST", QUERY)
        .answers(504, json!({"message": "upstream timed out"}))
        .once();
    supabase
        .on("POST", READ_ONLY)
        .answers(201, json!([{"busy": busy}]))
        .once();
    supabase.on("POST", READ_ONLY).answers(201, then);
    supabase.run("migrations apply --pending --yes").to_string()
}

#[test]
fn a_lost_answer_is_looked_up_in_the_history() {
    let applied = json!([recorded("20260101000000", "users", &["select 1"])]);
    insta::assert_snapshot!(after_a_lost_answer(false, applied), @"
    20260101000000	users	applied	supabase/migrations/20260101000000_users.sql	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    The answer got lost, and the migration is in the history: it was applied
    Applied `20260101000000_users.sql`
    Applied 1 migration to project abcdefghijklmnopqrst
    ");
    insta::assert_snapshot!(after_a_lost_answer(false, json!([])), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[api_error]: `20260101000000_users.sql`: upstream timed out
    hint: it is not in the history, so nothing of it was applied
    [exit status: 1]
    ");
    insta::assert_snapshot!(after_a_lost_answer(true, json!([])), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[api_error]: `20260101000000_users.sql`: upstream timed out
    hint: the database is still at it: `supactl migrations list` shows when it is applied
    [exit status: 1]
    ");
}

#[test]
fn nothing_pending_is_no_failure() {
    let supabase = with(
        json!([recorded("20260101000000", "users", &["select 1"])]),
        &[(USERS, "select 1;")],
    );
    insta::assert_snapshot!(supabase.run("migrations apply --pending --yes -o json"), @r#"
    {"data":[],"success":true,"error":null,"metadata":{"command":"migrations apply","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":0,"dry_run":false}}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Nothing to apply: the project has all migrations
    "#);
}
