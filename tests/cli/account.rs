use serde_json::json;

use crate::support::{FakeSupabase, PROJECT, REF, TOKEN, World};

/// A token that only these tests know, so that it can be looked for.
const TYPED: &str = "sbp_00112233445566778899aabbccddeeff00112233";

/// A service that knows the person behind a token.
fn knows(token: &str) -> FakeSupabase {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/profile")
        .with_header("authorization", &format!("Bearer {token}"))
        .answers(
            200,
            json!({"gotrue_id": "7d3a2f5e-94c1-4b0e-8a5d-2f6b1c0e9d47", "primary_email": "ada@acme.example", "username": "ada"}),
        );
    supabase
}

#[test]
fn login_stores_what_standard_input_says_and_later_runs_use_it() {
    let supabase = knows(TYPED);
    let login = supabase
        .command("login --with-token")
        .without("SUPABASE_ACCESS_TOKEN")
        .input(&format!("{TYPED}\n"))
        .run();
    assert_eq!(login.status(), Some(0), "{login}");
    insta::assert_snapshot!(login.stderr(), @"Signed in as ada (profile `default`)");
    assert!(!login.to_string().contains(TYPED));

    let who = supabase
        .command("whoami --fields username,profile,token_source")
        .without("SUPABASE_ACCESS_TOKEN")
        .run();
    insta::assert_snapshot!(who, @"
    username	ada
    profile	default
    token_source	profile `default`
    ");

    let out = supabase
        .command("logout")
        .without("SUPABASE_ACCESS_TOKEN")
        .run();
    insta::assert_snapshot!(out, @"
    profile	default
    deleted	true
    ------- stderr -------
    Forgot the token of profile `default`
    ");
    let after = supabase
        .command("whoami")
        .without("SUPABASE_ACCESS_TOKEN")
        .run();
    assert_eq!(after.code(), Some("not_logged_in"), "{after}");
}

#[test]
fn login_at_a_terminal_does_not_show_what_is_typed() {
    let supabase = knows(TYPED);
    let person = supabase
        .command("login --profile work")
        .without("SUPABASE_ACCESS_TOKEN")
        .at_terminal(100);
    let screen = person
        .reads("Access token")
        .types_hidden(&format!("{TYPED}\r"))
        .sees_the_end();
    assert_eq!(screen.status(), Some(0), "{screen}");
    assert!(!screen.stdout().contains(TYPED), "{screen}");
    let profiles = supabase.run("profiles list --profile work -o json").json();
    let work = profiles["data"].as_array().unwrap().iter();
    let work: Vec<_> = work.filter(|row| row["name"] == "work").collect();
    assert_eq!(work.len(), 1, "{profiles}");
}

#[test]
fn login_where_nobody_can_be_asked_says_how_to_pipe_the_token_in() {
    let supabase = FakeSupabase::start();
    insta::assert_snapshot!(supabase.run("login"), @"
    ------- stderr -------
    error[usage]: nobody can be asked here
    hint: pipe the token in: `supactl login --with-token < token.txt`
    [exit status: 2]
    ");
}

#[test]
fn a_token_that_is_not_accepted_is_not_stored() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/profile")
        .answers(401, json!({"message": "Unauthorized"}));
    let login = supabase
        .command("login --with-token")
        .without("SUPABASE_ACCESS_TOKEN")
        .input(TYPED)
        .run();
    assert_eq!(login.code(), Some("unauthorized"), "{login}");
    assert!(
        !supabase
            .world()
            .path()
            .join("config/credentials.toml")
            .exists()
    );
}

#[test]
fn a_stored_token_is_sent_to_its_own_address_only() {
    let supabase = knows(TYPED);
    let login = supabase
        .command("login --with-token")
        .without("SUPABASE_ACCESS_TOKEN")
        .input(TYPED);
    assert_eq!(login.run().status(), Some(0));
    let elsewhere = FakeSupabase::start();
    elsewhere.on("GET", "/v1/profile").never();
    let address = format!("http://{}", elsewhere.address());
    let who = supabase
        .command("whoami")
        .without("SUPABASE_ACCESS_TOKEN")
        .env("SUPACTL_API_URL", &address)
        .run();
    assert_ne!(who.status(), Some(0), "{who}");
    assert_eq!(elsewhere.conversation(), "");
}

#[cfg(unix)]
#[test]
fn what_is_stored_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let supabase = knows(TYPED);
    let login = supabase
        .command("login --with-token")
        .without("SUPABASE_ACCESS_TOKEN")
        .input(TYPED);
    assert_eq!(login.run().status(), Some(0));
    let folder = supabase.world().path().join("config");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let mut holders = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        if std::fs::read_to_string(&file)
            .unwrap_or_default()
            .contains(TYPED)
        {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
            holders += 1;
        }
    }
    assert_eq!(holders, 1);
}

#[test]
fn whoami_says_where_the_token_came_from() {
    let supabase = knows(TOKEN);
    insta::assert_snapshot!(supabase.run("whoami --fields username,primary_email,profile,token_source"), @"
    username	ada
    primary_email	ada@acme.example
    profile	default
    token_source	SUPABASE_ACCESS_TOKEN
    ");
}

#[test]
fn profiles_are_set_used_and_deleted() {
    let world = World::new();
    insta::assert_snapshot!(world.run("profiles set work project=acme-shop format=json api_url=https://api.example"), @"
    name	work
    current	
    signed_in	
    project	acme-shop
    format	json
    api_url	https://api.example
    project_url	
    ------- stderr -------
    Set profile `work`
    ");
    insta::assert_snapshot!(world.run("profiles use work"), @"
    name	work
    current	yes
    signed_in	
    project	acme-shop
    format	json
    api_url	https://api.example
    project_url	
    ------- stderr -------
    Profile `work` is now the default
    ");
    insta::assert_snapshot!(world.run("profiles list -o csv"), @"
    name,current,signed_in,project,format,api_url,project_url
    default,false,false,,,,
    sandbox,false,false,,,,
    work,true,false,acme-shop,json,https://api.example,
    ");
    insta::assert_snapshot!(world.run("profiles delete work"), @r#"
    {"data":null,"success":false,"error":{"code":"confirmation_required","message":"cannot ask for confirmation here: Delete profile `work` and its token?","hint":"pass `--yes` to go ahead, or `--dry-run` to see what would be sent","status":null,"request_id":null,"details":null},"metadata":{"command":"profiles delete","project":null,"timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    error[confirmation_required]: cannot ask for confirmation here: Delete profile `work` and its token?
    hint: pass `--yes` to go ahead, or `--dry-run` to see what would be sent
    [exit status: 3]
    "#);
    insta::assert_snapshot!(world.run("profiles delete work --yes -o table"), @"
    name	work
    current	yes
    signed_in	
    project	acme-shop
    format	json
    api_url	https://api.example
    project_url	
    ------- stderr -------
    Deleted profile `work`
    ");
    assert_eq!(world.run("profiles use work").code(), Some("invalid_input"));
}

#[test]
fn what_a_profile_cannot_hold_is_refused_and_nothing_is_written() {
    let world = World::new();
    for line in [
        "profiles set work colour=red",
        "profiles set work format=xml",
        "profiles set work api_url=ftp://x",
        "profiles set work api_url=http://example.com",
        "profiles set work project",
        "profiles set a/b project=x",
    ] {
        let screen = world.run(line);
        assert_eq!(screen.status(), Some(2), "{line}\n{screen}");
    }
    assert!(!world.path().join("config/config.toml").exists());
}

#[test]
fn a_profile_sets_project_and_format_where_nothing_else_does() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(200, "project.json");
    let set = supabase
        .command(&format!("profiles set default project={REF} format=ndjson"))
        .run();
    assert_eq!(set.status(), Some(0), "{set}");
    let got = supabase
        .command("projects get")
        .without("SUPABASE_PROJECT_ID")
        .run();
    assert!(got.stdout().starts_with(r#"{"ref":"#), "{got}");
}

#[test]
fn a_folder_is_linked_and_unlinked() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(200, "project.json");
    let link = supabase
        .command(&format!("link {REF} --fields ref,name"))
        .within("here/app")
        .run();
    insta::assert_snapshot!(link, @"
    ref	abcdefghijklmnopqrst
    name	acme-shop
    ------- stderr -------
    Linked this folder to project abcdefghijklmnopqrst
    ");
    let file = supabase
        .world()
        .path()
        .join("here/app/supabase/.temp/project-ref");
    assert_eq!(std::fs::read_to_string(&file).unwrap().trim(), REF);
    let get = |folder: &str| {
        supabase
            .command("projects get -o json")
            .without("SUPABASE_PROJECT_ID")
            .within(folder)
            .run()
    };
    assert_eq!(get("here/app/src/deep").json()["metadata"]["project"], REF);
    let unlink = supabase.command("unlink").within("here/app").run();
    assert_eq!(unlink.status(), Some(0), "{unlink}");
    assert!(!file.exists());
    assert_eq!(get("here/app").code(), Some("no_project"));
    let again = supabase.command("unlink").within("here/app").run();
    insta::assert_snapshot!(again, @"
    ------- stderr -------
    Neither this folder nor one above it is linked
    ");
}

#[test]
fn a_project_to_link_is_picked_at_a_terminal() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json");
    supabase.on("GET", PROJECT).answers(200, "project.json");
    let person = supabase.command("link").at_terminal(100);
    let screen = person.reads("acme-shop").types("shop\r").sees_the_end();
    assert_eq!(screen.status(), Some(0), "{screen}");
    let file = supabase
        .world()
        .path()
        .join("here/supabase/.temp/project-ref");
    assert_eq!(std::fs::read_to_string(file).unwrap().trim(), REF);
}

#[test]
fn a_project_that_cannot_be_read_is_not_linked() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(403, json!({"message": "Forbidden"}));
    let link = supabase.command("link").arg(REF).run();
    assert_eq!(link.code(), Some("forbidden"), "{link}");
    assert!(!supabase.world().path().join("here/supabase").exists());
    let nobody = supabase.run("link");
    assert_eq!(nobody.code(), Some("usage"), "{nobody}");
}

#[test]
fn a_token_in_the_wrong_place_is_not_printed() {
    let world = World::new();
    for text in [
        "[tokens]\ndefault = \"sbp_0123456789abcdef0123456789abcdef01234567\"\n",
        "tokens = \"sbp_0123456789abcdef0123456789abcdef01234567\"\n",
        "sbp_0123456789abcdef0123456789abcdef01234567\n",
    ] {
        let _ = world.file("config/credentials.toml", text);
        let screen = world
            .command("projects list")
            .without("SUPABASE_ACCESS_TOKEN")
            .run();
        assert_eq!(screen.status(), Some(2), "{screen}");
        assert!(!screen.to_string().contains("sbp_"), "{screen}");
        assert!(
            screen.stderr().contains("credentials.toml, line"),
            "{screen}"
        );
    }
}

#[test]
fn there_may_be_nothing_to_link_to() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", "/v1/projects").answers(200, json!([]));
    let person = supabase.command("link").at_terminal(100);
    insta::assert_snapshot!(person.sees_the_end(), @"
    error[not_found]: you have no projects
    hint: `supactl projects create <NAME>` makes one
    [exit status: 5]
    ");
}
