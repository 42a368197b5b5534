use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use super::{SECRET, done, hooks, sql};
use crate::support::{Faulty, Receiver, World};

#[test]
fn a_row_that_is_inserted_arrives_at_the_receiver() {
    let world = World::sandbox();
    let receiver = Receiver::start();
    let line = format!(
        "create told --table public.customers --event insert,update,delete --url {} --param page=a&b --param lang=ü --header X-Secret=env:SECRET -o json",
        receiver.url("/hook?x=1")
    );
    let made = done(&hooks(&world, &line));
    assert_eq!(made["events"], json!(["INSERT", "UPDATE", "DELETE"]));
    let changed = sql(
        &world,
        "insert into public.customers (name) values ('Alan'); update public.customers set city = 'Bletchley' where name = 'Alan'; delete from public.customers where name = 'Alan'",
    );
    assert_eq!(changed.status(), Some(0), "{changed}");
    let bodies: Vec<Value> = (0..3)
        .map(|_| {
            let request = receiver.next();
            assert_eq!(
                request.line,
                "POST /hook?x=1&lang=%C3%BC&page=a%26b HTTP/1.1"
            );
            assert_eq!(request.headers["x-secret"], SECRET.as_bytes());
            assert_eq!(request.headers["content-type"], b"application/json");
            assert!(request.headers["user-agent"].starts_with(b"pg_net/"));
            serde_json::from_slice(&request.body).unwrap()
        })
        .collect();
    let of = |kind: &str| bodies.iter().find(|body| body["type"] == kind).unwrap();
    let keys: Vec<_> = of("INSERT").as_object().unwrap().keys().collect();
    assert_eq!(keys.len(), 5, "{keys:?}");
    assert_eq!(
        (&of("INSERT")["table"], &of("INSERT")["schema"]),
        (&json!("customers"), &json!("public"))
    );
    assert_eq!(
        (&of("INSERT")["record"]["name"], &of("INSERT")["old_record"]),
        (&json!("Alan"), &json!(null))
    );
    assert_eq!(of("UPDATE")["old_record"]["city"], json!(null));
    assert_eq!(of("UPDATE")["record"]["city"], "Bletchley");
    assert_eq!(
        (&of("DELETE")["record"], &of("DELETE")["old_record"]["name"]),
        (&json!(null), &json!("Alan"))
    );

    let deliveries = done(&hooks(&world, "deliveries told -o json"));
    let statuses: Vec<_> = deliveries
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["status"])
        .collect();
    assert_eq!(statuses, ["success", "success", "success"]);
    let listed = done(&hooks(&world, "list --table customers -o json"));
    let told = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "told")
        .unwrap();
    assert_eq!(
        (
            &told["last_delivery_status"],
            &told["last_delivery_status_code"]
        ),
        (&json!("success"), &json!(200))
    );

    // Disabled it is silent, and enabled it speaks again.
    done(&hooks(&world, "disable told -o json"));
    let _ = sql(
        &world,
        "insert into public.customers (name) values ('Kurt')",
    );
    done(&hooks(&world, "enable told -o json"));
    let _ = sql(
        &world,
        "insert into public.customers (name) values ('Emmy')",
    );
    let body: Value = serde_json::from_slice(&receiver.next().body).unwrap();
    assert_eq!(body["record"]["name"], "Emmy");
    done(&hooks(&world, "delete told --yes -o json"));
    let _ = sql(
        &world,
        "insert into public.customers (name) values ('Hilbert')",
    );
    assert!(receiver.is_idle());
}

#[test]
fn every_kind_of_receiver_has_its_own_outcome() {
    let world = World::sandbox();
    let receiver = Receiver::start();
    let nobody = format!("http://{}/", Faulty::nobody());
    let at = |path: &str| receiver.url(path);
    for (name, url, status, code, error) in [
        ("well", at("/200"), "success", json!(200), json!(null)),
        ("ill", at("/500"), "failed", json!(500), json!(null)),
        ("pieces", at("/pieces"), "success", json!(200), json!(null)),
        ("big", at("/big"), "success", json!(200), json!(null)),
        (
            "silent",
            at("/silent"),
            "timeout",
            json!(null),
            json!("Timeout of 1000 ms reached"),
        ),
        (
            "rude",
            at("/nothing"),
            "error",
            json!(null),
            json!("Server returned nothing"),
        ),
        (
            "absent",
            nobody,
            "error",
            json!(null),
            json!("Couldn't connect to server"),
        ),
        (
            "away",
            "https://example.com/".to_owned(),
            "error",
            json!(null),
            json!("the sandbox sends to this machine only"),
        ),
    ] {
        let line = format!(
            "create {name} --table orders --event insert --delivery-timeout 1s --url {url} -q"
        );
        assert_eq!(hooks(&world, &line).status(), Some(0));
        let tested = hooks(&world, &format!("test {name} -o json"));
        let well = status == "success";
        assert_eq!(tested.status(), Some(if well { 0 } else { 9 }), "{tested}");
        let delivery = &tested.json()["data"][0];
        assert_eq!(
            (&delivery["status"], &delivery["status_code"]),
            (&json!(status), &code),
            "{tested}"
        );
        match error.as_str() {
            Some(error) => assert!(
                delivery["error"].as_str().unwrap().starts_with(error),
                "{tested}"
            ),
            None => assert_eq!(delivery["error"], json!(null), "{tested}"),
        }
        if name == "big" {
            assert_eq!(delivery["response_body"].as_str().unwrap().len(), 500);
        }
        done(&hooks(&world, &format!("delete {name} --yes -o json")));
    }
    let failed = done(&hooks(
        &world,
        "deliveries --status failed,timeout --since 1h -o json",
    ));
    let names: Vec<_> = failed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["webhook"])
        .collect();
    // The seed has one of each in the last hour.
    assert_eq!(names, ["silent", "ill", "new_orders", "new_orders"]);
}

#[test]
fn a_row_is_sent_again_as_it_is_now() {
    let world = World::sandbox();
    let receiver = Receiver::start();
    let line = format!(
        "create told --table orders --event insert,update --url {} -q",
        receiver.url("/once")
    );
    assert_eq!(hooks(&world, &line).status(), Some(0));
    let count = "select count(*) as hooks from supabase_functions.hooks where hook_name = 'told'";
    let resent = hooks(&world, "resend told --where orders.id=2 --retry 2 -o json");
    let statuses: Vec<_> = done(&resent)
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["status"].clone())
        .collect();
    assert_eq!(statuses, ["success", "failed"], "the newest first");
    for _ in 0..2 {
        let body: Value = serde_json::from_slice(&receiver.next().body).unwrap();
        assert_eq!(
            (&body["type"], &body["record"]["id"], &body["old_record"]),
            (&json!("UPDATE"), &json!(2), &json!(null))
        );
        assert_eq!(body["record"]["note"], "", "an empty text is no null");
    }
    assert_eq!(
        sql(&world, count).json(),
        json!([{"hooks": 2}]),
        "no row was touched"
    );
    assert_eq!(
        hooks(&world, "resend told --where id=77").code(),
        Some("not_found")
    );
    assert_eq!(
        hooks(&world, "resend told --where true --limit 2").code(),
        Some("invalid_input")
    );
    assert_eq!(
        hooks(&world, "resend told --where nope=1").code(),
        Some("query_failed")
    );
    assert_eq!(
        done(&hooks(&world, "resend told --where true -o json"))
            .as_array()
            .unwrap()
            .len(),
        3
    );
    let tested = hooks(
        &world,
        "test told --event insert --record {\"id\":9} -o json",
    );
    done(&tested);
    let sent: Vec<Value> = (0..4)
        .map(|_| serde_json::from_slice(&receiver.next().body).unwrap())
        .collect();
    assert_eq!(
        sent[3],
        json!({"type": "INSERT", "table": "orders", "schema": "public", "record": {"id": 9}, "old_record": null})
    );
    // A made-up row has the columns of the table.
    done(&hooks(&world, "test told --event delete -o json"));
    let body: Value = serde_json::from_slice(&receiver.next().body).unwrap();
    assert_eq!(
        body["old_record"],
        json!({"id": null, "customer_id": null, "total": null, "note": null, "paid_at": null})
    );
    done(&hooks(&world, "test told --dry-run -o json"));
    assert!(receiver.is_idle());
}

/// Each bad argument, made by hand: what it does to whoever writes to the table, how a list tells of it,
/// and that it cannot be made here.
#[test]
fn bad_arguments_break_every_write_and_so_are_refused() {
    let world = World::sandbox();
    for (arguments, database, listed, ours) in [
        (
            "null, 'POST'",
            "url argument is missing",
            "it has no address",
            "--url=",
        ),
        (
            "'https://x.y', 'PUT'",
            "method argument PUT is invalid",
            "its method is neither POST nor GET",
            "--url https://x.y --method PUT",
        ),
        (
            "'https://x.y', 'POST', 'X-A: b'",
            "invalid input syntax for type json",
            "its headers are no JSON object",
            "--url https://x.y --header X-A",
        ),
        (
            "'https://x.y', 'POST', '{}', 'a=b'",
            "invalid input syntax for type json",
            "its parameters are no JSON object",
            "--url https://x.y --param a",
        ),
        (
            "'https://x.y', 'POST', '{}', '{}', '5s'",
            "invalid input syntax for type integer",
            "its timeout is no whole number",
            "--url https://x.y --delivery-timeout 11s",
        ),
        (
            "'https://x.y', 'POST', '{\"content-type\": \"application/json; charset=utf-8\"}'",
            "Content-Type header must be \"application/json\"",
            "must be exactly `application/json`",
            "--url https://x.y --header Content-Type:text/plain",
        ),
    ] {
        let trigger = format!(
            "create trigger bad after insert on public.customers for each row execute function supabase_functions.http_request({arguments})"
        );
        let made = sql(&world, &trigger);
        assert_eq!(made.status(), Some(0), "{made}");
        let written = sql(
            &world,
            "insert into public.customers (name) values ('Alan')",
        );
        assert!(written.stderr().contains(database), "{written}");
        let screen = hooks(&world, "list");
        assert!(
            screen
                .stderr()
                .contains("Webhook `bad` makes every write to `public.customers` fail"),
            "{screen}"
        );
        assert!(screen.stderr().contains(listed), "{screen}");
        assert_eq!(hooks(&world, "test bad").code(), Some("conflict"));
        // Disabled, it stands in nobody's way.
        done(&hooks(&world, "disable bad -o json"));
        assert_eq!(
            sql(
                &world,
                "insert into public.customers (name) values ('Alan')"
            )
            .status(),
            Some(0)
        );
        done(&hooks(&world, "delete bad --yes -o json"));
        let refused = hooks(
            &world,
            &format!("create bad --table customers --event insert {ours}"),
        );
        assert_eq!(refused.status(), Some(2), "{refused}");
    }
    // An address that is none does not break writes: the request is lost instead.
    let made = sql(
        &world,
        "create trigger lost after insert on public.customers for each row execute function supabase_functions.http_request('example', 'POST')",
    );
    assert_eq!(made.status(), Some(0), "{made}");
    let _ = sql(
        &world,
        "insert into public.customers (name) values ('Alan')",
    );
    let lost = done(&hooks(&world, "deliveries lost -o json"));
    assert_eq!(
        lost[0]["error"],
        "URL using bad/illegal format or missing URL"
    );
    assert_eq!(
        hooks(
            &world,
            "create lost2 --table customers --event insert --url example"
        )
        .status(),
        Some(2)
    );
    // And a condition that is none is refused by the database, at once and with nothing made.
    let screen = hooks(
        &world,
        "create odd --table customers --event insert --url https://x.y --when new.nope=1",
    );
    assert_eq!(screen.code(), Some("query_failed"), "{screen}");
}

#[test]
fn only_what_a_webhook_asks_for_is_sent() {
    let world = World::sandbox();
    let receiver = Receiver::start();
    let line = format!(
        "create paid --table orders --event update --column paid_at --url {} --method GET -q --when",
        receiver.url("/paid")
    );
    let made = world
        .command(&format!("integrations webhooks {line}"))
        .arg("new.paid_at is not null -- only once")
        .run();
    assert_eq!(made.status(), Some(0), "{made}");
    let _ = sql(&world, "update orders set note = 'x' where id = 3");
    let _ = sql(&world, "update orders set paid_at = null where id = 3");
    let _ = sql(&world, "update orders set paid_at = now() where id = 3");
    let request = receiver.next();
    assert_eq!(
        (request.line.as_str(), request.body.len()),
        ("GET /paid HTTP/1.1", 0)
    );
    assert!(receiver.is_idle());
    let updated = done(&hooks(
        &world,
        "update paid --all-columns --header X-A:b -o json",
    ));
    assert_eq!(
        (&updated["columns"], &updated["when"]),
        (&json!([]), &json!("(new.paid_at IS NOT NULL)"))
    );
    let _ = sql(&world, "update orders set note = 'y' where id = 3");
    assert_eq!(receiver.next().headers["x-a"], b"b");
    // The same name on another table is another webhook.
    let _ = hooks(
        &world,
        &format!(
            "create paid --table customers --event insert --url {}",
            receiver.url("/")
        ),
    );
    assert_eq!(hooks(&world, "disable paid").code(), Some("invalid_input"));
    done(&hooks(&world, "disable paid --table customers -o json"));
    let listed = done(&hooks(&world, "list --table orders -o json"));
    assert_eq!(listed[1]["enabled"], true);
}

#[test]
fn history_is_pruned_and_nothing_else() {
    let world = World::sandbox();
    assert_eq!(
        done(&hooks(&world, "deliveries new_orders -o json"))
            .as_array()
            .unwrap()
            .len(),
        5
    );
    let statuses = done(&hooks(&world, "deliveries --status expired -o json"));
    assert_eq!(statuses.as_array().unwrap().len(), 1);
    done(&hooks(&world, "prune --older-than 1h --dry-run -o json"));
    let pruned = done(&hooks(&world, "prune --older-than 1h --yes -o json"));
    assert_eq!(
        (&pruned["deliveries"], &pruned["deleted"]),
        (&json!(2), &json!(true))
    );
    assert_eq!(
        done(&hooks(&world, "deliveries -o json"))
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn a_project_without_webhooks_gets_them_with_the_first_one() {
    let world = World::sandbox();
    let project = "-p acmeanalyticsabcdefg";
    assert_eq!(
        done(&hooks(&world, &format!("list {project} -o json"))),
        json!([])
    );
    let made = world
        .command("api POST /v1/projects/acmeanalyticsabcdefg/database/query -f")
        .arg("query=create table t (id int)")
        .run();
    assert_eq!(made.status(), Some(0), "{made}");
    let line = format!("create h --table t --event insert --url https://example.com {project}");
    let first = hooks(&world, &line);
    assert!(
        first.stderr().contains("Switched database webhooks on"),
        "{first}"
    );
    let second = hooks(&world, &line);
    assert_eq!(second.code(), Some("already_exists"));
    assert!(!second.stderr().contains("Switched"), "{second}");
}

#[test]
fn followed_deliveries_come_once_when_their_outcome_is_known() {
    let world = World::sandbox();
    let receiver = Receiver::start();
    let line = format!(
        "create told --table customers --event insert --delivery-timeout 1s --url {} -q",
        receiver.url("/silent")
    );
    assert_eq!(hooks(&world, &line).status(), Some(0));
    for format in ["json", "yaml", "csv"] {
        let refused = hooks(&world, &format!("deliveries -f -o {format}"));
        assert_eq!(refused.code(), Some("usage"), "{refused}");
    }
    let follow =
        "integrations webhooks deliveries --follow --limit 1 -o ndjson --status success,timeout";
    let mut program = world
        .command(follow)
        .prepared()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    // The last one that there was.
    assert_eq!(next()["webhook"], "new_orders");
    let _ = sql(
        &world,
        "insert into public.customers (name) values ('Alan')",
    );
    let first = next();
    assert_eq!(
        (&first["webhook"], &first["status"]),
        (&json!("told"), &json!("timeout"))
    );
    done(&hooks(
        &world,
        &format!("update told --url {} -o json", receiver.url("/200")),
    ));
    let _ = sql(
        &world,
        "insert into public.customers (name) values ('Emmy')",
    );
    let second = next();
    assert_eq!(second["status"], "success", "each comes once");
    assert!(first["id"].as_i64() < second["id"].as_i64());
    program.kill().unwrap();
    program.wait().unwrap();
}

#[test]
fn serve_lets_webhooks_send_elsewhere_where_it_is_told_to() {
    let world = World::own_sandbox();
    let mut program = world
        .command("sandbox serve --allow-network -o ndjson")
        .prepared()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(program.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let serving: Value = serde_json::from_str(&line).unwrap();
    let ask = |line: &str| {
        world
            .command(line)
            .without("SUPACTL_PROFILE")
            .env("SUPACTL_API_URL", serving["api_url"].as_str().unwrap())
            .env(
                "SUPABASE_ACCESS_TOKEN",
                serving["access_token"].as_str().unwrap(),
            )
            .env("SUPABASE_PROJECT_ID", serving["project"].as_str().unwrap())
            .run()
    };
    // No name under `invalid` is ever resolved (RFC 2606).
    let made = ask(
        "integrations webhooks create away --table orders --event insert --url https://nobody.invalid/ -q",
    );
    assert_eq!(made.status(), Some(0), "{made}");
    let sent = ask("integrations webhooks test away -o json");
    assert_eq!(
        sent.json()["data"][0]["error"],
        "Couldn't resolve host name",
        "{sent}"
    );
    // A command beside it uses its database, and so what it allows.
    let sent = hooks(&world, "test away -o json");
    assert_eq!(
        sent.json()["data"][0]["error"],
        "Couldn't resolve host name",
        "{sent}"
    );
    program.kill().unwrap();
    program.wait().unwrap();
    let sent = hooks(&world, "test away -o json");
    let error = sent.json()["data"][0]["error"].to_string();
    assert!(error.contains("this machine only"), "{sent}");
}

#[test]
fn a_function_of_the_project_is_a_receiver_too() {
    let world = World::sandbox();
    let create = "create told --table orders --event insert -o json --function";
    let made = done(&hooks(&world, &format!("{create} stripe-webhook")));
    let address = "https://acmeshopproductionab.supabase.co/functions/v1/stripe-webhook";
    assert_eq!(made["url"], address);
    let tested = done(&hooks(&world, "test told -o json"));
    assert_eq!(tested[0]["status"], "success");
    assert!(
        tested[0]["response_body"]
            .as_str()
            .unwrap()
            .contains("stripe-webhook")
    );
    // One that asks for a token gets one, or no webhook.
    let refused = hooks(&world, &format!("{create} checkout"));
    assert_eq!(refused.code(), Some("invalid_input"), "{refused}");
    assert_eq!(
        hooks(&world, &format!("{create} nope")).code(),
        Some("not_found")
    );
    assert_eq!(
        hooks(&world, "list -p acmeshopstagingabcde").code(),
        Some("project_paused")
    );
}
