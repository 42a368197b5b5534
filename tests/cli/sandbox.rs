use serde_json::json;

use crate::support::{Screen, World};

/// Runs in the sandbox of a world.
fn sandbox(world: &World, line: &str) -> Screen {
    world.command(line).env("SUPACTL_PROFILE", "sandbox").run()
}

#[test]
fn the_first_command_of_the_readme_shows_buckets() {
    let world = World::new();
    insta::assert_snapshot!(world.run("--profile sandbox storage buckets list"), @"
    drafts	private	STANDARD			2026-09-30 13:55:08+00:00	2026-09-30 13:55:08+00:00
    exports	private	STANDARD			2026-05-28 07:12:33+00:00	2026-05-28 07:12:33+00:00
    invoices	private	STANDARD	2 MB	application/pdf	2026-02-02 11:05:19+00:00	2026-02-02 11:05:19+00:00
    product-images	public	STANDARD	10 MB	image/*	2026-01-14 16:20:45+00:00	2026-01-14 16:20:45+00:00
    avatars	public	STANDARD	5 MB	image/png, image/jpeg, image/webp	2026-01-12 09:41:03+00:00	2026-01-12 09:41:03+00:00
    ");
}

#[test]
fn a_bucket_lives_from_create_to_delete() {
    let world = World::new();
    insta::assert_snapshot!(sandbox(&world, "storage buckets create reports --public --file-size-limit 5MB --allowed-mime-type image/* --fields id,public,file_size_limit,allowed_mime_types"), @"
    id	reports
    public	public
    file_size_limit	5 MB
    allowed_mime_types	image/*
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Created bucket `reports`
    ");
    let listed = sandbox(&world, "storage buckets list --search rep -o json");
    assert_eq!(
        listed.json()["data"][0]["file_size_limit"],
        json!(5_000_000)
    );
    insta::assert_snapshot!(sandbox(&world, "storage buckets update reports --private --file-size-limit none --fields id,public,file_size_limit,allowed_mime_types"), @"
    id	reports
    public	private
    file_size_limit	
    allowed_mime_types	image/*
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Updated bucket `reports`
    ");
    let got = sandbox(&world, "storage buckets get reports -o json").json();
    assert_eq!(
        (
            &got["data"]["public"],
            &got["data"]["file_size_limit"],
            &got["data"]["allowed_mime_types"]
        ),
        (&json!(false), &json!(null), &json!(["image/*"]))
    );
    insta::assert_snapshot!(sandbox(&world, "storage buckets empty reports --yes --fields id,deleted,deleted_objects"), @"
    id	reports
    deleted	true
    deleted_objects	0
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Emptied bucket `reports`: 0 files deleted
    ");
    insta::assert_snapshot!(sandbox(&world, "storage buckets delete reports --yes --fields id,deleted"), @"
    id	reports
    deleted	true
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Deleted bucket `reports`
    ");
    assert_eq!(
        sandbox(&world, "storage buckets get reports").code(),
        Some("not_found")
    );
}

#[test]
fn a_full_bucket_is_kept_until_force() {
    let world = World::new();
    insta::assert_snapshot!(sandbox(&world, "storage buckets delete avatars --yes"), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    error[conflict]: bucket `avatars` is not empty
    hint: `--force` deletes the files in it first
    [exit status: 6]
    ");
    assert_eq!(
        sandbox(&world, "storage buckets get avatars").status(),
        Some(0)
    );
    let deleted = sandbox(
        &world,
        "storage buckets delete avatars --force --yes -o json",
    )
    .json();
    assert_eq!(deleted["data"]["deleted"], json!(true));
    let again = sandbox(&world, "storage buckets create avatars --if-not-exists");
    assert_eq!(again.status(), Some(0), "{again}");
    let taken = sandbox(&world, "storage buckets create avatars");
    assert_eq!(taken.code(), Some("already_exists"), "{taken}");
}

#[test]
fn several_at_once_lose_nothing() {
    let world = World::new();
    std::thread::scope(|scope| {
        for number in 0..6 {
            let world = &world;
            scope.spawn(move || {
                let screen = sandbox(world, &format!("storage buckets create b{number}"));
                assert_eq!(screen.status(), Some(0), "{screen}");
            });
        }
    });
    let listed = sandbox(&world, "storage buckets list --search b -o json").json();
    let names = listed["data"].as_array().unwrap().iter();
    let ours = names.filter(|bucket| bucket["id"].as_str().unwrap().len() == 2);
    assert_eq!(ours.count(), 6);
}

#[test]
fn a_reset_starts_over() {
    let world = World::new();
    let before = sandbox(&world, "storage buckets list -o csv");
    assert_eq!(
        sandbox(&world, "storage buckets create more").status(),
        Some(0)
    );
    assert_eq!(sandbox(&world, "sandbox reset --yes").status(), Some(0));
    let after = sandbox(&world, "storage buckets list -o csv");
    assert_eq!(before.stdout(), after.stdout());
}

#[test]
fn nothing_of_the_service_is_heeded() {
    let world = World::new();
    let listed = world
        .command("projects list -v")
        .env("SUPACTL_PROFILE", "sandbox")
        .env("SUPABASE_ACCESS_TOKEN", "sbp_of-somebody-else")
        .run();
    assert_eq!(listed.status(), Some(0), "{listed}");
    assert!(
        listed
            .stderr()
            .contains("does not heed SUPABASE_ACCESS_TOKEN"),
        "{listed}"
    );
    let addressed = world
        .command("projects list --api-url http://127.0.0.1:9")
        .env("SUPACTL_PROFILE", "sandbox")
        .run();
    assert_eq!(addressed.code(), Some("usage"), "{addressed}");
}

#[test]
fn states_of_projects_are_those_of_the_seed() {
    let world = World::new();
    insta::assert_snapshot!(sandbox(&world, "projects list --fields name,status -o csv"), @"
    name,status
    acme-analytics,ACTIVE_UNHEALTHY
    acme-shop-staging,INACTIVE
    acme-shop,ACTIVE_HEALTHY
    ");
    let paused = sandbox(&world, "storage buckets list -p acme-shop-staging");
    assert_eq!(paused.code(), Some("project_paused"), "{paused}");
}

#[test]
fn the_clock_moves_and_a_wait_moves_it() {
    let world = World::new();
    let at = |line: &str| -> jiff::Timestamp {
        let screen = sandbox(&world, &format!("{line} -o json"));
        let now = &screen.json()["data"]["now_at"];
        now.as_str()
            .unwrap_or_else(|| panic!("{screen}"))
            .parse()
            .unwrap()
    };
    let before = at("sandbox clock");
    let after = at("sandbox clock +20min");
    assert!(after.duration_since(before).as_secs() >= 20 * 60);
    // Half an hour of it passes in no time.
    let waited = sandbox(&world, "projects wait acme-analytics --timeout 30m");
    assert_eq!(waited.code(), Some("timeout"), "{waited}");
    assert!(at("sandbox clock").duration_since(after).as_secs() > 29 * 60);
    // A wait that no number of looks fits goes on to its end.
    let before = at("sandbox clock");
    let waited = sandbox(&world, "projects wait acme-analytics --timeout 9s");
    assert!(waited.stderr().contains("after 9 s"), "{waited}");
    assert!(at("sandbox clock").duration_since(before).as_secs() >= 9);
    // Nor can anybody get to the end of time.
    let too_far = sandbox(&world, "sandbox clock +99999999999h");
    assert_eq!(too_far.status(), Some(2), "{too_far}");
}

#[test]
fn a_damaged_state_is_told_with_the_way_out() {
    let world = World::new();
    assert_eq!(
        sandbox(&world, "storage buckets create more").status(),
        Some(0)
    );
    world.file("state/sandbox/state.json", "{\"half\":");
    let screen = sandbox(&world, "storage buckets list --retries 0");
    assert_ne!(screen.status(), Some(0));
    assert!(
        screen.stderr().contains("supactl sandbox reset"),
        "{screen}"
    );
    assert_eq!(sandbox(&world, "sandbox reset --yes").status(), Some(0));
    assert_eq!(sandbox(&world, "storage buckets list").status(), Some(0));
}

#[test]
fn serve_prints_what_was_asked_for_and_nothing_after_it() {
    let world = World::own_sandbox();
    for (flags, shown) in [
        ("--fields access_token", "SUPABASE_ACCESS_TOKEN"),
        ("--jq .data|keys[0]", "access_token"),
        ("-o json", "\"success\": true"),
    ] {
        let screen = world
            .command("sandbox serve")
            .args(flags.splitn(2, ' '))
            .at_terminal(200)
            .reads("Ctrl-C ends it")
            .presses("\x03")
            .sees_the_end();
        assert_eq!(screen.status(), Some(130), "{flags}: {screen}");
        assert!(screen.stdout().contains(shown), "{flags}: {screen}");
        assert_eq!(
            screen.stdout().to_lowercase().contains("api_url"),
            flags == "-o json",
            "{flags}: {screen}"
        );
        assert!(!screen.stdout().contains("\"success\": false"), "{screen}");
    }
    let screen = world.run("sandbox serve --fields nope");
    assert_eq!(screen.status(), Some(2), "{screen}");
}
