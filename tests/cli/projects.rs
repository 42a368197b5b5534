use serde_json::json;

use crate::support::{FakeSupabase, PROJECT};

#[test]
fn list_shows_the_newest_first() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json")
        .once();
    insta::assert_snapshot!(supabase.run("projects list"), @"
    bcdefghijklmnopqrstu	acme-staging	acme	us-east-1	INACTIVE	2026-05-17 08:30:00+00:00
    abcdefghijklmnopqrst	acme-shop	acme	eu-central-1	ACTIVE_HEALTHY	2026-03-01 10:00:00+00:00
    ");
}

#[test]
fn list_with_nothing_in_it_says_so() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, json!([]))
        .once();
    insta::assert_snapshot!(supabase.run("projects list"), @"
    ------- stderr -------
    No projects that this token may see
    ");
    insta::assert_snapshot!(supabase.run("projects list -o json"), @r#"
    {"data":[],"success":true,"error":null,"metadata":{"command":"projects list","project":null,"timestamp":[now],"duration_ms":[ms],"cached":true,"count":0,"dry_run":false}}
    ------- stderr -------
    No projects that this token may see
    "#);
    insta::assert_snapshot!(supabase.run("projects list -q"), @"");
}

#[test]
fn get_shows_the_database_too() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(200, "project.json")
        .once();
    insta::assert_snapshot!(supabase.run("projects get"), @"
    ref	abcdefghijklmnopqrst
    name	acme-shop
    organization_slug	acme
    region	eu-central-1
    status	ACTIVE_HEALTHY
    created_at	2026-03-01 10:00:00+00:00
    database.host	db.abcdefghijklmnopqrst.supabase.co
    database.version	17.4.1.054
    ");
    insta::assert_snapshot!(supabase.run("projects get abcdefghijklmnopqrst -o yaml"), @"
    data:
      ref: abcdefghijklmnopqrst
      name: acme-shop
      organization_slug: acme
      region: eu-central-1
      status: ACTIVE_HEALTHY
      created_at: '2026-03-01T10:00:00Z'
      database:
        host: db.abcdefghijklmnopqrst.supabase.co
        version: '17.4.1.054'
        postgres_engine: '17'
        release_channel: ga
      id: abcdefghijklmnopqrst
      organization_id: acme
    success: true
    error: null
    metadata:
      command: projects get
      project: abcdefghijklmnopqrst
      timestamp: [now]
      duration_ms: [ms]
      cached: true
      count: null
      dry_run: false
    ");
}

#[test]
fn get_of_a_project_without_a_database_leaves_it_empty() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(200, "project-paused.json");
    insta::assert_snapshot!(supabase.run("projects get"), @"
    ref	abcdefghijklmnopqrst
    name	acme-shop
    organization_slug	acme
    region	eu-central-1
    status	INACTIVE
    created_at	2026-03-01 10:00:00+00:00
    database.host	
    database.version	
    ");
    assert_eq!(
        supabase.run("projects get -o json").json()["data"]["database"],
        json!(null)
    );
}

#[test]
fn a_removed_project_is_not_found() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(400, json!({"message": "Resource has been removed"}));
    insta::assert_snapshot!(supabase.run("projects get"), @"
    ------- stderr -------
    error[not_found]: Resource has been removed
    [exit status: 5]
    ");
}

#[test]
fn a_project_of_somebody_else_looks_forbidden() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(403, "forbidden.json");
    insta::assert_snapshot!(supabase.run("projects get"), @"
    ------- stderr -------
    error[forbidden]: Your account does not have the necessary privileges to access this endpoint. For more details, refer to our documentation https://supabase.com/docs/guides/platform/access-control
    hint: the token may lack the permission `project_admin_read`, or there is no such project or organization, or it is not yours
    [exit status: 4]
    ");
}

#[test]
fn the_names_that_people_guess_work() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json");
    supabase.on("GET", PROJECT).answers(200, "project.json");
    let (list, get) = (
        supabase.run("projects list"),
        supabase.run("projects get -o csv"),
    );
    assert_eq!(supabase.run("projects ls").stdout(), list.stdout());
    assert_eq!(
        supabase.run("projects show --output csv").stdout(),
        get.stdout()
    );
}
