use serde_json::json;

use crate::support::{AVATARS, BUCKETS, FakeSupabase, Faulty, KEYS, PROJECT, REF, World};

/// Another project than the usual one.
const OTHER: &str = "bcdefghijklmnopqrstu";

/// A service that shows two projects, each by its reference.
fn two_projects() -> FakeSupabase {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(200, json!({"ref": REF}));
    supabase
        .on("GET", "/v1/projects/bcdefghijklmnopqrstu")
        .answers(200, json!({"ref": OTHER}));
    supabase
}

/// The project that the run said it worked on.
fn worked_on(screen: &crate::support::Screen) -> serde_json::Value {
    screen.json()["metadata"]["project"].clone()
}

#[test]
fn a_reference_is_used_without_listing_anything() {
    let supabase = two_projects();
    supabase.on("GET", "/v1/projects").never();
    let screen = supabase
        .command("projects get -o json --project")
        .arg(OTHER)
        .run();
    assert_eq!(worked_on(&screen), json!(OTHER));
}

#[test]
fn the_flag_wins_over_the_variable_and_the_variable_over_the_link() {
    let supabase = two_projects();
    supabase
        .world()
        .file("here/supabase/.temp/project-ref", &format!("{OTHER}\n"));
    let by_flag = supabase.command("projects get -o json -p").arg(OTHER).run();
    assert_eq!(worked_on(&by_flag), json!(OTHER));
    let by_variable = supabase.run("projects get -o json");
    assert_eq!(worked_on(&by_variable), json!(REF));
    let by_link = supabase
        .command("projects get -o json")
        .without("SUPABASE_PROJECT_ID")
        .run();
    assert_eq!(worked_on(&by_link), json!(OTHER));
}

#[test]
fn the_link_is_searched_for_upwards() {
    let supabase = two_projects();
    supabase
        .world()
        .file("here/supabase/.temp/project-ref", OTHER);
    let deep = supabase
        .command("projects get -o json")
        .without("SUPABASE_PROJECT_ID")
        .within("here/a/b/c")
        .run();
    assert_eq!(worked_on(&deep), json!(OTHER));
}

#[test]
fn an_empty_link_is_none() {
    let world = World::new();
    world.file("here/supabase/.temp/project-ref", "\n");
    let screen = world
        .command("projects get")
        .without("SUPABASE_PROJECT_ID")
        .run();
    assert_eq!(screen.code(), Some("no_project"), "{screen}");
}

#[test]
fn without_any_project_all_ways_of_naming_one_are_told() {
    let supabase = FakeSupabase::start();
    let screen = supabase
        .command("storage buckets list")
        .without("SUPABASE_PROJECT_ID")
        .run();
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    error[no_project]: no project was named
    hint: pass `--project <REF>`, set SUPABASE_PROJECT_ID, link this folder with `supactl link`, or give the profile a default with `supactl profiles set`
    [exit status: 2]
    ");
}

#[test]
fn a_name_is_looked_up() {
    let supabase = two_projects();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json")
        .once();
    let screen = supabase.run("projects get -o json -p acme-staging");
    assert_eq!(worked_on(&screen), json!(OTHER));
}

#[test]
fn a_name_of_several_projects_is_not_guessed() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", "/v1/projects").answers(
        200,
        json!([{"ref": REF, "name": "shop"}, {"ref": OTHER, "name": "shop"}]),
    );
    insta::assert_snapshot!(supabase.run("projects get -p shop"), @"
    ------- stderr -------
    error[invalid_input]: 2 projects are called `shop`
    hint: pass one of their references: abcdefghijklmnopqrst, bcdefghijklmnopqrstu
    [exit status: 2]
    ");
}

#[test]
fn a_name_of_no_project_is_told_with_where_it_came_from() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json");
    insta::assert_snapshot!(supabase.command("projects get").env("SUPABASE_PROJECT_ID", "shop").run(), @"
    ------- stderr -------
    error[invalid_input]: `shop` (from SUPABASE_PROJECT_ID) is neither the reference nor the name of a project of yours
    hint: a reference is 20 lowercase letters; `supactl projects list` shows yours
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.run("projects get Acme-Shop"), @"
    ------- stderr -------
    error[invalid_input]: `Acme-Shop` (from the command line) is neither the reference nor the name of a project of yours
    hint: a reference is 20 lowercase letters; `supactl projects list` shows yours
    [exit status: 2]
    ");
}

#[test]
fn an_empty_name_is_no_project() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", "/v1/projects").never();
    let screen = supabase.command("projects get --project").arg("").run();
    assert_eq!(screen.status(), Some(2), "{screen}");
}

#[test]
fn what_changes_something_says_which_project_and_why_that_one() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("PUT", AVATARS).answers(200, json!({}));
    supabase
        .on("GET", AVATARS)
        .answers(200, json!({"id": "avatars", "type": "STANDARD"}));
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json");
    let by_variable = supabase.run("storage buckets update avatars --public -o ndjson");
    insta::assert_snapshot!(by_variable, @r#"
    {"id":"avatars","name":null,"public":null,"type":"STANDARD","file_size_limit":null,"allowed_mime_types":null,"owner":null,"created_at":null,"updated_at":null}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Updated bucket `avatars`
    "#);
    let by_name = supabase.run("storage buckets update avatars --public -o ndjson -p acme-shop");
    insta::assert_snapshot!(by_name, @r#"
    {"id":"avatars","name":null,"public":null,"type":"STANDARD","file_size_limit":null,"allowed_mime_types":null,"owner":null,"created_at":null,"updated_at":null}
    ------- stderr -------
    Project abcdefghijklmnopqrst `acme-shop`, from `--project`
    Updated bucket `avatars`
    "#);
    supabase
        .world()
        .file("here/supabase/.temp/project-ref", REF);
    let by_link = supabase
        .command("storage buckets update avatars --public -o ndjson")
        .without("SUPABASE_PROJECT_ID")
        .run();
    insta::assert_snapshot!(by_link, @r#"
    {"id":"avatars","name":null,"public":null,"type":"STANDARD","file_size_limit":null,"allowed_mime_types":null,"owner":null,"created_at":null,"updated_at":null}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from [world]/here/supabase/.temp/project-ref
    Updated bucket `avatars`
    "#);
}

#[test]
fn what_only_reads_does_not_talk_about_the_project() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(200, "buckets.json");
    assert_eq!(supabase.run("storage buckets list").stderr(), "");
}

#[test]
fn the_official_tools_token_goes_to_the_official_address_only() {
    let supabase = FakeSupabase::start();
    let token = "sbp_fedcba9876543210fedcba9876543210fedcba98";
    supabase
        .world()
        .file("home/.supabase/access-token", &format!("{token}\n"));
    supabase.on("GET", "/v1/organizations").never();
    let orgs = || {
        supabase
            .command("orgs list --retries 0")
            .without("SUPABASE_ACCESS_TOKEN")
    };
    let elsewhere = orgs().run();
    assert_eq!(elsewhere.code(), Some("not_logged_in"), "{elsewhere}");
    // Nothing but a proxy that is not there keeps this one from being sent.
    let there = orgs()
        .without("SUPACTL_API_URL")
        .env("HTTPS_PROXY", &format!("http://{}", Faulty::nobody()))
        .run();
    assert_eq!(there.code(), Some("network"), "{there}");
    assert!(!there.stderr().contains(token));
}

#[test]
fn without_a_token_the_way_to_one_is_told() {
    let supabase = FakeSupabase::start();
    for line in ["orgs list", "storage buckets list"] {
        let screen = supabase
            .command(line)
            .without("SUPABASE_ACCESS_TOKEN")
            .run();
        assert_eq!(screen.code(), Some("not_logged_in"), "{screen}");
    }
    insta::assert_snapshot!(supabase.command("orgs list").without("SUPABASE_ACCESS_TOKEN").run(), @"
    ------- stderr -------
    error[not_logged_in]: not signed in
    hint: `supactl login` stores a token, or SUPABASE_ACCESS_TOKEN gives one; https://supabase.com/dashboard/account/tokens makes them
    [exit status: 4]
    ");
}

#[test]
fn another_kind_of_key_in_the_place_of_the_token_is_named() {
    let supabase = FakeSupabase::start();
    for (token, word) in [
        ("sb_secret_x", "a key of a project"),
        ("sb_publishable_x", "a key of a project"),
        ("eyJhbGciOi.x.y", "a JWT"),
        ("two words", "no token"),
    ] {
        let screen = supabase
            .command("orgs list")
            .env("SUPABASE_ACCESS_TOKEN", token)
            .run();
        assert_eq!(screen.code(), Some("invalid_input"), "{screen}");
        assert!(screen.stderr().contains(word), "{screen}");
        assert!(!screen.stderr().contains(token), "{screen}");
    }
}

#[test]
fn a_token_of_an_unknown_shape_is_sent_with_a_warning() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations")
        .with_header("authorization", "Bearer something-new")
        .answers(200, json!([]))
        .once();
    let screen = supabase
        .command("orgs list")
        .env("SUPABASE_ACCESS_TOKEN", "something-new")
        .run();
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn plain_http_is_for_this_machine_only() {
    let world = World::new();
    insta::assert_snapshot!(world.run("orgs list --api-url http://api.example"), @"
    ------- stderr -------
    error[invalid_input]: `http://api.example` would send secrets in the clear
    hint: use https://, or pass `--insecure-http` if that is what you want
    [exit status: 2]
    ");
    for address in [
        "ftp://api.example",
        "nonsense",
        "https://user:pass@api.example",
        "https://api.example?x=1",
    ] {
        let screen = world.command("orgs list --api-url").arg(address).run();
        assert_eq!(screen.status(), Some(2), "{address}\n{screen}");
    }
}

#[test]
fn a_variable_that_does_not_parse_is_named() {
    let world = World::new();
    for (name, value) in [
        ("SUPACTL_RETRIES", "many"),
        ("SUPACTL_RETRIES", "-1"),
        ("SUPACTL_REQUEST_TIMEOUT", "soon"),
        ("SUPACTL_FORMAT", "xml"),
        ("SUPACTL_API_URL", "nonsense"),
        ("SUPACTL_PROJECT_URL", "http://{ref}.example"),
    ] {
        let screen = world.command("storage buckets list").env(name, value).run();
        assert_eq!(
            screen.code(),
            Some("invalid_input"),
            "{name}={value}\n{screen}"
        );
        assert!(
            screen.stderr().contains(value) || screen.stderr().contains(name),
            "{name}={value}\n{screen}"
        );
    }
}

#[test]
fn a_gateway_on_another_host_in_the_clear_needs_a_word() {
    let world = World::new();
    let screen = world
        .command("storage buckets list --insecure-http --retries 0")
        .env("SUPACTL_API_URL", "http://api.invalid")
        .run();
    assert_eq!(screen.code(), Some("network"), "{screen}");
}

#[test]
fn an_unknown_profile_is_no_silent_default() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("orgs list --profile work"), @"
    ------- stderr -------
    error[invalid_input]: there is no profile `work`
    hint: `supactl profiles list` shows yours; `supactl login --profile work` makes it
    [exit status: 2]
    ");
    let by_variable = supabase
        .command("orgs list")
        .env("SUPACTL_PROFILE", "work")
        .run();
    assert_eq!(by_variable.status(), Some(2), "{by_variable}");
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn a_name_that_looks_like_a_path_reaches_no_other_place() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", "/v1/projects").answers(200, json!([]));
    supabase.on("GET", KEYS).never();
    let screen = supabase.run("projects get ../organizations");
    assert_eq!(screen.status(), Some(2), "{screen}");
}
