//! Branches (each is a project of its own), what was set in motion on them, and backups.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::management::{Route, Row, elements, merge};
use super::projects::{begin, go, make};
use super::seed;
use super::server::{Asked, Told};
use super::state::written;

pub(super) const ROUTES: &[Row] = &[
    ("GET", "/v1/projects/{}/branches", Route::Do(list)),
    ("POST", "/v1/projects/{}/branches", Route::Do(create)),
    ("GET", "/v1/projects/{}/branches/{}", Route::Do(by_name)),
    ("GET", "/v1/branches/{}", Route::Do(details)),
    ("PATCH", "/v1/branches/{}", Route::Do(update)),
    ("DELETE", "/v1/branches/{}", Route::Do(delete)),
    ("POST", "/v1/branches/{}/push", Route::Do(run)),
    ("POST", "/v1/branches/{}/merge", Route::Do(run)),
    ("POST", "/v1/branches/{}/reset", Route::Do(run)),
    ("GET", "/v1/projects/{}/actions", Route::Do(runs)),
    ("GET", "/v1/projects/{}/actions/{}", Route::Do(one_run)),
    (
        "GET",
        "/v1/projects/{}/database/backups",
        Route::Do(backups),
    ),
    (
        "POST",
        "/v1/projects/{}/database/backups/restore-pitr",
        Route::Do(rewind),
    ),
];

/// The steps of a run, and the second at which each begins; the next one's is its end.
const STEPS: &[(&str, i64)] = &[
    ("clone", 0),
    ("pull", 5),
    ("health", 10),
    ("configure", 20),
    ("migrate", 30),
    ("seed", 45),
    ("deploy", 50),
];

/// When the last step of a run is over, in seconds.
const RUN_ENDS: i64 = 60;

/// A branch of the shop that has been there for a while.
pub(super) fn seed(projects: &mut serde_json::Map<String, Value>, parent: &str) {
    let (name, at) = ("pricing-page", "2026-10-05T08:15:00.000Z");
    let reference = seed::letters(&[parent, name]);
    let mut branch = seed::project(&reference, name, "eu-central-1", "ACTIVE_HEALTHY", at);
    branch["branch"] = record(
        &json!({"branch_name": name, "git_branch": "feature/pricing"}),
        parent,
        &reference,
        at,
    );
    projects.insert(reference, branch);
    let main = record(
        &json!({"branch_name": "main", "is_default": true, "persistent": true}),
        parent,
        parent,
        "2026-10-05T08:14:58.000Z",
    );
    projects[parent]["main_branch"] = main;
}

fn record(sent: &Value, parent: &str, reference: &str, at: &str) -> Value {
    let flag = |key: &str| sent[key].as_bool().unwrap_or(false);
    let mut record = json!({
        "id": seed::uuid(&[reference, "branch"]), "name": sent["branch_name"], "project_ref": reference, "parent_project_ref": parent,
        "is_default": flag("is_default"), "persistent": flag("persistent"), "with_data": flag("with_data"),
        "status": "CREATING_PROJECT", "created_at": at, "updated_at": at,
    });
    if sent["git_branch"].is_string() {
        record["git_branch"] = sent["git_branch"].clone();
    }
    record
}

/// A branch as it is now: its old status follows the one of its project.
fn shown(project: &Value) -> Value {
    let own = &project["branch"];
    let mut branch = if own.is_null() {
        project["main_branch"].clone()
    } else {
        own.clone()
    };
    let status = project["project"]["status"].clone();
    branch["status"] = json!(if status == "COMING_UP" {
        "CREATING_PROJECT"
    } else {
        "FUNCTIONS_DEPLOYED"
    });
    branch["preview_project_status"] = status;
    branch
}

/// The branches of a project, its default one first.
fn of<'a>(state: &'a Value, parent: &str) -> Vec<&'a Value> {
    let all = state["projects"].as_object().into_iter().flatten();
    let main = all
        .clone()
        .filter(|(reference, project)| *reference == parent && project["main_branch"].is_object());
    let others = all.filter(|(_, project)| project["branch"]["parent_project_ref"] == parent);
    main.chain(others).map(|(_, project)| project).collect()
}

fn list(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    match of(state, parts[0]).as_slice() {
        [] => Told::message(422, "Preview branching is not enabled for this project."),
        branches => Told::json(200, &branches.iter().map(|branch| shown(branch)).collect()),
    }
}

fn by_name(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let found = of(state, parts[0])
        .into_iter()
        .map(shown)
        .find(|branch| branch["name"] == parts[1]);
    found.map_or_else(
        || Told::message(404, "Branch not found"),
        |branch| Told::json(200, &branch),
    )
}

/// The first branch switches branching on, which makes the default one too.
fn create(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let (parent, sent, at) = (parts[0], asked.json(), written(now));
    let Some(name) = sent["branch_name"].as_str().filter(|name| !name.is_empty()) else {
        return Told::message(
            400,
            "branch_name: String must contain at least 1 character(s)",
        );
    };
    if of(state, parent)
        .into_iter()
        .any(|branch| shown(branch)["name"] == name)
    {
        return Told::message(409, &format!("A branch named {name} already exists"));
    }
    let region = state["projects"][parent]["project"]["region"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let (reference, mut made) = make(state, now, name, &region);
    made["branch"] = record(&sent, parent, &reference, &at);
    if state["projects"][parent]["main_branch"].is_null() {
        let main = json!({"branch_name": "main", "is_default": true, "persistent": true});
        state["projects"][parent]["main_branch"] = record(&main, parent, parent, &at);
    }
    let answer = shown(&made);
    state["projects"][reference] = made;
    Told::json(201, &answer)
}

/// The project of a branch that a path names by its reference, or by its id as of old.
fn project<'a>(state: &'a mut Value, named: &str) -> Result<&'a mut Value, Told> {
    let projects = state["projects"].as_object_mut().into_iter().flatten();
    let mut branches = projects
        .map(|(_, project)| project)
        .filter(|project| !project["branch"].is_null());
    let found = branches.find(|project| {
        project["branch"]["project_ref"] == named || project["branch"]["id"] == named
    });
    found.ok_or_else(|| Told::message(404, "Branch not found"))
}

fn details(state: &mut Value, _: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let project = match project(state, parts[0]) {
        Ok(project) => &project["project"],
        Err(missing) => return missing,
    };
    let reference = project["ref"].as_str().unwrap_or_default();
    Told::json(
        200,
        &json!({"ref": reference, "postgres_version": project["database"]["version"], "postgres_engine": "17", "release_channel": "ga",
                "status": project["status"], "db_host": project["database"]["host"], "db_port": 5432, "db_user": "postgres",
                "db_pass": seed::hex(&[reference, "db pass"]), "jwt_secret": seed::hex(&[reference, "jwt secret"])}),
    )
}

fn update(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let project = match project(state, parts[0]) {
        Ok(project) => project,
        Err(missing) => return missing,
    };
    let mut sent = asked.json();
    if let Some(name) = sent
        .as_object_mut()
        .and_then(|sent| sent.shift_remove("branch_name"))
    {
        sent["name"] = name;
    }
    merge(&mut project["branch"], &sent);
    project["branch"]["updated_at"] = json!(written(now));
    Told::json(200, &shown(project))
}

/// At once, or in an hour, in which it can be taken back.
fn delete(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let project = match project(state, parts[0]) {
        Ok(project) => project,
        Err(missing) => return missing,
    };
    if asked.query("force") == Some("false") {
        let at = now
            .checked_add(SignedDuration::from_hours(1))
            .unwrap_or(now);
        project["branch"]["deletion_scheduled_at"] = json!(written(at));
    } else {
        begin(project, "delete", now);
    }
    Told::json(200, &json!({"message": "ok"}))
}

/// Sets something in motion that takes its steps in its own time.
fn run(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let branch = match project(state, parts[0]) {
        Ok(project) => project["branch"].clone(),
        Err(missing) => return missing,
    };
    let at = written(now);
    let id = seed::uuid(&[&asked.path, &at]);
    let parent = branch["parent_project_ref"].as_str().unwrap_or_default();
    let run = json!({"id": id, "branch_id": branch["id"], "at": at});
    elements(&mut state["projects"][parent], "runs").push(run);
    Told::json(201, &json!({"workflow_run_id": id, "message": "ok"}))
}

/// A run as it is by now.
fn shown_run(run: &Value, now: Timestamp) -> Value {
    let begun: Timestamp = run["at"]
        .as_str()
        .and_then(|at| at.parse().ok())
        .unwrap_or(now);
    let passed = now.duration_since(begun).as_secs();
    let ends = STEPS
        .iter()
        .skip(1)
        .map(|(_, from)| *from)
        .chain([RUN_ENDS]);
    let steps = STEPS.iter().zip(ends).map(|((name, from), end)| {
        let status = match passed {
            passed if passed >= end => "EXITED",
            passed if passed >= *from => "RUNNING",
            _ => "CREATED",
        };
        json!({"name": name, "status": status, "created_at": run["at"], "updated_at": run["at"]})
    });
    json!({"id": run["id"], "branch_id": run["branch_id"], "run_steps": steps.collect::<Vec<_>>(), "workdir": null, "check_run_id": null,
           "created_at": run["at"], "updated_at": run["at"]})
}

fn runs(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let runs = elements(&mut state["projects"][parts[0]], "runs")
        .iter()
        .rev();
    Told::json(200, &runs.map(|run| shown_run(run, now)).collect())
}

fn one_run(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let mut runs = elements(&mut state["projects"][parts[0]], "runs").iter();
    match runs.find(|run| run["id"] == parts[1]) {
        Some(run) => Told::json(200, &shown_run(run, now)),
        None => Told::message(404, "Action run not found"),
    }
}

/// One backup for each of the last days; the shop can also go back to any moment of the last week.
fn backups(state: &mut Value, now: Timestamp, parts: &[&str], _: &Asked) -> Told {
    let project = &state["projects"][parts[0]]["project"];
    let pitr = has_pitr(&state["projects"][parts[0]]);
    let second = now.as_second();
    let midnight = second - second.rem_euclid(86_400);
    let daily = (0..7).map(|day| {
        let at = Timestamp::from_second(midnight - day * 86_400 + 7_260).unwrap_or(now);
        json!({"id": midnight / 86_400 - day, "is_physical_backup": pitr, "status": "COMPLETED", "inserted_at": written(at)})
    });
    let daily: Vec<_> = daily
        .filter(|backup| backup["inserted_at"].as_str() <= Some(&written(now)))
        .collect();
    let window = if pitr {
        json!({"earliest_physical_backup_date_unix": second - 7 * 86_400, "latest_physical_backup_date_unix": second - 120})
    } else {
        json!({})
    };
    Told::json(
        200,
        &json!({"region": project["region"], "walg_enabled": true, "pitr_enabled": pitr, "backups": daily, "physical_backup_data": window}),
    )
}

/// An add-on of the shop.
fn has_pitr(project: &Value) -> bool {
    project["project"]["ref"] == seed::DEFAULT_PROJECT
}

fn rewind(state: &mut Value, now: Timestamp, parts: &[&str], asked: &Asked) -> Told {
    let project = &mut state["projects"][parts[0]];
    if !has_pitr(project) {
        return Told::message(400, "PITR is not enabled for this project.");
    }
    let second = now.as_second();
    let window = second - 7 * 86_400..=second - 120;
    match asked.json()["recovery_time_target_unix"].as_i64() {
        Some(target) if window.contains(&target) => {
            let told = go(
                project,
                "rewind",
                &["ACTIVE_HEALTHY", "ACTIVE_UNHEALTHY"],
                now,
            );
            Told {
                status: if told.status == 200 { 201 } else { told.status },
                ..told
            }
        }
        _ => Told::message(
            400,
            "recovery_time_target_unix: outside of the recovery window",
        ),
    }
}
