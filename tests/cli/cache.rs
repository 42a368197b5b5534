//! Each run is another process: what one has learnt the next may use.

use serde_json::json;

use crate::support::{AVATARS, BUCKETS, FakeSupabase, KEYS, REF, SECRETS};

#[test]
fn the_second_list_sends_nothing_and_says_how_old_it_is() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", BUCKETS)
        .answers(200, "buckets.json")
        .once();
    let first = supabase.run("storage buckets list -o json").json();
    assert_eq!(first["metadata"]["cached"], json!(false));
    let sent = supabase.requests().len();
    let second = supabase.run("storage buckets list -o json").json();
    assert_eq!(second["metadata"]["cached"], json!(true));
    assert_eq!(second["data"], first["data"]);
    let third = supabase.run("storage buckets list");
    assert!(third.stderr().starts_with("cached "), "{third}");
    assert_eq!(supabase.requests().len(), sent);
}

#[test]
fn a_create_in_another_process_makes_the_list_ask_again() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(200, json!([])).once();
    supabase
        .on("POST", BUCKETS)
        .answers(200, json!({"name": "avatars"}))
        .once();
    supabase.on("GET", AVATARS).answers(
        200,
        json!({"id": "avatars", "name": "avatars", "type": "STANDARD"}),
    );
    assert_eq!(supabase.run("storage buckets list").stdout(), "");
    let created = supabase.run("storage buckets create avatars");
    assert_eq!(created.status(), Some(0), "{created}");
    supabase
        .on("GET", BUCKETS)
        .answers(200, "buckets.json")
        .once();
    let listed = supabase.run("storage buckets list");
    assert!(listed.stdout().contains("avatars"), "{listed}");
}

#[test]
fn a_write_that_failed_makes_it_ask_again_too() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(200, json!([])).times(2);
    supabase
        .on("POST", BUCKETS)
        .answers(500, json!({"message": "no"}))
        .once();
    let _ = supabase.run("storage buckets list");
    let failed = supabase.run("storage buckets create avatars");
    assert_ne!(failed.status(), Some(0));
    let _ = supabase.run("storage buckets list");
}

#[test]
fn a_write_of_api_forgets_the_whole_project() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(200, json!([])).times(2);
    supabase
        .on("PATCH", "/v1/projects/abcdefghijklmnopqrst")
        .answers(200, json!({}))
        .once();
    let _ = supabase.run("storage buckets list");
    let patched = supabase.run("api PATCH /v1/projects/{ref} -f name=x");
    assert_eq!(patched.status(), Some(0), "{patched}");
    let _ = supabase.run("storage buckets list");
}

#[test]
fn a_write_forgets_its_own_project_and_one_that_names_none_forgets_all() {
    let supabase = FakeSupabase::start();
    let other = "bcdefghijklmnopqrstu";
    for (reference, times) in [(REF, 3), (other, 2)] {
        supabase
            .on("GET", &format!("/v1/projects/{reference}"))
            .answers(200, json!({"ref": reference}))
            .times(times);
    }
    supabase
        .on("PATCH", &format!("/v1/projects/{REF}"))
        .answers(200, json!({}));
    supabase
        .on("POST", "/v1/organizations")
        .answers(201, json!({}));
    let read_both = || {
        for reference in [REF, other] {
            let screen = supabase.run(&format!("projects get {reference}"));
            assert_eq!(screen.status(), Some(0), "{screen}");
        }
    };
    read_both();
    let _ = supabase.run("api PATCH /v1/projects/{ref} -f name=x");
    read_both();
    let _ = supabase.run("api POST /v1/organizations -f name=x");
    read_both();
}

#[test]
fn another_token_another_key_and_two_flags_ask_anew() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, json!([]))
        .times(4);
    let _ = supabase.run("orgs list");
    let _ = supabase
        .command("orgs list")
        .env(
            "SUPABASE_ACCESS_TOKEN",
            "sbp_ffffffffffffffffffffffffffffffffffffffff",
        )
        .run();
    let _ = supabase.run("orgs list --refresh");
    let _ = supabase.run("orgs list --no-cache");
    // What `--refresh` was answered is kept.
    let kept = supabase.run("orgs list -o json").json();
    assert_eq!(kept["metadata"]["cached"], json!(true));
}

#[test]
fn an_answer_is_the_same_whether_it_is_cached_or_not() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", &format!("/v1/projects/{REF}/functions"))
        .answers(
            200,
            json!([{"slug": "hello", "version": 1, "signing_secret": "hunter2hunter2"}]),
        )
        .once();
    let data = || {
        let screen = supabase.run("functions list -o json");
        assert!(!screen.to_string().contains("hunter2"), "{screen}");
        screen.json()["data"].clone()
    };
    assert_eq!(data(), data());
}

#[test]
fn in_ci_nothing_is_kept_unless_it_is_asked_for() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, json!([]))
        .times(3);
    let list = || supabase.command("orgs list").env("CI", "true");
    let _ = list().run();
    let _ = list().run();
    let _ = list().env("SUPACTL_CACHE", "1").run();
    let kept = list().env("SUPACTL_CACHE", "1").run();
    assert!(kept.stderr().contains("cached"), "{kept}");
}

#[test]
fn keys_are_in_no_file_and_clearing_leaves_nothing() {
    let supabase = FakeSupabase::with_keys();
    supabase
        .on("GET", BUCKETS)
        .answers(200, "buckets.json")
        .times(2);
    let _ = supabase.run("storage buckets list");
    let cache = supabase.world().path().join("cache");
    let mut files = 0;
    let mut folders = vec![cache];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            for secret in SECRETS {
                assert!(!text.contains(secret), "{}", path.display());
            }
        }
    }
    assert!(files > 0, "something was kept");
    let cleared = supabase.run("cache clear");
    assert_eq!(cleared.status(), Some(0), "{cleared}");
    let _ = supabase.run("storage buckets list");
}

#[test]
fn a_host_that_fails_five_times_is_left_alone() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", KEYS)
        .answers(503, json!({"message": "no"}))
        .header("retry-after", "0")
        .times(5);
    let screen = supabase.run("storage buckets list --retries 9");
    assert_eq!(screen.status(), Some(1), "{screen}");
    assert_eq!(supabase.requests().len(), 5, "{screen}");
}
