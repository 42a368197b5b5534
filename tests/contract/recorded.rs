//! Every answer recorded of the real Management API: the program understands it.

use serde_json::{Value, json};

use crate::program::{Run, supactl};
use crate::service::{Service, body, is_json};
use crate::{PROJECT, exchanges, fits, rig_folder};

/// Which command asks for which operation. The others are asked for by `api`.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("GET", "/v1/projects", "projects list"),
    ("GET", "/v1/projects/{}", "projects get"),
    ("GET", "/v1/projects/{}/api-keys", "storage buckets list"),
    ("GET", "/v1/organizations", "orgs list"),
    ("GET", "/v1/organizations/{}", "orgs get acme"),
    ("GET", "/storage/v1/bucket", "storage buckets list"),
    ("POST", "/storage/v1/bucket", "storage buckets create t1"),
    (
        "DELETE",
        "/storage/v1/object/{}",
        "storage buckets empty t1 --yes",
    ),
];

#[test]
fn every_recorded_answer_is_understood() {
    let Some(rig) = rig_folder("every_recorded_answer_is_understood") else {
        return;
    };
    let service = Service::start();
    let mut seen = Vec::new();
    let mut by_command = 0;
    for exchange in exchanges(&rig.join("recorded/exchanges.jsonl")) {
        let verb = exchange["request"]["method"].as_str().unwrap();
        let path = exchange["request"]["path"].as_str().unwrap();
        let response = &exchange["response"];
        let same = json!([
            verb,
            path,
            response["status"],
            response["headers"]["content-type"],
            response["body"]
        ]);
        if seen.contains(&same) {
            continue;
        }
        seen.push(same);
        let command = COMMANDS
            .iter()
            .find(|(method, pattern, _)| *method == verb && fits(pattern, path));
        if let Some((_, pattern, command)) = command {
            understood(&service, verb, pattern, response, command);
            by_command += 1;
        }
        if path.starts_with("/v1/") || path.starts_with("/v2/") {
            passed_on(&service, verb, path, response);
        }
    }
    assert!(seen.len() > 100, "only {} answers were found", seen.len());
    assert!(by_command > 10, "only {by_command} answers have a command");
}

/// The command of an operation prints the answer in both of the formats that matter most.
fn understood(service: &Service, verb: &str, pattern: &str, response: &Value, command: &str) {
    let ok = response["status"].as_u64().unwrap() < 300;
    let run = |format: &str| -> Run {
        service.next(verb, pattern, response);
        let run = supactl(&service.address(), &format!("{command} -o {format}"));
        service.was_asked();
        run
    };
    let (json, table) = (run("json"), run("table"));
    if ok {
        let envelope = json.succeeded();
        assert_eq!(table.status, Some(0), "{table}");
        assert_eq!(
            table.stdout.is_empty(),
            envelope["data"] == json!([]),
            "{table}"
        );
    } else {
        json.refused(&response["body"], &[]);
        assert!(table.stdout.is_empty(), "{table}");
        assert_eq!(table.status, json.status, "{table}");
    }
}

/// `api` passes a success on byte for byte, and tells what a refusal says.
fn passed_on(service: &Service, verb: &str, path: &str, response: &Value) {
    service.next(verb, path, response);
    let ok = response["status"].as_u64().unwrap() < 300;
    let format = if ok { "" } else { " -o json" };
    let run = supactl(
        &service.address(),
        &format!("api {verb} {path} --yes -p {PROJECT}{format}"),
    );
    service.was_asked();
    if !ok {
        run.refused(&response["body"], &[]);
        return;
    }
    assert_eq!(run.status, Some(0), "{run}");
    let expected = body(response);
    if is_json(response) && !expected.is_empty() {
        let printed: Value = serde_json::from_slice(&run.stdout).expect("JSON");
        assert_eq!(printed, response["body"], "{run}");
    } else {
        assert_eq!(run.stdout, expected, "{run}");
    }
}
