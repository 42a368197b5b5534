use serde_json::json;

use crate::support::{FakeSupabase, Faulty, PROJECT, REF, Said, Screen, World};

const SHOP: &str = "acmeshopproductionab";
const STAGING: &str = "acmeshopstagingabcde";

/// Runs in the sandbox of a world.
fn sandbox(world: &World, line: &str) -> Screen {
    world.command(line).env("SUPACTL_PROFILE", "sandbox").run()
}

/// What a project's status is after its sandbox moved on.
fn status_after(world: &World, project: &str, time: &str) -> String {
    let moved = sandbox(world, &format!("sandbox clock +{time}"));
    assert_eq!(moved.status(), Some(0), "{moved}");
    let screen = sandbox(world, &format!("projects get {project} -o json"));
    let status = &screen.json()["data"]["status"];
    status
        .as_str()
        .map_or_else(|| screen.code().unwrap().to_owned(), str::to_owned)
}

#[test]
fn a_project_comes_up() {
    let world = World::new();
    let screen = sandbox(
        &world,
        "projects create blog --org acme --region eu-west-3 --generate-password -o json",
    );
    let made = &screen.json()["data"];
    assert_eq!(made["status"], "COMING_UP", "{screen}");
    assert_eq!(made["db_password"].as_str().unwrap().len(), 32);
    let project = made["ref"].as_str().unwrap();
    assert_eq!(status_after(&world, project, "60s"), "COMING_UP");
    assert_eq!(status_after(&world, project, "60s"), "ACTIVE_HEALTHY");
    let listed = sandbox(&world, "projects list -o json").json();
    assert_eq!(listed["data"][0]["name"], "blog");
    assert_eq!(listed["data"][0]["db_password"], json!(null), "shown once");
}

#[test]
fn a_new_project_is_waited_for() {
    let world = World::new();
    let line =
        "projects create blog --org acme --region emea --db-password - --wait --fields name,status";
    let screen = world
        .command(line)
        .env("SUPACTL_PROFILE", "sandbox")
        .input("hunter2hunter2\n")
        .run();
    let told = screen.to_string();
    assert_eq!(
        screen.stdout(),
        "name\tblog\nstatus\tACTIVE_HEALTHY\n",
        "{told}"
    );
    assert!(
        told.contains(": COMING_UP") && !told.contains("hunter2"),
        "{told}"
    );
}

#[test]
fn a_project_falls_asleep_and_wakes_up() {
    let world = World::new();
    insta::assert_snapshot!(sandbox(&world, "projects pause acmeshopproductionab --yes --fields status"), @"
    status	PAUSING
    ------- stderr -------
    Project acmeshopproductionab, from the command line
    Project acmeshopproductionab is being paused
    ");
    assert_eq!(status_after(&world, SHOP, "30s"), "PAUSING");
    insta::assert_snapshot!(sandbox(&world, "projects wait acmeshopproductionab --for inactive --fields status"), @"
    status	INACTIVE
    ------- stderr -------
    Project acmeshopproductionab: PAUSING
    ");
    insta::assert_snapshot!(sandbox(&world, "projects restore acmeshopproductionab --fields status"), @"
    status	RESTORING
    ------- stderr -------
    Project acmeshopproductionab, from the command line
    Project acmeshopproductionab is being restored
    ");
    assert_eq!(status_after(&world, SHOP, "70s"), "COMING_UP");
    assert_eq!(status_after(&world, SHOP, "70s"), "ACTIVE_HEALTHY");
}

#[test]
fn waking_up_is_waited_for() {
    let world = World::new();
    insta::assert_snapshot!(sandbox(&world, "projects restore acmeshopstagingabcde --wait --fields status"), @"
    status	ACTIVE_HEALTHY
    ------- stderr -------
    Project acmeshopstagingabcde, from the command line
    Project acmeshopstagingabcde: RESTORING
    Project acmeshopstagingabcde: COMING_UP
    Restored project acmeshopstagingabcde
    ");
}

#[test]
fn a_wait_ends_in_time() {
    let world = World::new();
    let screen = sandbox(
        &world,
        "projects restore acmeshopstagingabcde --wait --timeout 20s",
    );
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    Project acmeshopstagingabcde, from the command line
    Project acmeshopstagingabcde: RESTORING
    error[timeout]: Project acmeshopstagingabcde: still RESTORING after 20 s
    hint: it goes on all the same; wait longer with `--timeout`
    [exit status: 8]
    ");
    // It went on all the same.
    assert_eq!(status_after(&world, STAGING, "3m"), "ACTIVE_HEALTHY");
}

#[test]
fn a_project_restarts() {
    let world = World::new();
    insta::assert_snapshot!(sandbox(&world, "projects restart acmeshopproductionab --yes --fields status"), @"
    status	RESTARTING
    ------- stderr -------
    Project acmeshopproductionab, from the command line
    Project acmeshopproductionab is being restarted
    ");
    assert_eq!(status_after(&world, SHOP, "20s"), "RESTARTING");
    assert_eq!(status_after(&world, SHOP, "20s"), "ACTIVE_HEALTHY");
}

#[test]
fn a_deleted_project_is_gone() {
    let world = World::new();
    insta::assert_snapshot!(sandbox(&world, "projects delete acmeshopstagingabcde --yes -o json"), @r#"
    {"data":{"ref":"acmeshopstagingabcde","name":"acme-shop-staging","organization_slug":"acme","region":"eu-central-1","status":"INACTIVE","created_at":"2026-03-09T14:02:11.094Z","database":{"host":"db.acmeshopstagingabcde.supabase.co","version":"17.6.1.021","postgres_engine":"17","release_channel":"ga"},"id":"acmeshopstagingabcde","organization_id":"acme","deleted":true},"success":true,"error":null,"metadata":{"command":"projects delete","project":"acmeshopstagingabcde","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    Project acmeshopstagingabcde, from the command line
    Deleted project acmeshopstagingabcde, `acme-shop-staging`
    "#);
    assert_eq!(status_after(&world, STAGING, "10s"), "GOING_DOWN");
    assert_eq!(status_after(&world, STAGING, "10s"), "not_found");
    let listed = sandbox(&world, "projects list --fields ref");
    assert!(!listed.stdout().contains(STAGING), "{listed}");
}

#[test]
fn a_name_can_be_typed_whatever_it_is() {
    for (name, typed) in [(" shop ", "shop\r"), (" ", "abcdefghijklmnopqrst\r")] {
        let supabase = FakeSupabase::start();
        let path = format!("/v1/projects/{REF}");
        supabase
            .on("GET", &path)
            .answers(200, json!({"ref": REF, "name": name}));
        supabase.on("DELETE", &path).answers(200, json!({})).once();
        let person = supabase
            .command(&format!("projects delete {REF}"))
            .at_terminal(100)
            .reads("to go ahead");
        let screen = person.types(typed).sees_the_end();
        assert_eq!(screen.status(), Some(0), "{screen}");
    }
}

#[test]
fn deleting_asks_for_the_name() {
    let world = World::new();
    let person = |typed: &str| {
        let run = world
            .command("projects delete acmeshopstagingabcde")
            .env("SUPACTL_PROFILE", "sandbox");
        run.at_terminal(100)
            .reads("to go ahead")
            .types(typed)
            .sees_the_end()
    };
    let screen = person("acme-shop\r");
    assert!(screen.to_string().contains("error[cancelled]"), "{screen}");
    assert_eq!(screen.status(), Some(3));
    let screen = person("acme-shop-staging\r");
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn nothing_is_sent_where_nobody_can_say_yes() {
    let supabase = FakeSupabase::start();
    for verb in ["delete", "pause", "restart"] {
        let screen = supabase.run(&format!("projects {verb} {REF}"));
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(3), Some("confirmation_required")),
            "{screen}"
        );
    }
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn the_linked_project_is_never_meant() {
    let supabase = FakeSupabase::start();
    for verb in ["delete", "pause", "restore", "restart"] {
        // Neither the one of the environment nor the one of a flag.
        for line in [
            format!("projects {verb} --yes"),
            format!("projects {verb} --yes --project {REF}"),
        ] {
            let screen = supabase.run(&line);
            assert_eq!(
                (screen.status(), screen.code()),
                (Some(2), Some("usage")),
                "{screen}"
            );
        }
        let screen = supabase.run(&format!("projects {verb} acme-shop --yes"));
        assert_eq!(screen.status(), Some(2), "a name is not enough: {screen}");
    }
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn a_dry_run_changes_nothing() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(200, "project.json");
    for (verb, method) in [("delete", "DELETE"), ("pause", "POST"), ("restart", "POST")] {
        let screen = supabase.run(&format!("projects {verb} {REF} --dry-run -o json"));
        assert_eq!(
            screen.json()["data"]["requests"][0]["method"],
            method,
            "{screen}"
        );
    }
    supabase
        .on("GET", PROJECT)
        .answers(200, "project-paused.json");
    assert!(
        supabase
            .requests()
            .iter()
            .all(|request| request.method == "GET")
    );
}

/// What `projects create` sends in these tests.
const CREATE: &str = "projects create acme-shop --org acme --region eu-central-1 --size small --db-password env:PASSWORD";

fn create(supabase: &FakeSupabase, more: &str) -> Screen {
    supabase
        .command(&format!("{CREATE} {more}"))
        .env("PASSWORD", "hunter2hunter2")
        .run()
}

#[test]
fn create_sends_what_was_given_and_reads_it_back() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/projects")
        .with_body(json!({
            "name": "acme-shop", "organization_slug": "acme", "db_pass": "hunter2hunter2", "desired_instance_size": "small",
            "region_selection": {"type": "specific", "code": "eu-central-1"}
        }))
        .answers(201, json!({"id": REF, "ref": REF, "name": "acme-shop", "status": "UNKNOWN"}))
        .once();
    supabase
        .on("GET", PROJECT)
        .answers(200, "project.json")
        .once();
    insta::assert_snapshot!(create(&supabase, ""), @"
    ref	abcdefghijklmnopqrst
    name	acme-shop
    organization_slug	acme
    region	eu-central-1
    status	ACTIVE_HEALTHY
    created_at	2026-03-01 10:00:00+00:00
    ------- stderr -------
    Organization acme
    Created project abcdefghijklmnopqrst
    ");
}

#[test]
fn a_dry_run_of_create_hides_the_password() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(create(&supabase, "--dry-run -o json"), @r#"
    {"data":{"requests":[{"method":"POST","url":"http://127.0.0.1:[port]/v1/projects","body":{"name":"acme-shop","organization_slug":"acme","region_selection":{"type":"specific","code":"eu-central-1"},"db_pass":"********","desired_instance_size":"small"}}],"sql":[]},"success":true,"error":null,"metadata":{"command":"projects create","project":null,"timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":true}}
    ------- stderr -------
    Organization acme
    Dry run: nothing was changed
    "#);
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn a_region_or_size_that_is_none_is_refused_at_once() {
    let supabase = FakeSupabase::start();
    let line = "projects create x --org acme --generate-password";
    for (flags, word) in [
        ("--region mars", "eu-central-1"),
        ("--region emea --size huge", "24xlarge"),
    ] {
        let screen = supabase.run(&format!("{line} {flags}"));
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(2), Some("invalid_input")),
            "{screen}"
        );
        assert!(screen.stderr().contains(word), "{screen}");
    }
    assert_eq!(
        supabase
            .run("projects create x --org acme --region emea")
            .status(),
        Some(2)
    );
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn a_lost_answer_is_never_asked_for_again_and_what_became_is_told() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/projects")
        .answers(502, Said::html("<html>Bad gateway</html>"))
        .once();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json")
        .once();
    insta::assert_snapshot!(create(&supabase, ""), @"
    ------- stderr -------
    Organization acme
    error[api_error]: the service answered 502 Bad Gateway
    hint: it may have happened all the same: project abcdefghijklmnopqrst is called `acme-shop`, its status is ACTIVE_HEALTHY
    [exit status: 1]
    ");
}

#[test]
fn a_lost_answer_without_a_trace_is_told_so() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/projects")
        .answers(504, Said::Nothing)
        .once();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, json!([]))
        .once();
    insta::assert_snapshot!(create(&supabase, ""), @"
    ------- stderr -------
    Organization acme
    error[api_error]: the service answered 504 Gateway Timeout
    hint: no project `acme-shop` is to be seen in `acme` so far; it may still appear: look at `supactl projects list` before trying again
    [exit status: 1]
    ");
}

#[test]
fn a_connection_that_breaks_is_an_unclear_answer() {
    let server = Faulty::hangs_up();
    let world = World::served_by(server.address());
    let screen = world
        .command(CREATE)
        .arg("--retries=0")
        .env("PASSWORD", "hunter2hunter2")
        .run();
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    Organization acme
    error[network]: the connection to 127.0.0.1:[port] broke before the answer was complete: connection closed before message completed
    hint: it may have happened all the same: look before trying again
    [exit status: 8]
    ");
    // The creation once, the look at what became of it once.
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_password_is_shown_although_the_project_failed() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/projects")
        .answers(201, json!({"ref": REF, "status": "UNKNOWN"}))
        .once();
    supabase
        .on("GET", PROJECT)
        .answers(200, json!({"ref": REF, "status": "INIT_FAILED"}))
        .once();
    let screen = supabase
        .run("projects create x --org acme --region emea --generate-password --wait -o json");
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(6), Some("conflict")),
        "{screen}"
    );
    assert_eq!(
        screen.json()["data"]["db_password"].as_str().unwrap().len(),
        32
    );
    assert_eq!(screen.json()["success"], false);
}

#[test]
fn states_that_failed_end_a_wait() {
    for (status, state) in [
        ("INIT_FAILED", "healthy"),
        ("RESTORE_FAILED", "healthy"),
        ("PAUSE_FAILED", "inactive"),
        ("REMOVED", "healthy"),
    ] {
        let supabase = FakeSupabase::start();
        supabase
            .on("GET", PROJECT)
            .answers(200, json!({"ref": REF, "status": status}))
            .once();
        let screen = supabase.run(&format!("projects wait --for {state}"));
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(6), Some("conflict")),
            "{screen}"
        );
        assert!(screen.stderr().contains(status), "{screen}");
    }
}

#[test]
fn refusals_of_plan_and_permission_are_told_apart() {
    for (status, message, code, exit) in [
        (402, "Payment required", "plan_required", 4),
        (
            400,
            "The project limit is reached for plan free",
            "plan_required",
            4,
        ),
        (
            403,
            "Your account does not have the necessary privileges to access this endpoint.",
            "forbidden",
            4,
        ),
        (
            400,
            "Project with name acme-shop already exists in your organization",
            "already_exists",
            6,
        ),
        (400, "db_pass: hunter2hunter2 is too common", "rejected", 1),
    ] {
        let supabase = FakeSupabase::start();
        supabase
            .on("POST", "/v1/projects")
            .answers(status, json!({"message": message}))
            .once();
        let screen = create(&supabase, "");
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(exit), Some(code)),
            "{screen}"
        );
        assert!(!screen.stderr().contains("hunter2"), "{screen}");
    }
}

#[test]
fn a_refused_deletion_says_why() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(200, "project.json");
    supabase
        .on("DELETE", PROJECT)
        .answers(400, json!({"message": "Project not ready for deletion."}))
        .once();
    insta::assert_snapshot!(supabase.run(&format!("projects delete {REF} --yes")), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from the command line
    error[rejected]: Project not ready for deletion.
    [exit status: 1]
    ");
}

#[test]
fn a_paused_project_is_told_apart_everywhere() {
    let world = World::new();
    for line in [
        "projects wait",
        "projects pause acmeshopstagingabcde --yes",
        "projects restart acmeshopstagingabcde --yes",
        "api-keys list",
        "api-keys get anon",
        "api-keys delete ci_deploy --yes",
        "functions invoke hello",
        "functions invoke hello --service",
        "storage buckets get avatars",
    ] {
        let given = if line.contains(STAGING) {
            String::new()
        } else {
            format!(" --project {STAGING}")
        };
        let screen = sandbox(&world, &format!("{line}{given}"));
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(6), Some("project_paused")),
            "{line}: {screen}"
        );
    }
    // Said in words by parts of the service that have no status for it.
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects/abcdefghijklmnopqrst/functions")
        .answers(400, json!({"message": "The project is paused."}));
    assert_eq!(
        supabase.run("functions list").code(),
        Some("project_paused")
    );
}

#[test]
fn a_password_that_would_be_hidden_is_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", "/v1/projects").never();
    let line = "projects create x --org acme --region emea --generate-password";
    insta::assert_snapshot!(supabase.run(&format!("{line} --jq .data.ref")), @"
    ------- stderr -------
    error[usage]: `--jq` could lose the generated password, which is shown this once
    hint: take it from `-o json`, where it is `.data.db_password`, or give one with `--db-password`
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run(&format!("{line} --fields ref,name")), @"
    ------- stderr -------
    error[usage]: `--fields` leaves the generated password out, which is shown this once
    hint: name `db_password` too, or give a password with `--db-password`
    [exit status: 2]
    ");
    let tried = supabase.run(&format!("{line} --dry-run --jq .data.requests|length"));
    assert_eq!(tried.stdout(), "1\n", "{tried}");
}

#[test]
fn a_password_is_shown_although_the_wait_was_interrupted() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", "/v1/projects")
        .answers(201, json!({"ref": REF, "status": "UNKNOWN"}))
        .once();
    supabase
        .on("GET", PROJECT)
        .answers(200, json!({"ref": REF, "status": "COMING_UP"}));
    let line = "projects create x --org acme --region emea --generate-password --wait --fields ref,db_password";
    let screen = supabase
        .command(line)
        .at_terminal(100)
        .reads("COMING_UP")
        .presses("\x03")
        .sees_the_end();
    assert_eq!(screen.status(), Some(130), "{screen}");
    let shown = screen
        .stdout()
        .lines()
        .find_map(|line| line.strip_prefix("Database password"))
        .map(|password| password.trim().len());
    assert_eq!(shown, Some(32), "{screen}");
    for told in ["Created project", "error[interrupted]"] {
        assert!(screen.stdout().contains(told), "{screen}");
    }
}
