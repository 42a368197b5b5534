use serde_json::{Value, json};

use crate::support::{FakeSupabase, Faulty, PROJECT, World};

/// Each check with its state.
fn states(data: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = data.as_array().unwrap().iter();
    rows.map(|row| (text(&row["check"]), text(&row["state"])))
        .collect()
}

fn state<'a>(states: &'a [(String, String)], check: &str) -> Option<&'a str> {
    let found = states.iter().find(|(name, _)| name == check)?;
    Some(&found.1)
}

#[test]
fn a_machine_that_is_well_passes_every_check() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/profile")
        .answers(200, json!({"username": "ada"}));
    supabase.on("GET", PROJECT).answers(200, "project.json");
    let screen = supabase.run("doctor -o json");
    let found = states(&screen.json()["data"]);
    for check in [
        "configuration",
        "token",
        "name",
        "service",
        "account",
        "clock",
        "project",
    ] {
        assert_eq!(state(&found, check), Some("ok"), "{check}: {screen}");
    }
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn a_service_that_cannot_be_reached_is_a_failure_with_its_mend() {
    let world = World::served_by(&Faulty::nobody());
    let screen = world.run("doctor --retries 0 -o json");
    assert_eq!(screen.code(), Some("check_failed"), "{screen}");
    assert_eq!(screen.status(), Some(9), "{screen}");
    let envelope = screen.json();
    assert_eq!(envelope["success"], json!(false));
    let found = states(&envelope["data"]);
    assert_eq!(state(&found, "service"), Some("failure"), "{screen}");
    let rows = envelope["data"].as_array().unwrap();
    for row in rows.iter().filter(|row| row["state"] != "ok") {
        assert!(row["mend"].is_string(), "{row}");
    }
}

#[test]
fn a_missing_token_is_a_failure_and_the_rest_is_still_looked_at() {
    let world = World::new();
    let screen = world
        .command("doctor -o json")
        .without("SUPABASE_ACCESS_TOKEN")
        .run();
    let found = states(&screen.json()["data"]);
    assert_eq!(state(&found, "token"), Some("failure"), "{screen}");
    assert!(state(&found, "configuration").is_some(), "{screen}");
    assert_eq!(screen.status(), Some(9));
}

#[test]
fn a_refused_token_and_a_wrong_clock_are_told_apart_from_the_network() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/profile")
        .answers(401, json!({"message": "Unauthorized"}));
    supabase
        .on("GET", PROJECT)
        .answers(401, json!({"message": "Unauthorized"}));
    let refused = supabase.run("doctor -o json");
    let found = states(&refused.json()["data"]);
    assert_eq!(state(&found, "account"), Some("failure"), "{refused}");

    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/profile")
        .answers(200, json!({"username": "ada"}))
        .header("date", "Mon, 01 Jan 2024 00:00:00 GMT");
    supabase.on("GET", PROJECT).answers(200, "project.json");
    let late = supabase.run("doctor -o json");
    let found = states(&late.json()["data"]);
    assert_eq!(state(&found, "clock"), Some("warning"), "{late}");
    assert_eq!(late.status(), Some(0), "a warning is no failure: {late}");
}

#[test]
fn the_sandbox_is_well_too() {
    let world = World::new();
    let screen = world.run("doctor --profile sandbox -o json");
    assert_eq!(screen.status(), Some(0), "{screen}");
}
