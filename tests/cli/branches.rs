use serde_json::json;

use crate::support::{FakeSupabase, Said, Screen, World};

const BRANCHES: &str = "/v1/projects/abcdefghijklmnopqrst/branches";
const PAGE: &str = "/v1/projects/abcdefghijklmnopqrst/branches/page";
const OWN: &str = "bcdefghijklmnopqrstu";

fn sandbox(world: &World, line: &str) -> Screen {
    world.command(line).env("SUPACTL_PROFILE", "sandbox").run()
}

fn branch() -> serde_json::Value {
    json!({"id": "5d1e0c2a-0000-4000-a000-000000000000", "name": "page", "project_ref": OWN, "parent_project_ref": "abcdefghijklmnopqrst",
           "is_default": false, "persistent": false, "with_data": false, "status": "A_STALE_ONE", "preview_project_status": "ACTIVE_HEALTHY",
           "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T10:00:00Z"})
}

#[test]
fn branching_that_is_off_is_an_empty_list() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", BRANCHES).answers(
        422,
        json!({"message": "Preview branching is not enabled for this project."}),
    );
    insta::assert_snapshot!(supabase.run("branches list"), @"
    ------- stderr -------
    Branching is switched off: the first `supactl branches create` switches it on
    ");
    let listed = supabase.run("branches list -o json");
    assert_eq!(
        (listed.status(), &listed.json()["data"]),
        (Some(0), &json!([]))
    );
}

#[test]
fn list_and_get_show_branches() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", BRANCHES)
        .answers(200, json!([branch(), {"name": "odd"}]));
    supabase.on("GET", PAGE).answers(200, branch());
    insta::assert_snapshot!(supabase.run("branches list"), @"
    page	bcdefghijklmnopqrstu	ACTIVE_HEALTHY		false	false	2026-03-01 10:00:00+00:00
    odd
    ");
    insta::assert_snapshot!(supabase.run("branches get page"), @"
    name	page
    project_ref	bcdefghijklmnopqrstu
    preview_project_status	ACTIVE_HEALTHY
    git_branch	
    persistent	false
    is_default	false
    created_at	2026-03-01 10:00:00+00:00
    ");
}

#[test]
fn a_branch_is_also_known_by_its_reference() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &format!("{BRANCHES}/{OWN}"))
        .answers(404, json!({"message": "Branch not found"}));
    supabase.on("GET", BRANCHES).answers(200, json!([branch()]));
    assert_eq!(
        supabase.run(&format!("branches get {OWN} -o json")).json()["data"]["name"],
        "page"
    );
    supabase
        .on("GET", &format!("{BRANCHES}/other"))
        .answers(404, json!({"message": "Branch not found"}));
    insta::assert_snapshot!(supabase.run("branches get other"), @"
    ------- stderr -------
    error[not_found]: branch `other` was not found
    hint: `supactl branches list` shows what there is
    [exit status: 5]
    ");
}

#[test]
fn a_branch_is_looked_for_among_all_only_where_a_reference_was_not_found() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", BRANCHES).never();
    supabase
        .on("GET", PAGE)
        .answers(404, json!({"message": "Branch not found"}));
    supabase
        .on("GET", &format!("{BRANCHES}/{OWN}"))
        .answers(403, json!({"message": "Forbidden"}));
    assert_eq!(supabase.run("branches get page").status(), Some(5));
    let refused = supabase.run(&format!("branches get {OWN}"));
    assert_eq!(refused.status(), Some(4), "{refused}");
}

#[test]
fn a_list_that_is_refused_is_no_empty_list() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", BRANCHES)
        .answers(403, json!({"message": "Forbidden"}));
    assert_eq!(supabase.run("branches list").status(), Some(4));
}

#[test]
fn a_name_with_a_slash_is_one_segment() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &format!("{BRANCHES}/feature%2Fx"))
        .answers(200, branch())
        .once();
    assert_eq!(supabase.run("branches get feature/x").status(), Some(0));
}

#[test]
fn secrets_of_a_branch_are_shown_only_when_asked_for() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PAGE).answers(200, branch());
    let details = json!({"ref": OWN, "status": "ACTIVE_HEALTHY", "db_host": "db.x", "db_port": 5432, "db_user": "postgres", "db_pass": "hunter2", "jwt_secret": "hunter3"});
    supabase
        .on("GET", &format!("/v1/branches/{OWN}"))
        .answers(200, details)
        .once();
    assert!(
        !supabase
            .run("branches get page -o json")
            .stdout()
            .contains("hunter")
    );
    insta::assert_snapshot!(supabase.run("branches get page --reveal"), @"
    name	page
    project_ref	bcdefghijklmnopqrstu
    preview_project_status	ACTIVE_HEALTHY
    database.db_host	db.x
    database.db_port	5432
    database.db_user	postgres
    database.db_pass	hunter2
    database.jwt_secret	hunter3
    ");
}

#[test]
fn create_sends_only_what_was_given() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", BRANCHES)
        .with_body(json!({"branch_name": "page"}))
        .answers(201, branch())
        .once();
    supabase
        .on("POST", BRANCHES)
        .with_body(json!({"branch_name": "page", "git_branch": "g", "region": "eu-west-3", "desired_instance_size": "pico", "persistent": true, "with_data": true}))
        .answers(201, branch())
        .once();
    supabase.on("GET", PAGE).answers(200, branch());
    insta::assert_snapshot!(supabase.run("branches create page"), @"
    name	page
    project_ref	bcdefghijklmnopqrstu
    preview_project_status	ACTIVE_HEALTHY
    git_branch	
    persistent	false
    is_default	false
    created_at	2026-03-01 10:00:00+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Created branch `page`, project bcdefghijklmnopqrstu
    ");
    let all = supabase.run("branches create page --git-branch g --region eu-west-3 --size pico --persistent --with-data");
    assert_eq!(all.status(), Some(0), "{all}");
}

#[test]
fn a_lost_answer_is_looked_after_and_not_asked_for_again() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", BRANCHES)
        .answers(504, Said::Nothing)
        .times(2);
    supabase
        .on("GET", BRANCHES)
        .answers(200, json!([branch()]))
        .once();
    supabase.on("GET", BRANCHES).answers(200, json!([])).once();
    insta::assert_snapshot!(supabase.run("branches create page"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[api_error]: the service answered 504 Gateway Timeout
    hint: it may have happened all the same: there is a branch `page`, its project bcdefghijklmnopqrstu has the status ACTIVE_HEALTHY
    [exit status: 1]
    ");
    insta::assert_snapshot!(supabase.run("branches create page"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[api_error]: the service answered 504 Gateway Timeout
    hint: no branch `page` is to be seen so far; it may still appear: look at `supactl branches list` before trying again
    [exit status: 1]
    ");
}

#[test]
fn refusals_of_plan_and_permission_are_told_apart() {
    for (status, message, code) in [
        (402, "Branching requires a higher plan", "plan_required"),
        (
            403,
            "Your account does not have the necessary privileges",
            "forbidden",
        ),
        (409, "A branch named page already exists", "already_exists"),
        (422, "Branch limit", "conflict"),
    ] {
        let supabase = FakeSupabase::start();
        supabase
            .on("POST", BRANCHES)
            .answers(status, json!({"message": message}))
            .once();
        let screen = supabase.run("branches create page");
        assert_eq!(screen.code(), Some(code), "{screen}");
    }
}

#[test]
fn a_run_that_fails_names_its_step() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PAGE).answers(200, branch());
    supabase
        .on("POST", &format!("/v1/branches/{OWN}/merge"))
        .answers(201, json!({"workflow_run_id": "r1", "message": "ok"}))
        .once();
    let run = "/v1/projects/abcdefghijklmnopqrst/actions/r1";
    supabase
        .on("GET", run)
        .answers(200, json!({"id": "r1", "run_steps": [{"name": "clone", "status": "EXITED"}, {"name": "migrate", "status": "DEAD"}]}))
        .once();
    insta::assert_snapshot!(supabase.run("branches merge page --wait --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[api_error]: Merge of branch `page` failed at the step `migrate`
    hint: `supactl api GET /v1/projects/abcdefghijklmnopqrst/actions/r1/logs` shows what happened
    [exit status: 1]
    ");
}

#[test]
fn a_run_that_is_not_written_down_yet_is_waited_for() {
    let merge = |status: u16| {
        let supabase = FakeSupabase::start();
        supabase.on("GET", PAGE).answers(200, branch());
        supabase
            .on("POST", &format!("/v1/branches/{OWN}/merge"))
            .answers(201, json!({"workflow_run_id": "r1", "message": "ok"}))
            .once();
        supabase
            .on("GET", "/v1/projects/abcdefghijklmnopqrst/actions/r1")
            .answers(status, json!({"message": "no"}));
        supabase.run("branches merge page --wait --timeout 1s --yes")
    };
    insta::assert_snapshot!(merge(404), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Merge of branch `page`: queued
    error[timeout]: Merge of branch `page`: still queued after 1 s
    hint: it goes on all the same; wait longer with `--timeout`
    [exit status: 8]
    ");
    let refused = merge(403);
    assert_eq!(refused.status(), Some(4), "{refused}");
}

#[test]
fn what_destroys_asks_first() {
    let supabase = FakeSupabase::start();
    for verb in ["delete", "merge", "reset"] {
        assert_eq!(
            supabase.run(&format!("branches {verb} page")).status(),
            Some(3),
            "{verb}"
        );
    }
    assert_eq!(supabase.conversation(), "");
    supabase.on("GET", PAGE).answers(200, branch());
    for verb in ["delete", "merge", "reset"] {
        let screen = supabase.run(&format!("branches {verb} page --dry-run -o json"));
        assert_eq!(
            screen.json()["data"]["requests"].as_array().unwrap().len(),
            1,
            "{screen}"
        );
    }
}

#[test]
fn a_branch_lives_in_the_sandbox() {
    let world = World::new();
    let fields = "--fields name,preview_project_status,git_branch";
    let made = sandbox(
        &world,
        &format!("branches create try-out --git-branch try {fields}"),
    );
    assert_eq!(
        made.stdout(),
        "name\ttry-out\npreview_project_status\tCOMING_UP\ngit_branch\ttry\n",
        "{made}"
    );
    sandbox(&world, "sandbox clock +2m").status();
    let merged = sandbox(
        &world,
        &format!("branches merge try-out --wait --yes {fields}"),
    );
    assert_eq!(
        merged.stdout(),
        "name\ttry-out\npreview_project_status\tACTIVE_HEALTHY\ngit_branch\ttry\n",
        "{merged}"
    );
    let steps: Vec<_> = merged
        .stderr()
        .lines()
        .filter(|line| line.starts_with("Merge of"))
        .collect();
    assert_eq!(steps.len(), 8, "seven steps and the end: {merged}");
    let reset = sandbox(&world, "branches reset try-out --yes -o json").json();
    assert!(reset["data"]["workflow_run_id"].is_string(), "{reset}");
    let deleted = sandbox(&world, "branches delete try-out --yes -o json").json();
    assert_eq!(deleted["data"]["deleted"], true);
    sandbox(&world, "sandbox clock +1m").status();
    assert_eq!(
        sandbox(&world, "branches get try-out").code(),
        Some("not_found")
    );
    assert_eq!(
        sandbox(&world, "branches create pricing-page").code(),
        Some("already_exists")
    );
    // A branch is a project of its own, and no project of the list.
    assert_eq!(
        sandbox(&world, "projects list -o json").json()["metadata"]["count"],
        3
    );
}

#[test]
fn a_new_branch_is_waited_for() {
    let world = World::new();
    let made = sandbox(
        &world,
        "branches create try-out --wait --fields preview_project_status --project acmeanalyticsabcdefg",
    );
    assert_eq!(
        made.stdout(),
        "preview_project_status\tACTIVE_HEALTHY\n",
        "{made}"
    );
    let listed = sandbox(
        &world,
        "branches list --fields name --project acmeanalyticsabcdefg",
    );
    assert_eq!(
        listed.stdout().lines().count(),
        2,
        "the default branch is there too: {listed}"
    );
}

#[test]
fn a_list_after_a_deletion_is_asked_for_anew() {
    let world = World::own_sandbox();
    let made = world.run("branches create rev1 --wait");
    assert_eq!(made.status(), Some(0), "{made}");
    assert!(world.run("branches list").stdout().contains("rev1"));
    assert_eq!(world.run("branches delete rev1 --yes").status(), Some(0));
    let listed = world.run("branches list");
    let row = listed.stdout().lines().find(|row| row.starts_with("rev1"));
    assert!(row.is_none_or(|row| row.contains("GOING_DOWN")), "{listed}");
}

#[test]
fn a_branch_that_is_not_ready_in_time_was_created_all_the_same() {
    let world = World::new();
    let line = "branches create try-out --wait --timeout 7s --fields name,preview_project_status --project acmeanalyticsabcdefg";
    let screen = sandbox(&world, line);
    assert_eq!(
        screen.stdout(),
        "name\ttry-out\npreview_project_status\tCOMING_UP\n",
        "{screen}"
    );
    assert_eq!(screen.code(), Some("timeout"), "{screen}");
    assert!(
        screen.stderr().contains("Created branch `try-out`"),
        "{screen}"
    );
}
