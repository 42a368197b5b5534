use serde_json::json;

use crate::support::{FakeSupabase, Screen, World};

const SECRETS: &str = "/v1/projects/abcdefghijklmnopqrst/secrets";

fn sandbox(world: &World, line: &str) -> Screen {
    world.command(line).env("SUPACTL_PROFILE", "sandbox").run()
}

#[test]
fn list_shows_digests_and_is_never_kept() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", SECRETS)
        .answers(200, json!([{"name": "OLD", "value": "aa"}, {"name": "NEW", "value": "bb", "updated_at": "2026-03-01T10:00:00Z"}]))
        .times(2);
    insta::assert_snapshot!(supabase.run("secrets list"), @"
    NEW	bb	2026-03-01 10:00:00+00:00
    OLD	aa
    ");
    assert_eq!(
        supabase.run("secrets ls -o json").json()["metadata"]["cached"],
        false
    );
}

#[test]
fn values_come_from_wherever_they_are_and_are_never_shown() {
    let supabase = FakeSupabase::start();
    let file = supabase.world().file("key.pem", "-----BEGIN hunter2\nx\n");
    let env_file = supabase.world().file(
        "some.env",
        "A=hunter2-a\nSUPABASE_URL=x\nexport B=\"hunter2 b\"\n",
    );
    supabase
        .on("POST", SECRETS)
        .with_body(json!([
            {"name": "A", "value": "hunter2-again"}, {"name": "B", "value": "hunter2 b"}, {"name": "D", "value": "hunter2-d"}, {"name": "C", "value": "-----BEGIN hunter2\nx"}
        ]))
        .answers(201, json!(null))
        .once();
    supabase.on("GET", SECRETS).answers(200, json!([{"name": "A", "value": "a1"}, {"name": "OTHER", "value": "o1"}, {"name": "D", "value": "d1"}])).once();
    let screen = supabase
        .command("secrets set D=- A=env:AGAIN")
        .arg(format!("C=@{}", file.display()))
        .args(["--env-file".into(), env_file.into_os_string()])
        .env("AGAIN", "hunter2-again")
        .input("hunter2-d\n")
        .run();
    assert!(!screen.to_string().contains("hunter2"), "{screen}");
    insta::assert_snapshot!(screen, @"
    A	a1	
    D	d1	
    ------- stderr -------
    Skipped `SUPABASE_URL`, which the platform sets itself
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Set 4 secrets
    ");
}

#[test]
fn a_hundred_and_one_are_two_requests() {
    let supabase = FakeSupabase::start();
    let lines: Vec<String> = (0..101)
        .map(|number| format!("N{number}=v{number}"))
        .collect();
    let file = supabase.world().file("many.env", &lines.join("\r\n"));
    supabase
        .on("POST", SECRETS)
        .answers(201, json!(null))
        .times(2);
    supabase.on("GET", SECRETS).answers(200, json!([]));
    let screen = supabase.command("secrets set --env-file").arg(file).run();
    assert_eq!(screen.status(), Some(0), "{screen}");
    let sizes: Vec<usize> = supabase
        .requests()
        .iter()
        .filter(|request| request.method == "POST")
        .map(|request| request.body_json::<Vec<serde_json::Value>>().unwrap().len())
        .collect();
    assert_eq!(sizes, [100, 1]);
}

#[test]
fn what_cannot_be_a_secret_is_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    for line in [
        "secrets set",
        "secrets set SUPABASE_X=hunter2",
        "secrets set 1A=hunter2",
        "secrets set hunter2",
        "secrets set =hunter2",
        "secrets set A=",
    ] {
        let screen = supabase.run(line);
        assert_eq!(screen.status(), Some(2), "{line}: {screen}");
        assert!(!screen.to_string().contains("hunter2"), "{screen}");
    }
    let long = supabase.world().file("long", &"x".repeat(24_577));
    let screen = supabase
        .command("secrets set")
        .arg(format!("A=@{}", long.display()))
        .run();
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    error[invalid_input]: the value of `A` has 24577 characters; 24576 are allowed
    [exit status: 2]
    ");
    let broken = supabase.world().file("broken.env", "A=1\nhunter2\n");
    let screen = supabase.command("secrets set --env-file").arg(broken).run();
    assert!(
        !screen.to_string().contains("hunter2") && screen.stderr().contains("line 2"),
        "{screen}"
    );
    assert_eq!(supabase.conversation(), "");
}

#[test]
fn a_typed_secret_works_and_draws_a_warning() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", SECRETS)
        .answers(
            400,
            json!({"message": "value: hunter2hunter2 is not to our liking"}),
        )
        .once();
    let screen = supabase.run("secrets set A=hunter2hunter2");
    assert!(
        !screen.to_string().contains("hunter2"),
        "what the service repeats is masked: {screen}"
    );
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    A secret typed as an argument can be seen by others on this machine: `A` also takes `-`, `@FILE` and `env:NAME`
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[rejected]: value: ******** is not to our liking
    [exit status: 1]
    ");
}

#[test]
fn unset_shows_what_was() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", SECRETS).answers(
        200,
        json!([{"name": "A", "value": "a1"}, {"name": "B", "value": "b1"}]),
    );
    supabase
        .on("DELETE", SECRETS)
        .with_body(json!(["A", "B"]))
        .answers(200, json!(null))
        .once();
    insta::assert_snapshot!(supabase.run("secrets unset A B --yes -o json"), @r#"
    {"data":[{"name":"A","value":"a1","updated_at":null,"deleted":true},{"name":"B","value":"b1","updated_at":null,"deleted":true}],"success":true,"error":null,"metadata":{"command":"secrets unset","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":2,"dry_run":false}}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Removed 2 secrets
    "#);
    assert_eq!(
        supabase.run("secrets unset A NOPE --yes").code(),
        Some("not_found")
    );
    assert_eq!(supabase.run("secrets unset A").status(), Some(3));
}

#[test]
fn a_secret_lives_in_the_sandbox() {
    let world = World::new();
    let set = world
        .command("secrets set TOKEN=- -o json")
        .env("SUPACTL_PROFILE", "sandbox")
        .input("abc")
        .run();
    // SHA-256 of `abc`.
    assert_eq!(
        set.json()["data"][0]["value"],
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        sandbox(&world, "secrets unset TOKEN --yes").status(),
        Some(0)
    );
    assert!(!sandbox(&world, "secrets list").stdout().contains("TOKEN"));
}

#[test]
fn reading_that_does_not_end_can_be_interrupted() {
    let world = World::new();
    let pipe = world.path().join("pipe");
    let made = std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .unwrap();
    assert!(made.success());
    for place in ["-".to_owned(), format!("@{}", pipe.display())] {
        let screen = world
            .command("secrets set A=typed")
            .arg(format!("B={place}"))
            .at_terminal(200)
            // It is said right before B is read, which nobody ever writes.
            .reads("env:NAME")
            .presses("\x03")
            .sees_the_end();
        assert_eq!(screen.status(), Some(130), "{screen}");
        assert!(
            screen.stdout().contains("error[interrupted]: interrupted"),
            "{screen}"
        );
    }
}
