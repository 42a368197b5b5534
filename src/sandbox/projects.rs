//! The life of projects: made, paused, woken, restarted, deleted, each in its own time.
//!
//! Nothing runs: a project notes what was begun and when, and its status is worked out from the clock.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::management::{Route, Row, unknown_project};
use super::seed;
use super::server::{Asked, Told};
use super::state::written;

pub(super) const ROUTES: &[Row] = &[
    ("GET", "/v1/projects", Route::Do(list)),
    ("POST", "/v1/projects", Route::Do(create)),
    ("GET", "/v1/projects/{}", Route::OfProject("/project")),
    ("PATCH", "/v1/projects/{}", Route::Do(rename)),
    ("DELETE", "/v1/projects/{}", Route::Do(delete)),
    ("POST", "/v1/projects/{}/pause", Route::Do(pause)),
    ("POST", "/v1/projects/{}/restore", Route::Do(restore)),
    ("POST", "/v1/projects/{}/restart", Route::Do(restart)),
];

/// What was begun, and the states that follow, each with the second from which it holds. The last
/// one stays.
const WALKS: &[(&str, &[(i64, &str)])] = &[
    ("create", &[(0, "COMING_UP"), (90, "ACTIVE_HEALTHY")]),
    ("pause", &[(0, "PAUSING"), (45, "INACTIVE")]),
    (
        "restore",
        &[(0, "RESTORING"), (60, "COMING_UP"), (120, "ACTIVE_HEALTHY")],
    ),
    ("restart", &[(0, "RESTARTING"), (30, "ACTIVE_HEALTHY")]),
    ("rewind", &[(0, "RESTORING"), (300, "ACTIVE_HEALTHY")]),
    // One that is unwell gets well by itself, once somebody has looked at it.
    (
        "recover",
        &[
            (0, "ACTIVE_UNHEALTHY"),
            (120, "RESTARTING"),
            (240, "ACTIVE_HEALTHY"),
        ],
    ),
    ("delete", &[(0, "GOING_DOWN"), (20, GONE)]),
];

/// The end of a project, which no answer ever names.
const GONE: &str = "GONE";

const REGIONS: &[&str] = &[
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-east-1",
    "ap-southeast-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-southeast-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-north-1",
    "eu-central-1",
    "eu-central-2",
    "ca-central-1",
    "ap-south-1",
    "sa-east-1",
];

/// Brings every project to the state that it has by now.
pub(super) fn settle(state: &mut Value, now: Timestamp) {
    let mut gone = Vec::new();
    for (reference, project) in state["projects"].as_object_mut().into_iter().flatten() {
        let Some((since, steps)) = walk(project) else {
            continue;
        };
        let passed = now.duration_since(since).as_secs();
        let reached = steps.iter().take_while(|(from, _)| *from <= passed);
        let Some((at, (_, status))) = reached.enumerate().last() else {
            continue;
        };
        if *status == GONE {
            gone.push(reference.clone());
        }
        project["project"]["status"] = json!(status);
        if at + 1 == steps.len() {
            project["walk"] = Value::Null;
        }
    }
    for reference in gone {
        if let Some(projects) = state["projects"].as_object_mut() {
            projects.shift_remove(&reference);
        }
        super::management::elements(state, "removed").push(json!(reference));
    }
}

fn walk(project: &Value) -> Option<(Timestamp, &'static [(i64, &'static str)])> {
    let begun = project["walk"]["begun"].as_str()?;
    let since = project["walk"]["at"].as_str()?.parse().ok()?;
    let (_, steps) = WALKS.iter().find(|(name, _)| *name == begun)?;
    Some((since, steps))
}

/// Begins a walk.
pub(super) fn begin(project: &mut Value, what: &str, now: Timestamp) {
    project["walk"] = json!({"begun": what, "at": written(now)});
    // The first state holds at once, also for what else this request looks at.
    if let Some((_, steps)) = walk(project) {
        project["project"]["status"] = json!(steps[0].1);
    }
}

/// What is said of a project that is not there: of one that was deleted, something of its own.
pub(super) fn missing(state: &Value, reference: &str) -> Told {
    let removed = state["removed"].as_array().into_iter().flatten();
    if removed.into_iter().any(|removed| removed == reference) {
        return Told::message(400, "Resource has been removed");
    }
    unknown_project()
}

/// Branches are projects too, and not in this list.
fn list(state: &mut Value, _: Timestamp, _: &[&str], _: &Asked) -> Told {
    let projects = state["projects"].as_object().into_iter().flatten();
    let rows: Vec<_> = projects
        .filter(|(_, project)| project["branch"].is_null())
        .map(|(_, project)| &project["project"])
        .collect();
    Told::json(200, &json!(rows))
}

fn create(state: &mut Value, now: Timestamp, _: &[&str], asked: &Asked) -> Told {
    let body = asked.json();
    for key in ["name", "db_pass", "organization_slug"] {
        if body[key].as_str().is_none_or(str::is_empty) {
            let message = format!("{key}: Invalid input: expected string, received undefined");
            return Told::message(400, &message);
        }
    }
    let organizations = state["organizations"].as_array().into_iter().flatten();
    if !organizations
        .into_iter()
        .any(|one| one["slug"] == body["organization_slug"])
    {
        return unknown_project();
    }
    let region = body["region_selection"]["code"]
        .as_str()
        .or(body["region"].as_str())
        .unwrap_or("us-east-1");
    let region = match region {
        "americas" => "us-east-1",
        "emea" => "eu-central-1",
        "apac" => "ap-southeast-1",
        specific => specific,
    };
    if !REGIONS.contains(&region) {
        return Told::message(400, "region_selection.code: Invalid option");
    }
    let name = body["name"].as_str().unwrap_or_default();
    if state["projects"].as_object().is_some_and(|projects| {
        projects
            .values()
            .any(|one| one["project"]["name"] == name && one["branch"].is_null())
    }) {
        let message = format!("Project with name {name} already exists in your organization");
        return Told::message(400, &message);
    }
    let (reference, made) = make(state, now, name, region);
    let mut answer = made["project"].clone();
    answer["status"] = json!("UNKNOWN");
    if let Some(answer) = answer.as_object_mut() {
        answer.shift_remove("database");
    }
    state["projects"][reference] = made;
    Told::json(201, &answer)
}

/// A project that begins to come up.
pub(super) fn make(state: &Value, now: Timestamp, name: &str, region: &str) -> (String, Value) {
    let count = state["projects"]
        .as_object()
        .map_or(0, serde_json::Map::len);
    let reference = seed::letters(&[name, &count.to_string(), &written(now)]);
    let mut made = seed::project(&reference, name, region, "COMING_UP", &written(now));
    begin(&mut made, "create", now);
    (reference, made)
}

fn rename(state: &mut Value, _: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let name = asked.json()["name"].clone();
    if name.as_str().is_none_or(str::is_empty) {
        return Told::message(400, "name: String must contain at least 1 character(s)");
    }
    state["projects"][parts[0]]["project"]["name"] = name.clone();
    Told::json(200, &json!({"id": 711_274, "ref": parts[0], "name": name}))
}

fn delete(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let project = &mut state["projects"][parts[0]];
    let name = project["project"]["name"].clone();
    if project["project"]["status"] == "COMING_UP" {
        return Told::message(400, "Project not ready for deletion.");
    }
    begin(project, "delete", now);
    Told::json(
        200,
        &json!({"id": 711_274, "name": name, "ref": parts[0], "slug": parts[0]}),
    )
}

fn pause(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    go(
        &mut state["projects"][parts[0]],
        "pause",
        &["ACTIVE_HEALTHY", "ACTIVE_UNHEALTHY"],
        now,
    )
}

fn restore(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    go(
        &mut state["projects"][parts[0]],
        "restore",
        &["INACTIVE"],
        now,
    )
}

fn restart(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    go(
        &mut state["projects"][parts[0]],
        "restart",
        &["ACTIVE_HEALTHY", "ACTIVE_UNHEALTHY"],
        now,
    )
}

/// Begins what is possible from some states only.
pub(super) fn go(project: &mut Value, what: &str, from: &[&str], now: Timestamp) -> Told {
    let status = project["project"]["status"].as_str().unwrap_or_default();
    if !from.contains(&status) {
        return Told::message(
            400,
            &format!("Project cannot {what} while its status is {status}"),
        );
    }
    begin(project, what, now);
    Told {
        status: 200,
        ..Told::default()
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_state_is_a_function_of_what_was_begun_and_the_time() {
        let start: Timestamp = "2026-11-25T10:00:00Z".parse().unwrap();
        let at = |what: &str, seconds| {
            let mut state = json!({"projects": {}});
            state["projects"]["x"] = seed::project("x", "x", "r", "ACTIVE_HEALTHY", "");
            begin(&mut state["projects"]["x"], what, start);
            settle(&mut state, start + SignedDuration::from_secs(seconds));
            state["projects"]["x"]["project"]["status"]
                .as_str()
                .map(str::to_owned)
        };
        for (what, steps) in WALKS {
            for (index, (from, status)) in steps.iter().enumerate() {
                let until = steps
                    .get(index + 1)
                    .map_or(from + 100_000, |next| next.0 - 1);
                for second in [*from, until] {
                    let expected = Some((*status).to_owned()).filter(|status| status != GONE);
                    assert_eq!(at(what, second), expected, "{what} after {second} s");
                }
            }
        }
    }
}
