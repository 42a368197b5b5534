use serde_json::json;

use crate::support::{FakeSupabase, PROJECT, Screen, World};

const BACKUPS: &str = "/v1/projects/abcdefghijklmnopqrst/database/backups";
const PITR: &str = "/v1/projects/abcdefghijklmnopqrst/database/backups/restore-pitr";

fn sandbox(world: &World, line: &str) -> Screen {
    world.command(line).env("SUPACTL_PROFILE", "sandbox").run()
}

/// A project that can go back to any moment of the first of March 2026.
fn with_pitr() -> FakeSupabase {
    let supabase = FakeSupabase::start();
    supabase.on("GET", BACKUPS).answers(
        200,
        json!({"region": "eu-central-1", "pitr_enabled": true, "walg_enabled": true,
               "backups": [{"id": 1, "status": "COMPLETED", "is_physical_backup": true, "inserted_at": "2026-02-28T02:00:00Z"},
                           {"id": "2", "status": "A_NEW_ONE", "inserted_at": "2026-03-01T02:00:00Z"}],
               "physical_backup_data": {"earliest_physical_backup_date_unix": 1_772_323_200, "latest_physical_backup_date_unix": 1_772_409_600}}),
    );
    supabase.on("GET", PROJECT).answers(200, "project.json");
    supabase
}

#[test]
fn list_shows_the_newest_first_and_how_far_back_one_can_go() {
    let supabase = with_pitr();
    insta::assert_snapshot!(supabase.run("backups list"), @"
    2	A_NEW_ONE		2026-03-01 02:00:00+00:00
    1	COMPLETED	true	2026-02-28 02:00:00+00:00
    ------- stderr -------
    `supactl backups restore` goes back to any moment from 2026-03-01T00:00:00Z to 2026-03-02T00:00:00Z
    ");
}

#[test]
fn no_backups_are_an_empty_list() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", BACKUPS).answers(200, json!({"region": "us-east-1", "pitr_enabled": false, "walg_enabled": true, "backups": [], "physical_backup_data": {}}));
    insta::assert_snapshot!(supabase.run("backups list"), @"
    ------- stderr -------
    No backups
    ");
}

#[test]
fn restore_sends_the_second_and_reads_the_project_back() {
    let supabase = with_pitr();
    supabase
        .on("POST", PITR)
        .with_body(json!({"recovery_time_target_unix": 1_772_366_400}))
        .answers(201, json!(null))
        .once();
    insta::assert_snapshot!(supabase.run("backups restore --at 2026-03-01T12:00:00Z --yes --fields ref,status"), @"
    ref	abcdefghijklmnopqrst
    status	ACTIVE_HEALTHY
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    The database is being taken back to 2026-03-01T12:00:00Z
    ");
}

#[test]
fn a_moment_out_of_reach_is_refused_before_it_is_sent() {
    let supabase = with_pitr();
    supabase.on("POST", PITR).never();
    insta::assert_snapshot!(supabase.run("backups restore --at 2026-03-02T12:00:00Z --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[invalid_input]: 2026-03-02T12:00:00Z is out of reach: the database can be taken back to any moment from 2026-03-01T00:00:00Z to 2026-03-02T00:00:00Z
    [exit status: 2]
    ");
    for wrong in ["yesterday", "2026-03-01", "2026-03-01T12:00:00"] {
        assert_eq!(
            supabase
                .run(&format!("backups restore --at {wrong} --yes"))
                .status(),
            Some(2),
            "{wrong}"
        );
    }
}

#[test]
fn without_the_add_on_nothing_is_sent() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", BACKUPS)
        .answers(200, json!({"pitr_enabled": false, "backups": []}));
    supabase.on("GET", PROJECT).answers(200, "project.json");
    insta::assert_snapshot!(supabase.run("backups restore --at 2026-03-01T12:00:00Z --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[feature_disabled]: point-in-time recovery is not switched on for this project
    hint: it is an add-on of the project, which the dashboard has under Database, Backups
    [exit status: 6]
    ");
}

#[test]
fn going_back_asks_for_the_name_of_the_project() {
    let supabase = with_pitr();
    assert_eq!(
        supabase
            .run("backups restore --at 2026-03-01T12:00:00Z")
            .status(),
        Some(3)
    );
    assert_eq!(supabase.conversation(), "");
    supabase.on("POST", PITR).answers(201, json!(null)).once();
    let person = |typed: &str| {
        let run = supabase.command("backups restore --at 2026-03-01T12:00:00Z");
        run.at_terminal(100)
            .reads("to go ahead")
            .types(typed)
            .sees_the_end()
    };
    assert_eq!(person("yes\r").status(), Some(3));
    assert_eq!(person("acme-shop\r").status(), Some(0));
}

#[test]
fn the_sandbox_goes_back_in_its_own_time() {
    let world = World::new();
    let at = sandbox(&world, "sandbox clock --jq .data.now_at");
    sandbox(&world, "sandbox clock +1h").status();
    let screen = world
        .command("backups restore --yes --fields status --at")
        .arg(at.stdout().trim())
        .env("SUPACTL_PROFILE", "sandbox")
        .run();
    assert_eq!(screen.stdout(), "status\tRESTORING\n", "{screen}");
    let screen = sandbox(&world, "projects wait --fields status");
    assert_eq!(screen.stdout(), "status\tACTIVE_HEALTHY\n", "{screen}");
    assert_eq!(
        sandbox(&world, "backups list -o json").json()["data"]
            .as_array()
            .map(|rows| rows.len() >= 6),
        Some(true)
    );
}
