use serde_json::Value;

use crate::support::World;

/// What puts the terminal's other screen up, and what brings everything back.
const OTHER_SCREEN: &str = "\u{1b}[?1049h";
const FIRST_SCREEN: &str = "\u{1b}[?1049l";
const CURSOR: &str = "\u{1b}[?25h";

#[test]
fn what_is_one_document_has_to_end() {
    let world = World::new();
    for command in ["monitor health", "monitor metrics"] {
        for format in ["json", "yaml", "csv"] {
            let screen = world.run(&format!("{command} --watch -o {format}"));
            assert_eq!(screen.status(), Some(2), "{screen}");
            assert!(
                screen.stderr().contains(&format!(
                    "`--watch` has no end, and `{format}` is one document"
                )),
                "{screen}"
            );
        }
    }
    for line in [
        "monitor health --watch=1s",
        "monitor health --changes",
        "monitor health --watch --wait",
        "monitor health --watch --fail-on down",
        "monitor metrics --watch --sample 60s",
        "monitor metrics --watch --prometheus",
    ] {
        assert_eq!(world.run(line).status(), Some(2), "{line}");
    }
}

#[test]
fn a_window_that_changes_is_drawn_at_once() {
    let world = World::new();
    let screen = world
        .command("--profile sandbox monitor metrics --watch=10min --group compute,pooler")
        .at_terminal(80)
        .reads("every 600 s")
        .resizes(80, 6)
        .reads("↑ ↓ more")
        .types("q")
        .sees_the_end();
    assert_eq!(screen.status(), Some(0), "{screen}");
}

#[test]
fn a_key_that_comes_with_another_window_is_heard() {
    let world = World::new();
    for rows in 6..16 {
        let screen = world
            .command("--profile sandbox monitor metrics --watch=10min --group compute")
            .at_terminal(80)
            .reads("Since boot")
            .resizes(80, 5)
            .reads("↑ ↓ more")
            .resizes(80, rows)
            .types("q")
            .sees_the_end();
        assert_eq!(screen.status(), Some(0), "{screen}");
    }
}

#[test]
fn it_is_drawn_in_place_follows_the_window_and_leaves_nothing_behind() {
    let world = World::new();
    let bytes = world
        .command("--profile sandbox monitor metrics --watch=2s --group compute,pooler")
        .at_terminal(80)
        .reads("Metrics of acmeshopproductionab")
        .reads("Since boot")
        .reads("every 2 s")
        // Beside each other, which 80 columns have no room for.
        .resizes(140, 30)
        .reads("old    Pooler")
        // A window that is too low says so, and more can be reached.
        .resizes(80, 6)
        .reads("↑ ↓ more")
        .types("\u{1b}[F")
        .reads("Shared")
        .types("q")
        .sees_all_bytes();
    let text = String::from_utf8_lossy(&bytes);
    let at = |what: &str| {
        text.rfind(what)
            .unwrap_or_else(|| panic!("no {what:?} in {text}"))
    };
    assert!(text.starts_with(OTHER_SCREEN), "{text}");
    assert!(
        at(FIRST_SCREEN) > at("Shared") && at(CURSOR) > at("Shared"),
        "{text}"
    );
    assert!(
        text.ends_with(FIRST_SCREEN),
        "nothing comes after it: {text}"
    );
}

#[test]
fn both_ways_out_lead_back() {
    for (keys, status) in [("q", 0), ("\u{3}", 130)] {
        let world = World::new();
        let screen = world
            .command("--profile sandbox monitor health --watch")
            .at_terminal(100)
            .reads("Health of acmeshopproductionab")
            .reads("healthy: 9 checks, nothing found")
            .types(keys)
            .sees_the_end();
        assert_eq!(screen.status(), Some(status), "{screen}");
        assert!(
            !screen.stdout().contains("more"),
            "all of it fits: {screen}"
        );
        assert_eq!(
            screen.stdout().contains("error[interrupted]"),
            status == 130,
            "{screen}"
        );
    }
}

#[test]
fn a_look_that_cannot_be_had_ends_it_with_its_status() {
    let world = World::new();
    let screen = world
        .command("monitor health --watch --retries 0")
        .at_terminal(100)
        .sees_the_end();
    assert_eq!(screen.status(), Some(8), "{screen}");
    assert!(screen.stdout().contains("error[network]"), "{screen}");
}

#[test]
fn a_record_comes_with_each_look() {
    let world = World::new();
    let screen = world
        .command("--profile sandbox monitor health -w=2s -o ndjson --skip disk")
        .at_terminal(100)
        .reads("\"age_s\":")
        .reads("}\n{\"observed_at\"")
        .presses("\u{3}")
        .sees_the_end();
    assert_eq!(screen.status(), Some(130), "{screen}");
    let records: Vec<Value> = screen
        .stdout()
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert!(records.len() >= 2, "{screen}");
    for record in records {
        let keys: Vec<&String> = record.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["observed_at", "verdict", "reason", "checks"]);
    }
}

#[test]
fn changes_are_told_a_line_each() {
    let world = World::new();
    let screen = world
        .command("--profile sandbox monitor health -p acme-analytics -w=2s --changes --service rest --skip disk --utc")
        .at_terminal(100)
        .reads("verdict")
        .reads("down")
        .meanwhile(|| {
            let moved = world.run("--profile sandbox sandbox clock +2min");
            assert_eq!(moved.status(), Some(0), "{moved}");
        })
        .reads("starting")
        .presses("\u{3}")
        .sees_the_end();
    let told: Vec<String> = screen
        .stdout()
        .lines()
        .map(|line| {
            line.split_whitespace()
                .skip(2)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let told = told.join("\n");
    for line in [
        "rest unhealthy",
        "verdict down",
        "project unhealthy starting",
        "rest unhealthy starting",
        "verdict down starting",
    ] {
        assert!(told.lines().any(|one| one == line), "`{line}` in\n{screen}");
    }
    // What is as it was is not told again.
    assert_eq!(told.matches("upgrade").count(), 1, "{screen}");
}

#[test]
fn an_expression_gets_each_look() {
    let world = World::new();
    let screen = world
        .command("--profile sandbox monitor health -w=2s --jq .verdict --skip disk")
        .at_terminal(100)
        .reads("healthy\nhealthy\n")
        .presses("\u{3}")
        .sees_the_end();
    assert_eq!(screen.status(), Some(130), "{screen}");
}
