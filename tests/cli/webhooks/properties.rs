use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::{SECRET, done, hooks, sql};
use crate::support::{Receiver, World};

#[test]
fn a_secret_is_seen_by_the_receiver_alone() {
    let world = World::sandbox();
    let receiver = Receiver::start();
    let file = world.file("secret.txt", &format!("{SECRET}\n"));
    let create = format!(
        "create told --table orders --event insert --url {} --header Authorization=@{} --header X-Env=env:SECRET -vv",
        receiver.url("/echo"),
        file.display()
    );
    for line in [
        format!("{create} --dry-run"),
        create.clone(),
        create,
        "list -vv".to_owned(),
        "list -o csv".to_owned(),
        "list -o yaml --fields headers,name".to_owned(),
        "test told -vv".to_owned(),
        "deliveries -o json -vv".to_owned(),
        "update told --param a=b -vv --dry-run".to_owned(),
        "update told --param a=b -vv".to_owned(),
        "update told --when nope -vv".to_owned(),
        "resend told --where id=1 -vv".to_owned(),
        "disable told -vv".to_owned(),
        "delete told --yes -vv".to_owned(),
    ] {
        // `hooks` looks at each screen.
        let _ = hooks(&world, &line);
    }
    assert_eq!(receiver.next().headers["authorization"], SECRET.as_bytes());
    assert!(!String::from_utf8_lossy(&std::fs::read(file).unwrap()).is_empty());
}

#[test]
fn header_values_come_back_byte_for_byte() {
    let world = World::sandbox();
    let receiver = Receiver::start();
    let _ = hooks(
        &world,
        &format!(
            "create told --table orders --event insert --url {} -q",
            receiver.url("/")
        ),
    );
    let value = "[ -~¡-ÿα-ω雪🦀]{0,20}[!-~ü🦀]";
    let values = proptest::collection::vec(value, 12);
    let mut runner = TestRunner::new(Config {
        cases: 6,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&values, |values| {
            let mut run = world.command("integrations webhooks update told -o json");
            for (index, value) in values.iter().enumerate() {
                let file = world.file(&format!("header-{index}"), value);
                run = run
                    .arg("--header")
                    .arg(format!("X-{index}=@{}", file.display()));
            }
            done(&run.run());
            let listed = done(&hooks(&world, "list --reveal -o json"));
            let told = listed
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["name"] == "told")
                .unwrap();
            done(&hooks(&world, "test told -o json"));
            let request = receiver.next();
            for (index, value) in values.iter().enumerate() {
                prop_assert_eq!(&told["headers"][format!("X-{index}")], value);
                // Blanks around a value are no part of it in HTTP.
                let sent =
                    String::from_utf8(request.headers[&format!("x-{index}")].clone()).unwrap();
                prop_assert_eq!(sent.trim(), value.trim());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_name_and_every_table_can_have_a_webhook() {
    let world = World::sandbox();
    let name = "[!-~ü雪]{1,20}";
    let table = "[ -~ü雪]{1,20}";
    let mut runner = TestRunner::new(Config {
        cases: 8,
        failure_persistence: None,
        ..Config::default()
    });
    runner.run(&(name, table, table, table), |(name, schema, table, column)| {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let place = format!("{}.{}", quoted(&schema), quoted(&table));
        let made = sql(&world, &format!("create schema if not exists {}; drop table if exists {place}; create table {place} ({} text)", quoted(&schema), quoted(&column)));
        // `pg_…` is not for us, and neither is a schema of the service.
        prop_assume!(made.status() == Some(0));
        let run = |line: &str, last: &[&str]| {
            let mut run = world.command(&format!("integrations webhooks {line} -o json"));
            for argument in last {
                run = run.arg(*argument);
            }
            run.run()
        };
        let column = format!("--column={column}");
        let table = format!("--table={place}");
        let made = done(&run("create --event update --url https://example.com", &[&table, &column, "--", &name]));
        prop_assert_eq!((&made["name"], &made["schema"]), (&json!(name), &json!(schema)));
        prop_assert_eq!(&made["columns"], &json!([&column["--column=".len()..]]));
        let disabled = done(&run("disable", &[&table, "--", &name]));
        prop_assert_eq!(&disabled["enabled"], &json!(false));
        let updated = done(&run("update --method GET", &[&table, "--", &name]));
        prop_assert_eq!((&updated["method"], &updated["enabled"]), (&json!("GET"), &json!(false)));
        done(&run("test --no-wait", &[&table, "--", &name]));
        let deliveries = done(&run("deliveries", &[&table, "--", &name]));
        prop_assert_eq!(&deliveries[0]["webhook"], &json!(name));
        let deleted = done(&run("delete --yes", &[&table, "--", &name]));
        prop_assert_eq!(&deleted["deleted"], &json!(true));
        let gone = run("delete --yes", &[&table, "--", &name]);
        prop_assert_eq!(gone.code(), Some("not_found"));
        Ok(())
    }).unwrap();
}
