use serde_json::{Value, json};

use crate::support::{FakeSupabase, REF, Said, Screen};

const READ: &str = "/v1/projects/abcdefghijklmnopqrst/database/query/read-only";
const QUERY: &str = "/v1/projects/abcdefghijklmnopqrst/database/query";
const ENABLE: &str = "/v1/projects/abcdefghijklmnopqrst/database/webhooks/enable";

/// What stands in a header, and must stand nowhere else.
const SECRET: &str = r#"Bearer gehe'im"\nis"#;

/// A row of the catalog.
fn hook(name: &str, table: &str) -> Value {
    let headers = json!({"Content-type": "application/json", "Authorization": SECRET}).to_string();
    json!({
        "oid": 16632, "name": name, "schema": "public", "table": table, "events": ["INSERT", "UPDATE"], "timing": "AFTER",
        "orientation": "ROW", "enabled_mode": "ORIGIN", "columns": ["status"],
        "head": format!("CREATE TRIGGER {name} AFTER INSERT OR UPDATE OF status ON public.{table} FOR EACH ROW WHEN ((new.id > 1)) EXECUTE FUNCTION supabase_functions."),
        "args_secrets": ["https://example.com/hook", "POST", headers, "{}", "5000"],
        "last_delivery_at": "2026-11-22T09:30:00.125Z", "last_delivery_status": "failed", "last_delivery_status_code": 500,
    })
}

/// A row of the deliveries.
fn delivery(id: u64, status: &str, code: Option<u16>) -> Value {
    json!({
        "id": id, "webhook": "new_orders", "schema": "public", "table": "orders", "status": status, "status_code": code, "error": null,
        "triggered_at": "2026-11-22T09:30:00.125Z", "completed_at": "2026-11-22T09:30:00.250Z", "request_id": id,
        "response_body_secret": format!("you sent {}", json!(SECRET)),
        "args_secrets": ["u", "POST", json!({"Authorization": SECRET}).to_string()],
    })
}

/// The table as it is found before a webhook is made on it.
fn table(change: &Value) -> Value {
    let mut row = json!({"switched_on": true, "found": true, "kind": "r", "owner": "postgres", "owned": true,
        "columns": ["id", "status"], "taken": false});
    for (key, value) in change.as_object().unwrap() {
        row[key] = value.clone();
    }
    json!([row])
}

fn keeps_the_secret(screen: &Screen) {
    for secret in ["gehe", "nis"] {
        assert!(!screen.stdout().contains(secret), "{screen}");
        assert!(!screen.stderr().contains(secret), "{screen}");
    }
}

#[test]
fn list_shows_the_names_of_headers_and_not_their_values() {
    let supabase = FakeSupabase::start();
    let mut broken = hook("broken", "items");
    broken["args_secrets"] = json!(["https://example.com/?token=geheim", "post"]);
    broken["enabled_mode"] = json!("A_NEW_ONE");
    let odd = json!("odd");
    supabase
        .on("POST", READ)
        .answers(201, json!([hook("new_orders", "orders"), broken, odd]));
    insta::assert_snapshot!(supabase.run("integrations webhooks list"), @r#"
    new_orders	public.orders	INSERT, UPDATE	POST	https://example.com/hook	true	5000 ms	2026-11-22 09:30:00+00:00	failed (500)	Content-type: ********, Authorization: ********	(new.id > 1)	
    broken	public.items	INSERT, UPDATE	post	https://example.com/?token=********	true	1000 ms	2026-11-22 09:30:00+00:00	failed (500)		(new.id > 1)	its method is neither POST nor GET
    					true	1000 ms					
    ------- stderr -------
    Webhook `broken` makes every write to `public.items` fail: its method is neither POST nor GET
    "#);
    for flags in ["-o json", "-o yaml", "-o csv", "-o ndjson -vv"] {
        keeps_the_secret(&supabase.run(&format!("integrations webhooks list {flags}")));
    }
    let revealed = supabase.run("integrations webhooks list --reveal -o json");
    assert_eq!(
        revealed.json()["data"][0]["headers"]["Authorization"],
        SECRET
    );
}

#[test]
fn a_project_without_webhooks_has_an_empty_list() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ).answers(
        400,
        json!({"message": "Failed to run sql query: ERROR:  3F000: schema \"supabase_functions\" does not exist\n"}),
    );
    insta::assert_snapshot!(supabase.run("integrations webhooks ls -o json"), @r#"
    {"data":[],"success":true,"error":null,"metadata":{"command":"integrations webhooks list","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":0,"dry_run":false}}
    ------- stderr -------
    Database webhooks are not switched on for this project: `create` does that with the first one
    "#);
    insta::assert_snapshot!(supabase.run("integrations webhooks deliveries"), @"
    ------- stderr -------
    No deliveries found
    ");
    insta::assert_snapshot!(supabase.run("integrations webhooks enable nope"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[not_found]: webhook `nope` was not found
    hint: `supactl integrations webhooks list` shows what there is
    [exit status: 5]
    ");
}

#[test]
fn refusals_of_the_database_have_the_exit_status_of_their_kind() {
    for (state, code) in [
        ("42710", "already_exists"),
        ("42501", "forbidden"),
        ("40001", "conflict"),
        ("42704", "conflict"),
        ("42P01", "query_failed"),
    ] {
        let supabase = FakeSupabase::start();
        supabase
            .on("POST", READ)
            .answers(201, json!([hook("new_orders", "orders")]));
        let said = format!("Failed to run sql query: ERROR:  {state}: no\n");
        supabase
            .on("POST", QUERY)
            .answers(400, json!({"message": said}))
            .once();
        let screen = supabase.run("integrations webhooks disable new_orders");
        assert_eq!(screen.code(), Some(code), "{state}: {screen}");
    }
}

#[test]
fn a_name_on_two_tables_needs_the_table() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ).answers(
        201,
        json!([
            hook("new_orders", "orders"),
            hook("new_orders", "old.orders")
        ]),
    );
    insta::assert_snapshot!(supabase.run("integrations webhooks disable new_orders"), @r#"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: 2 tables have a webhook `new_orders`
    hint: `--table` says which is meant: public.orders, public."old.orders"
    [exit status: 2]
    "#);
    supabase.on("POST", QUERY).answers(201, json!([])).once();
    let run = supabase.command("integrations webhooks disable new_orders -q --table");
    assert_eq!(run.arg("public.\"old.orders\"").run().status(), Some(0));
    let sent: Value = supabase.requests()[2].body_json().unwrap();
    assert_eq!(
        sent["query"],
        r#"alter table "public"."old.orders" disable trigger "new_orders""#
    );
}

#[test]
fn create_checks_the_table_switches_webhooks_on_and_reads_back() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", READ)
        .answers(201, table(&json!({"switched_on": false})))
        .once();
    supabase
        .on("POST", ENABLE)
        .answers(201, Said::Nothing)
        .once();
    supabase.on("POST", QUERY).answers(201, json!([])).once();
    supabase
        .on("POST", READ)
        .answers(201, json!([hook("new_orders", "orders")]))
        .once();
    let run = supabase
        .command("integrations webhooks create new_orders --table orders --event update,insert --column status --url https://example.com/hook --header Authorization=env:AUTH --when")
        .arg("new.id > 1 -- all but the first")
        .env("AUTH", SECRET);
    let screen = run.run();
    keeps_the_secret(&screen);
    insta::assert_snapshot!(screen, @"
    name	new_orders
    table	public.orders
    events	INSERT, UPDATE
    method	POST
    url	https://example.com/hook
    enabled	true
    delivery_timeout_ms	5000 ms
    last_delivery_at	2026-11-22 09:30:00+00:00
    last_delivery_status	failed (500)
    headers	Content-type: ********, Authorization: ********
    when	(new.id > 1)
    problem	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Switched database webhooks on for the project
    Created webhook `new_orders` on `public.orders`
    ");
    let sent: Value = supabase.requests()[2].body_json().unwrap();
    insta::assert_snapshot!(sent["query"].as_str().unwrap(), @r#"
    create trigger "new_orders" after insert or update of "status" on "public"."orders"
    for each row when (new.id > 1 -- all but the first
    )
    execute function supabase_functions.http_request('https://example.com/hook', 'POST', E'{"Content-type":"application/json","Authorization":"Bearer gehe''im\\"\\\\nis"}', '{}', '5000')
    "#);
}

#[test]
fn a_dry_run_shows_the_trigger_and_hides_its_headers() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", READ)
        .answers(201, table(&json!({"switched_on": false})));
    supabase.on("POST", ENABLE).never();
    supabase.on("POST", QUERY).never();
    let run = supabase
        .command("integrations webhooks create new_orders --table orders --event insert --url https://example.com/hook?apikey=gehe --param sig=gehe --header X-Env=env:AUTH -vv --dry-run -o json")
        .env("AUTH", SECRET);
    let screen = run.run();
    keeps_the_secret(&screen);
    let envelope = screen.json();
    assert_eq!(
        envelope["data"]["requests"][0]["url"],
        format!("http://{}{ENABLE}", supabase.address())
    );
    insta::assert_snapshot!(envelope["data"]["sql"][0].as_str().unwrap(), @r#"
    create trigger "new_orders" after insert on "public"."orders"
    for each row execute function supabase_functions.http_request('https://example.com/hook?apikey=********', 'POST', '{"Content-type":"********","X-Env":"********"}', '{"sig":"********"}', '5000')
    "#);
}

#[test]
fn a_refusal_that_repeats_the_statement_gives_nothing_away() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ).answers(201, table(&json!({})));
    let said = format!(
        "Failed to run sql query: ERROR:  42P17: INSERT trigger's WHEN condition cannot reference OLD values\nLINE 2: for each row when (old.id = 1) execute function supabase_functions.http_request('{SECRET}')\n        ^\nCONTEXT:  {SECRET}\n"
    );
    supabase
        .on("POST", QUERY)
        .answers(400, json!({"message": said}));
    let run = supabase
        .command("integrations webhooks create new_orders --table orders --event insert --url https://example.com/ --header X-Env=env:AUTH --when old.id=1 -vv -o json")
        .env("AUTH", SECRET);
    let screen = run.run();
    keeps_the_secret(&screen);
    assert_eq!(screen.code(), Some("query_failed"));
    assert!(
        screen.stderr().contains("cannot reference OLD values"),
        "{screen}"
    );
}

#[test]
fn what_cannot_be_right_is_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ).never();
    supabase.on("POST", QUERY).never();
    for (arguments, why) in [
        (&["--url", "example.com"][..], "not an address"),
        (&["--url", "ftp://example.com"], "`https://` or `http://`"),
        (&["--url", "https://a:geheim@example.com"], "shown to all"),
        (&["--url", "https://example.com/a b"], "white space"),
        (
            &["--url", "https://x.y", "--delivery-timeout", "500ms"],
            "from 1 s to 10 s",
        ),
        (
            &["--url", "https://x.y", "--delivery-timeout", "11s"],
            "from 1 s to 10 s",
        ),
        (&["--url", "https://x.y", "--method", "PUT"], "PUT"),
        (
            &["--url", "https://x.y", "--header", "geheim"],
            "a name and a value",
        ),
        (
            &["--url", "https://x.y", "--header", "a b: geheim"],
            "not the name of a header",
        ),
        (&["--url", "https://x.y", "--header", "X-A: "], "no value"),
        (
            &["--url", "https://x.y", "--header", "X-A: geheim\nX-B: c"],
            "control character",
        ),
        (
            &[
                "--url",
                "https://x.y",
                "--header",
                "X-A: 1",
                "--header",
                "x-a: 2",
            ],
            "given twice",
        ),
        (
            &[
                "--url",
                "https://x.y",
                "--header",
                "Content-Type: application/json; charset=utf-8",
            ],
            "exactly `application/json`",
        ),
        (
            &[
                "--url",
                "https://x.y",
                "--header",
                "X-A=-",
                "--header",
                "X-B=-",
            ],
            "one header only",
        ),
        (
            &["--url", "https://x.y", "--header", "X-A=env:NOT_SET"],
            "NOT_SET",
        ),
        (
            &["--url", "https://x.y", "--param", "a"],
            "a name and a value",
        ),
        (
            &["--url", "https://x.y", "--column", "status"],
            "`update` is not among the events",
        ),
        (
            &["--url", "https://x.y", "--when", "true; drop table orders"],
            "`;` ends a statement",
        ),
        (
            &[
                "--url",
                "https://x.y",
                "--when",
                "true) execute function f((",
            ],
            "before its `(`",
        ),
        (&["--url", "https://x.y", "--when", "'open"], "never closed"),
        (&["--url", "https://x.y", "--function", "f"], "--function"),
        (&[], "--url"),
    ] {
        let mut run =
            supabase.command("integrations webhooks create h --table orders --event insert");
        for argument in arguments {
            run = run.arg(*argument);
        }
        let screen = run.run();
        assert_eq!(screen.status(), Some(2), "{arguments:?}: {screen}");
        assert!(screen.stderr().contains(why), "{arguments:?}: {screen}");
        // What is told of a line that clap refuses is clap's own text, which names flags and values.
        if !arguments.contains(&"https://a:geheim@example.com") {
            assert!(!screen.stderr().contains("geheim"), "{screen}");
        }
    }
    for (line, why) in [
        (
            "create has\u{a0}blank --table t --event insert --url https://x.y",
            "white space",
        ),
        (
            "create h --table a.b.c --event insert --url https://x.y",
            "not a table",
        ),
        (
            "create h --table t --event truncate --url https://x.y",
            "truncate",
        ),
        ("update h", "missing"),
        ("prune --older-than 1y --yes", "not an age"),
        ("deliveries --since yesterday", "not a time"),
        ("resend h --where true;", "`;` ends a statement"),
        ("test h --record [1]", "a JSON object"),
        ("test h --retry 21", "0..=20"),
    ] {
        let mut run = supabase.command("integrations webhooks");
        for word in line.split(' ') {
            run = run.arg(word);
        }
        let screen = run.run();
        assert_eq!(screen.status(), Some(2), "{line}: {screen}");
        assert!(screen.stderr().contains(why), "{line}: {screen}");
    }
}

#[test]
fn a_table_that_cannot_have_a_webhook_is_explained() {
    for (found, code) in [
        (json!({"found": false}), "not_found"),
        (json!({"kind": "v"}), "invalid_input"),
        (
            json!({"owned": false, "owner": "supabase_auth_admin"}),
            "forbidden",
        ),
        (json!({"columns": ["id"]}), "invalid_input"),
        (json!({"taken": true}), "already_exists"),
    ] {
        let supabase = FakeSupabase::start();
        supabase.on("POST", READ).answers(201, table(&found));
        supabase.on("POST", QUERY).never();
        let screen = supabase.run("integrations webhooks create h --table orders --event update --column status --url https://example.com");
        assert_eq!(screen.code(), Some(code), "{screen}");
    }
    let supabase = FakeSupabase::start();
    supabase.on("POST", READ).answers(201, table(&json!({})));
    // `storage` and `auth` are the service's own, whatever the catalog says of their owners.
    let screen = supabase.run("integrations webhooks create h --table storage.objects --event insert --url https://example.com");
    assert_eq!(screen.code(), Some("forbidden"), "{screen}");
}

#[test]
fn a_function_that_asks_for_a_token_gets_one_or_no_webhook() {
    let supabase = FakeSupabase::start();
    let path = format!("/v1/projects/{REF}/functions/notify");
    supabase
        .on("GET", &path)
        .answers(200, json!({"slug": "notify", "verify_jwt": true}));
    supabase.on("POST", READ).answers(201, table(&json!({})));
    supabase.on("POST", QUERY).never();
    let line = "integrations webhooks create h --table orders --event insert --function notify";
    insta::assert_snapshot!(supabase.run(line), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: function `notify` requires a token, so it would refuse every delivery without one
    hint: pass `--header Authorization=env:NAME` with `Bearer <KEY>`, or deploy the function with `--no-verify-jwt`
    [exit status: 2]
    ");
    let run = supabase.command(&format!(
        "{line} --dry-run --header Authorization=env:AUTH -o json"
    ));
    let screen = run.env("AUTH", SECRET).run();
    let sql = screen.json()["data"]["sql"][0].to_string();
    assert!(
        sql.contains(&format!("/gw/{REF}/functions/v1/notify'")),
        "{sql}"
    );
}

#[test]
fn update_keeps_what_is_not_named_and_replaces_in_one_transaction() {
    let supabase = FakeSupabase::start();
    let mut disabled = hook("new_orders", "orders");
    disabled["enabled_mode"] = json!("DISABLED");
    supabase.on("POST", READ).answers(201, json!([disabled]));
    supabase.on("POST", QUERY).answers(201, json!([])).once();
    let line = "integrations webhooks update new_orders --event insert,update,delete -q --header";
    let screen = supabase.command(line).arg("X-Env: prod").run();
    assert_eq!(screen.status(), Some(0), "{screen}");
    let sent: Value = supabase.requests()[1].body_json().unwrap();
    insta::assert_snapshot!(sent["query"].as_str().unwrap(), @r#"
    begin;
    do $$ begin
      if not exists (select from pg_catalog.pg_trigger where oid = 16632) then
        raise exception 'the webhook was changed by somebody else in the meantime' using errcode = '40001';
      end if;
    end $$;
    drop trigger "new_orders" on "public"."orders";
    create trigger "new_orders" after insert or update of "status" or delete on "public"."orders"
    for each row when ((new.id > 1)
    )
    execute function supabase_functions.http_request('https://example.com/hook', 'POST', E'{"Content-type":"application/json","Authorization":"Bearer gehe''im\\"\\\\nis","X-Env":"prod"}', '{}', '5000');
    alter table "public"."orders" disable trigger "new_orders";
    commit;
    "#);
}

#[test]
fn a_trigger_made_by_hand_is_not_dropped_for_what_cannot_be_written_again() {
    for (key, value) in [
        ("timing", json!("BEFORE")),
        ("orientation", json!("STATEMENT")),
        ("events", json!(["INSERT", "TRUNCATE"])),
        ("args_secrets", json!(["u", "POST", "no json"])),
    ] {
        let supabase = FakeSupabase::start();
        let mut odd = hook("new_orders", "orders");
        odd[key] = value;
        supabase.on("POST", READ).answers(201, json!([odd]));
        supabase.on("POST", QUERY).never();
        let screen = supabase.run("integrations webhooks update new_orders --method GET");
        assert_eq!(screen.code(), Some("invalid_input"), "{screen}");
        assert!(screen.stderr().contains("made by hand"), "{screen}");
    }
}

#[test]
fn deliveries_hide_what_a_receiver_sends_back_and_point_at_a_dead_worker() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", READ)
        .answers(
            201,
            json!([
                delivery(2, "pending", None),
                delivery(1, "failed", Some(500))
            ]),
        )
        .once();
    supabase
        .on("POST", READ)
        .answers(201, json!([{"worker": "hidden"}]))
        .once();
    supabase
        .on("POST", QUERY)
        .answers(201, json!([{"worker": "down"}]))
        .once();
    let screen = supabase.run("integrations webhooks deliveries new_orders --table orders --status pending,failed --since 2026-11-22T00:00:00Z");
    keeps_the_secret(&screen);
    insta::assert_snapshot!(screen, @r#"
    2	2026-11-22 09:30:00+00:00	new_orders	public.orders	pending		2026-11-22 09:30:00+00:00		you sent "********"
    1	2026-11-22 09:30:00+00:00	new_orders	public.orders	failed	500	2026-11-22 09:30:00+00:00		you sent "********"
    ------- stderr -------
    Requests wait: pg_net's worker is not running: `supactl db query --write 'select net.worker_restart()'` starts it again
    "#);
    let sent: Value = supabase.requests()[0].body_json().unwrap();
    assert_eq!(
        sent["parameters"],
        json!([
            "new_orders",
            "public",
            "orders",
            "2026-11-22T00:00:00Z",
            null,
            "pending,failed",
            "50",
            null
        ])
    );
}

#[test]
fn a_test_of_a_webhook_that_gets_sends_no_body() {
    let supabase = FakeSupabase::start();
    let mut gets = hook("new_orders", "orders");
    gets["args_secrets"][1] = json!("GET");
    gets["args_secrets"][2] = json!("{}");
    let answer = |path: &str, body: Value| supabase.on("POST", path).answers(201, body).once();
    answer(READ, json!([gets]));
    answer(QUERY, json!([{"id": 8, "request_id": 3}]));
    answer(READ, json!([delivery(8, "success", Some(200))]));
    let screen = supabase.run("integrations webhooks test new_orders");
    assert_eq!(screen.status(), Some(0), "{screen}");
    let sent: Value = supabase.requests()[1].body_json().unwrap();
    let sql = sent["query"].as_str().unwrap();
    assert!(
        sql.contains("net.http_get") && !sql.contains("net.http_post"),
        "{sql}"
    );
}

#[test]
fn a_history_that_is_not_there_is_empty_and_one_that_is_refused_is_not() {
    let lines = [
        "integrations webhooks deliveries",
        "integrations webhooks prune --older-than 1d --dry-run",
    ];
    for (state, status) in [("42P01", 0), ("3F000", 0), ("42501", 1)] {
        for line in lines {
            let supabase = FakeSupabase::start();
            let said = format!("Failed to run sql query: ERROR:  {state}: no\n");
            supabase
                .on("POST", READ)
                .answers(400, json!({"message": said}));
            let screen = supabase.run(line);
            assert_eq!(screen.status(), Some(status), "{state} {line}: {screen}");
        }
    }
}

#[test]
fn a_test_waits_for_the_outcome_and_tries_again_as_told() {
    let supabase = FakeSupabase::start();
    let answer = |path: &str, body: Value| supabase.on("POST", path).answers(201, body).once();
    answer(READ, json!([hook("new_orders", "orders")]));
    answer(QUERY, json!([{"id": 8, "request_id": 3}]));
    answer(READ, json!([delivery(8, "pending", None)]));
    // What is not told of is not delivered.
    answer(READ, json!([]));
    answer(READ, json!([delivery(8, "failed", Some(500))]));
    answer(QUERY, json!([{"id": "9", "request_id": "4"}]));
    answer(READ, json!([delivery(9, "success", Some(200))]));
    let screen = supabase.run("integrations webhooks test new_orders --retry 2");
    keeps_the_secret(&screen);
    insta::assert_snapshot!(screen, @r#"
    9	2026-11-22 09:30:00+00:00	new_orders	public.orders	success	200	2026-11-22 09:30:00+00:00		you sent "********"
    8	2026-11-22 09:30:00+00:00	new_orders	public.orders	failed	500	2026-11-22 09:30:00+00:00		you sent "********"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    The receiver answered 500; sending again in 1 s, time 1 of 2
    Delivered at try 2
    "#);
}

#[test]
fn a_delivery_that_fails_is_a_check_that_came_out_negative() {
    for (deliveries, where_fits, code, message) in [
        (
            json!([delivery(8, "failed", Some(503))]),
            1,
            "check_failed",
            "the receiver answered 503",
        ),
        (
            json!([delivery(8, "timeout", None)]),
            1,
            "check_failed",
            "the receiver did not answer in time",
        ),
        (
            json!([
                delivery(9, "error", None),
                delivery(8, "success", Some(200))
            ]),
            2,
            "partial_failure",
            "1 of 2 deliveries failed",
        ),
        (
            json!([delivery(9, "error", None), delivery(8, "failed", Some(400))]),
            2,
            "check_failed",
            "all 2 deliveries failed",
        ),
    ] {
        let supabase = FakeSupabase::start();
        let answer = |path: &str, body: Value| supabase.on("POST", path).answers(201, body).once();
        answer(READ, json!([hook("new_orders", "orders")]));
        answer(QUERY, json!([{"rows": where_fits}]));
        let sent = deliveries.as_array().unwrap().iter();
        let sent = sent.map(|row| json!({"id": row["id"], "request_id": row["request_id"]}));
        answer(QUERY, sent.collect());
        answer(READ, deliveries);
        let screen = supabase.run("integrations webhooks resend new_orders --where id=2 -o json");
        assert_eq!(screen.code(), Some(code), "{screen}");
        assert!(screen.stderr().contains(message), "{screen}");
        assert!(screen.json()["data"].is_array(), "{screen}");
        keeps_the_secret(&screen);
    }
}

#[test]
fn resend_says_how_many_rows_and_stops_at_too_many() {
    for (rows, flags, code) in [
        (0, "", "not_found"),
        (11, "", "invalid_input"),
        (2, " --retry 1", "invalid_input"),
    ] {
        let supabase = FakeSupabase::start();
        supabase
            .on("POST", READ)
            .answers(201, json!([hook("new_orders", "orders")]));
        supabase
            .on("POST", QUERY)
            .with_body(json!({"query": "select pg_catalog.count(*)::bigint as rows from \"public\".\"orders\" where (id=2\n)", "read_only": true}))
            .answers(201, json!([{"rows": rows}]))
            .once();
        let screen = supabase.run(&format!(
            "integrations webhooks resend new_orders --where id=2{flags}"
        ));
        assert_eq!(screen.code(), Some(code), "{screen}");
    }
}
