use serde_json::{Value, json};

use crate::support::{FakeSupabase, PROJECT, World};

/// Two organizations with all that formats stumble over.
fn awkward() -> FakeSupabase {
    let supabase = FakeSupabase::start();
    supabase.on("GET", "/v1/organizations").answers(
        200,
        json!([
            {"id": "acme", "slug": "acme", "name": "Acme, \"the\" shop", "tags": ["a", "b"], "extra": {"x": 1}},
            {"id": "tabs", "slug": "tabs", "name": "one\ttwo\nthree\\four", "tags": null, "seats": 3},
        ]),
    );
    supabase
}

#[test]
fn a_piped_table_is_tab_separated_and_can_be_read_back() {
    let screen = awkward().run("orgs list");
    assert_eq!(
        screen.stdout(),
        "acme\tAcme, \"the\" shop\ntabs\tone\\ttwo\\nthree\\\\four\n"
    );
    assert_eq!(screen.stderr(), "");
}

#[test]
fn json_is_one_envelope() {
    insta::assert_snapshot!(awkward().run("orgs list -o json"), @r#"{"data":[{"id":"acme","slug":"acme","name":"Acme, \"the\" shop","plan":null,"tags":["a","b"],"extra":{"x":1}},{"id":"tabs","slug":"tabs","name":"one\ttwo\nthree\\four","plan":null,"tags":null,"seats":3}],"success":true,"error":null,"metadata":{"command":"orgs list","project":null,"timestamp":[now],"duration_ms":[ms],"cached":false,"count":2,"dry_run":false}}"#);
}

#[test]
fn yaml_is_the_same_envelope() {
    insta::assert_snapshot!(awkward().run("orgs list -o yaml"), @r#"
    data:
    - id: acme
      slug: acme
      name: 'Acme, "the" shop'
      plan: null
      tags:
      - a
      - b
      extra:
        x: 1
    - id: tabs
      slug: tabs
      name: "one\ttwo\nthree\\four"
      plan: null
      tags: null
      seats: 3
    success: true
    error: null
    metadata:
      command: orgs list
      project: null
      timestamp: [now]
      duration_ms: [ms]
      cached: false
      count: 2
      dry_run: false
    "#);
}

#[test]
fn csv_has_a_header_of_keys_and_loses_nothing() {
    let screen = awkward().run("orgs list -o csv");
    assert_eq!(
        screen.stdout(),
        "slug,name,id,plan,tags,extra,seats\n\
         acme,\"Acme, \"\"the\"\" shop\",acme,,\"[\"\"a\"\",\"\"b\"\"]\",\"{\"\"x\"\":1}\",\n\
         tabs,\"one\ttwo\nthree\\four\",tabs,,,,3\n"
    );
    assert_eq!(screen.stderr(), "");
}

#[test]
fn ndjson_is_an_object_a_line() {
    let screen = awkward().run("orgs list -o ndjson");
    assert_eq!(
        screen.stdout(),
        "{\"id\":\"acme\",\"slug\":\"acme\",\"name\":\"Acme, \\\"the\\\" shop\",\"plan\":null,\"tags\":[\"a\",\"b\"],\"extra\":{\"x\":1}}\n\
         {\"id\":\"tabs\",\"slug\":\"tabs\",\"name\":\"one\\ttwo\\nthree\\\\four\",\"plan\":null,\"tags\":null,\"seats\":3}\n"
    );
    assert_eq!(screen.stderr(), "");
}

#[test]
fn a_terminal_gets_a_header_and_aligned_columns() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json");
    let wide = supabase.command("projects list").at_terminal(100);
    insta::assert_snapshot!(wide.sees_the_end(), @"
    Ref                   Name          Organization  Region        Status          Created
    bcdefghijklmnopqrstu  acme-staging  acme          us-east-1     INACTIVE        2026-05-17
                                                                                    08:30:00+00:00
    abcdefghijklmnopqrst  acme-shop     acme          eu-central-1  ACTIVE_HEALTHY  2026-03-01
                                                                                    10:00:00+00:00
    ");
    let narrow = supabase
        .command("projects list --utc --no-cache")
        .at_terminal(60);
    insta::assert_snapshot!(narrow.sees_the_end(), @"
    Ref       Name      Organiza  Region    Status    Created
                        tion
    bcdefghi  acme-sta  acme      us-east-  INACTIVE  2026-05-
    jklmnopq  ging                1                   17 08:30
    rstu                                              :00Z
    abcdefgh  acme-sho  acme      eu-centr  ACTIVE_H  2026-03-
    ijklmnop  p                   al-1      EALTHY    01 10:00
    qrst                                              :00Z
    ");
}

#[test]
fn a_terminal_gets_one_thing_with_headers_down() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(200, "project-paused.json");
    let person = supabase.command("projects get").at_terminal(100);
    insta::assert_snapshot!(person.sees_the_end(), @"
    Ref           abcdefghijklmnopqrst
    Name          acme-shop
    Organization  acme
    Region        eu-central-1
    Status        INACTIVE
    Created       2026-03-01 10:00:00+00:00
    ");
}

#[test]
fn times_are_local_with_their_offset_or_utc() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", "/v1/projects").answers(
        200,
        json!([{"ref": "a", "created_at": "2026-07-01T22:30:00Z"}]),
    );
    let shown = |line: &str, zone: &str| {
        let screen = supabase.command(line).env("TZ", zone).run();
        screen.stdout().trim_start_matches("a\t\t\t\t\t").to_owned()
    };
    assert_eq!(
        shown("projects list", "Europe/Berlin"),
        "2026-07-02 00:30:00+02:00\n"
    );
    assert_eq!(
        shown("projects list --utc", "Europe/Berlin"),
        "2026-07-01 22:30:00Z\n"
    );
    assert_eq!(
        shown("projects list", "nonsense"),
        "2026-07-01 22:30:00+00:00\n"
    );
    let json = supabase
        .command("projects list -o ndjson")
        .env("TZ", "Europe/Berlin")
        .run();
    assert!(json.stdout().contains("\"2026-07-01T22:30:00Z\""), "{json}");
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json");
    for columns in [40, 60, 80, 100, 200] {
        let screen = supabase
            .command("projects list")
            .at_terminal(columns)
            .sees_the_end();
        for line in screen.stdout().lines() {
            assert!(
                line.chars().count() <= usize::from(columns),
                "{columns}: {line}"
            );
        }
    }
}

#[test]
fn json_for_a_person_has_line_breaks_and_the_same_data() {
    let supabase = awkward();
    let seen = supabase
        .command("orgs list -o json")
        .at_terminal(100)
        .sees_the_end();
    assert!(seen.stdout().lines().count() > 10, "{seen}");
    let piped = supabase.run("orgs list -o json");
    assert_eq!(seen.json()["data"], piped.json()["data"]);
}

#[test]
fn colour_is_for_terminals_only_unless_forced() {
    let supabase = awkward();
    let coloured =
        |run: crate::support::Run<'_>| run.at_terminal(100).sees_all_bytes().contains(&0x1b);
    assert!(coloured(supabase.command("orgs list").without("NO_COLOR")));
    assert!(!coloured(supabase.command("orgs list")), "NO_COLOR");
    assert!(!coloured(
        supabase
            .command("orgs list --color never")
            .without("NO_COLOR")
    ));
    assert!(
        coloured(supabase.command("orgs list --color always")),
        "the flag wins over NO_COLOR"
    );
    for format in ["table", "json", "yaml", "csv", "ndjson"] {
        let screen = supabase
            .command("orgs list -o")
            .arg(format)
            .without("NO_COLOR")
            .run();
        assert!(!screen.stdout().contains('\x1b'), "{format}");
    }
}

/// The keys of an object, in order.
fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

#[test]
fn the_envelope_always_has_the_same_keys_in_the_same_order() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(200, "project.json");
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, json!([]));
    supabase
        .on("GET", "/v1/organizations/nope")
        .answers(404, json!({"message": "Organization not found"}));
    for (line, status) in [
        ("projects get -o json", 0),
        ("orgs list -o json", 0),
        ("orgs get nope -o json", 5),
        ("orgs get -o json", 2),
        ("orgs nonsense -o json", 2),
        ("-o json nonsense", 2),
        ("orgs get a/b -o json", 2),
        (
            "storage buckets create x --dry-run -o json --service-key env:NOTHING",
            2,
        ),
    ] {
        let screen = supabase.run(line);
        assert_eq!(screen.status(), Some(status), "{line}\n{screen}");
        let envelope = screen.json();
        assert_eq!(
            keys(&envelope),
            ["data", "success", "error", "metadata"],
            "{line}"
        );
        assert_eq!(
            keys(&envelope["metadata"]),
            [
                "command",
                "project",
                "timestamp",
                "duration_ms",
                "cached",
                "count",
                "dry_run"
            ],
            "{line}"
        );
        assert_eq!(envelope["success"], json!(status == 0), "{line}");
        if status == 0 {
            assert_eq!(envelope["error"], Value::Null, "{line}");
        } else {
            assert_eq!(
                keys(&envelope["error"]),
                ["code", "message", "hint", "status", "request_id", "details"],
                "{line}"
            );
            assert_eq!(envelope["data"], Value::Null, "{line}");
        }
    }
}

#[test]
fn a_failure_has_its_envelope_and_its_lines() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", PROJECT)
        .answers(404, json!({"message": "Project not found"}))
        .header("x-request-id", "9f2c");
    insta::assert_snapshot!(supabase.run("projects get -o json"), @r#"
    {"data":null,"success":false,"error":{"code":"not_found","message":"Project not found","hint":null,"status":404,"request_id":"9f2c","details":null},"metadata":{"command":"projects get","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    error[not_found]: Project not found (request 9f2c)
    [exit status: 5]
    "#);
    insta::assert_snapshot!(supabase.run("projects get -o yaml"), @"
    data: null
    success: false
    error:
      code: not_found
      message: Project not found
      hint: null
      status: 404
      request_id: '9f2c'
      details: null
    metadata:
      command: projects get
      project: abcdefghijklmnopqrst
      timestamp: [now]
      duration_ms: [ms]
      cached: false
      count: null
      dry_run: false
    ------- stderr -------
    error[not_found]: Project not found (request 9f2c)
    [exit status: 5]
    ");
    insta::assert_snapshot!(supabase.run("projects get -o csv"), @"
    ------- stderr -------
    error[not_found]: Project not found (request 9f2c)
    [exit status: 5]
    ");
    insta::assert_snapshot!(supabase.run("projects get -o ndjson"), @"
    ------- stderr -------
    error[not_found]: Project not found (request 9f2c)
    [exit status: 5]
    ");
}

#[test]
fn a_usage_error_has_its_envelope_too() {
    let world = World::new();
    insta::assert_snapshot!(world.run("storage buckets create -o json"), @r#"
    {"data":null,"success":false,"error":{"code":"usage","message":"`<NAME>` is missing","hint":"`supactl storage buckets create --help` shows all that it takes","status":null,"request_id":null,"details":null},"metadata":{"command":"storage buckets create","project":null,"timestamp":[now],"duration_ms":[ms],"cached":false,"count":null,"dry_run":false}}
    ------- stderr -------
    error[usage]: `<NAME>` is missing
    hint: `supactl storage buckets create --help` shows all that it takes
    [exit status: 2]
    "#);
    insta::assert_snapshot!(world.run("storage buckets list --nonsense -oyaml"), @"
    data: null
    success: false
    error:
      code: usage
      message: 'there is no flag `--nonsense`'
      hint: '`supactl storage buckets list --help` shows all that it takes'
      status: null
      request_id: null
      details: null
    metadata:
      command: storage buckets list
      project: null
      timestamp: [now]
      duration_ms: [ms]
      cached: false
      count: null
      dry_run: false
    ------- stderr -------
    error[usage]: there is no flag `--nonsense`
    hint: `supactl storage buckets list --help` shows all that it takes
    [exit status: 2]
    ");
    insta::assert_snapshot!(world.run("projects list -o xml"), @"
    ------- stderr -------
    error[invalid_input]: `--format` cannot be `xml`: it takes table, json, yaml, csv, ndjson
    hint: did you mean `yaml`? `supactl projects list --help` shows all that it takes
    [exit status: 2]
    ");
    let screen = world
        .command("projects lst")
        .env("SUPACTL_FORMAT", "json")
        .run();
    assert_eq!(screen.json()["error"]["code"], json!("usage"));
}

#[test]
fn the_command_is_named_by_its_own_words_whatever_was_typed() {
    let supabase = awkward();
    for line in ["orgs list -o json", "orgs ls -o json", "-o json orgs ls"] {
        assert_eq!(
            supabase.run(line).json()["metadata"]["command"],
            json!("orgs list"),
            "{line}"
        );
    }
}

#[test]
fn the_variable_sets_the_format_and_the_flag_wins() {
    let supabase = awkward();
    let by_variable = supabase
        .command("orgs list")
        .env("SUPACTL_FORMAT", "ndjson")
        .run();
    assert!(by_variable.stdout().starts_with("{\"id\""), "{by_variable}");
    let by_flag = supabase
        .command("orgs list --format csv")
        .env("SUPACTL_FORMAT", "ndjson")
        .run();
    assert!(by_flag.stdout().starts_with("slug,name"), "{by_flag}");
    let empty = supabase
        .command("orgs list")
        .env("SUPACTL_FORMAT", "")
        .run();
    assert!(empty.stdout().starts_with("acme\t"), "{empty}");
    let wrong = supabase.command("orgs list").env("SUPACTL_FORMAT", "xml");
    insta::assert_snapshot!(wrong.run(), @"
    ------- stderr -------
    error[invalid_input]: SUPACTL_FORMAT: `xml` is none of table, json, yaml, csv, ndjson
    [exit status: 2]
    ");
}

#[test]
fn api_stays_raw_where_only_the_variable_names_a_format() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", "/v1/things").answers(200, json!([1]));
    let screen = supabase
        .command("api GET /v1/things")
        .env("SUPACTL_FORMAT", "json")
        .run();
    assert_eq!(screen.stdout(), "[1]", "{screen}");
}

#[test]
fn texts_that_yaml_would_take_for_something_else_stay_texts() {
    let texts = [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "N",
        "true",
        "null",
        "~",
        "",
        " ",
        "1e3",
        "0x1",
        "0o7",
        "1_000",
        "12:30:45",
        "2026-11-22",
        "2026-11-22T09:30:00Z",
        ".inf",
        "-.5",
        "+1",
        "1.0",
        "=",
        "<<",
        "- a",
        "a: b",
        "a #b",
        "#a",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "`a",
        "|",
        ">",
        "'",
        "\"",
        "[",
        "{",
        ",",
        "?",
        ":",
        "---",
        "...",
        "a\nb",
        "a\n",
        "\ta",
        " a ",
        "\u{1b}[31m",
        "\u{202e}x",
        "\u{feff}",
        "\u{85}",
        "é日本🦀",
        "\0",
        "a\r\nb",
    ];
    let supabase = FakeSupabase::start();
    let rows: Vec<_> = texts
        .iter()
        .map(|text| json!({"id": "x", "slug": text, text.to_string(): "key"}))
        .collect();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, json!(rows));
    let screen = supabase.run("orgs list -o yaml");
    let read: Value = serde_yaml::from_str(screen.stdout())
        .unwrap_or_else(|error| panic!("no YAML: {error}\n{}", screen.stdout()));
    for (row, text) in read["data"].as_array().unwrap().iter().zip(texts) {
        assert_eq!(row["slug"], json!(text), "{text:?}");
        assert_eq!(row[text], json!("key"), "{text:?} as a key");
    }
}

#[test]
fn texts_that_old_readers_of_yaml_misread_are_quoted() {
    let texts = [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "n",
        "12:30:45",
        "0x1",
        "1e3",
        "~",
        "2026-11-22",
        "1_000",
    ];
    let rows: Vec<_> = texts.iter().map(|text| json!({"slug": text})).collect();
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, json!(rows));
    let screen = supabase.run("orgs list -o yaml");
    let bare: Vec<_> = texts
        .into_iter()
        .filter(|text| {
            screen
                .stdout()
                .lines()
                .any(|line| line.trim() == format!("slug: {text}"))
        })
        .collect();
    assert!(bare.is_empty(), "without quotes: {bare:?}");
}

#[test]
fn csv_of_one_thing_names_each_column_once() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(200, "project.json");
    let screen = supabase.run("projects get -o csv");
    let mut names: Vec<_> = screen.stdout().lines().next().unwrap().split(',').collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{screen}");
}

#[test]
fn a_piped_item_names_each_line_once() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", PROJECT).answers(200, "project.json");
    let screen = supabase.run("projects get");
    let mut names: Vec<_> = screen
        .stdout()
        .lines()
        .map(|line| line.split('\t').next())
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{screen}");
}

#[test]
fn large_numbers_keep_their_digits() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/organizations")
        .answers(200, crate::support::Said::text(r#"[{"slug":"a","big":9007199254740993,"neg":-9223372036854775808,"huge":18446744073709551615,"dec":0.1}]"#));
    let screen = supabase.run("orgs list -o ndjson");
    assert_eq!(
        screen.stdout(),
        "{\"id\":null,\"slug\":\"a\",\"name\":null,\"plan\":null,\"big\":9007199254740993,\"neg\":-9223372036854775808,\"huge\":18446744073709551615,\"dec\":0.1}\n"
    );
}

#[test]
fn csv_of_objects_and_scalars_has_a_column_for_either() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/things")
        .answers(200, json!([{"a": 1, "b": 2}, 5, "x,y", {"b": 3}, null]));
    let screen = supabase.run("api GET /v1/things -o csv");
    insta::assert_snapshot!(screen, @r#"
    a,b,value
    1,2,
    ,,5
    ,,"x,y"
    ,3,
    ,,
    "#);
}

#[test]
fn what_prints_bytes_has_no_envelope_whatever_the_variable_says() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/things")
        .answers(404, json!({"message": "no things"}));
    supabase.on("GET", "/v1/projects").answers(200, json!([]));
    for line in [
        "api GET /v1/things",
        "functions invoke nope --service-key env:NOT_SET",
        "auth service export --project Not-A-Project",
        "completions",
        "completions bash",
        "help nope",
    ] {
        for format in ["json", "yaml"] {
            let screen = supabase.command(line).env("SUPACTL_FORMAT", format).run();
            assert!(!screen.stdout().contains("metadata:"), "{line}: {screen}");
            assert!(
                !screen.stdout().contains("\"metadata\""),
                "{line}: {screen}"
            );
        }
    }
    // Where a format was typed, the failure has it too; and requests that were not sent are data.
    let typed = supabase.run("api GET /v1/things -o json");
    assert_eq!(typed.json()["error"]["message"], "no things");
    let tried = supabase
        .command("api POST /v1/things -f a=b --dry-run")
        .env("SUPACTL_FORMAT", "json")
        .run();
    assert_eq!(tried.json()["metadata"]["dry_run"], true);
}

#[test]
fn an_expression_that_fails_says_so_behind_what_it_printed() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", "/v1/projects")
        .answers(200, "projects.json");
    let run = supabase.command("projects list --jq");
    insta::assert_snapshot!(run.arg(".data[0].name, error(\"enough\")").run(), @"
    acme-staging
    ------- stderr -------
    error[jq_failed]: `--jq`: enough
    hint: `-o json` instead of `--jq` shows what the expression gets
    [exit status: 1]
    ");
}

#[test]
fn an_empty_list_is_one_in_every_format() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", "/v1/projects").answers(200, json!([]));
    let data = |format: &str| {
        let screen = supabase.run(&format!("projects list -o {format}"));
        assert_eq!(screen.status(), Some(0), "{screen}");
        screen
            .stdout()
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(data("yaml"), "data: []");
    assert!(
        data("json").starts_with("{\"data\":[],"),
        "{}",
        data("json")
    );
    assert_eq!(data("table"), "");
    assert_eq!(data("ndjson"), "");
    assert!(data("csv").starts_with("ref,"), "{}", data("csv"));
}
