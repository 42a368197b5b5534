use serde_json::json;

use crate::support::{BUCKETS, FakeSupabase, World};

/// What zsh is offered after these words, a line each; the last word is the one being typed.
fn offered(supabase: &FakeSupabase, words: &[&str]) -> Vec<String> {
    let mut run = supabase
        .command("-- supactl")
        .env("SUPACTL_COMPLETE", "zsh")
        .env("_CLAP_COMPLETE_INDEX", &words.len().to_string())
        .env("_CLAP_IFS", "\n");
    for word in words {
        run = run.arg(*word);
    }
    let screen = run.run();
    assert_eq!(
        (screen.status(), screen.stderr()),
        (Some(0), ""),
        "{screen}"
    );
    let lines = screen.stdout().lines();
    lines
        .map(str::to_owned)
        .filter(|line| !line.starts_with('-'))
        .collect()
}

#[test]
fn commands_and_values_are_offered() {
    let supabase = FakeSupabase::start();
    let groups = offered(&supabase, &["stor"]);
    assert!(groups[0].starts_with("storage:"), "{groups:?}");
    let formats = offered(&supabase, &["projects", "list", "-o", "nd"]);
    assert!(formats[0].starts_with("ndjson"), "{formats:?}");
    assert_eq!(
        offered(&supabase, &["--profile", "s"]),
        ["sandbox:built in"]
    );
    // The value of a flag is no command, whatever it is called.
    let below = offered(
        &supabase,
        &["--profile", "sandbox", "storage", "buckets", "e"],
    );
    assert!(below[0].starts_with("empty"), "{below:?}");
}

#[test]
fn names_come_out_of_kept_answers_and_nothing_is_sent_for_them() {
    let supabase = FakeSupabase::with_keys();
    assert!(offered(&supabase, &["--project", ""]).is_empty());
    assert!(offered(&supabase, &["storage", "buckets", "get", ""]).is_empty());
    assert_eq!(supabase.conversation(), "");

    supabase
        .on("GET", "/v1/projects")
        .answers(
            200,
            json!([{"ref": "abcdefghijklmnopqrst", "name": "acme\u{1b}[31m"}]),
        )
        .once();
    supabase
        .on("GET", BUCKETS)
        .answers(200, json!([{"id": "avatars"}, {"id": "my files"}]))
        .once();
    assert_eq!(supabase.run("projects list").status(), Some(0));
    assert_eq!(supabase.run("storage buckets list").status(), Some(0));
    let sent = supabase.requests().len();
    let projects = offered(&supabase, &["--project", ""]);
    assert!(
        projects[0].starts_with("abcdefghijklmnopqrst:acme") && !projects[0].contains('\u{1b}'),
        "{projects:?}"
    );
    let buckets = offered(&supabase, &["storage", "buckets", "get", ""]);
    assert_eq!(buckets, ["avatars", "my files"]);
    // Another project's are others.
    let other = [
        "-p",
        "bcdefghijklmnopqrstu",
        "storage",
        "buckets",
        "get",
        "",
    ];
    assert!(offered(&supabase, &other).is_empty());
    assert_eq!(supabase.requests().len(), sent);
}

#[test]
fn a_shell_that_is_not_known_gets_nothing() {
    let world = World::new();
    let screen = world
        .command("-- supactl stor")
        .env("SUPACTL_COMPLETE", "tcsh")
        .run();
    assert_eq!(
        (screen.status(), screen.stdout()),
        (Some(0), ""),
        "{screen}"
    );
}

#[test]
fn the_script_is_bytes_and_needs_nothing() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let screen = world
            .command("completions")
            .arg(shell)
            .without("HOME")
            .without("SUPABASE_ACCESS_TOKEN")
            .run();
        assert!(screen.stdout().contains("SUPACTL_COMPLETE"), "{screen}");
    }
    let shaped = world.run("completions bash -o json");
    assert_eq!(shaped.code(), Some("usage"), "{shaped}");
}
