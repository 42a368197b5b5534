//! Policies on a database with the rights of a hosted project: what each template lets whom do.

use serde_json::{Value, json};

use crate::program::{Run, supactl, supactl_words};
use crate::rig::{ADDRESS, Rig};
use crate::rig_folder;

/// Two people.
const ME: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";

fn run(words: &[&str]) -> Run {
    supactl_words(ADDRESS, &[words, &["-o", "json"]].concat(), [])
}

/// Who it is, whose files they see, and into whose folders they may upload.
type Person = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Runs SQL as somebody with a role, and undoes it.
fn as_somebody(who: &str, sql: &str) -> Run {
    let role = if who == "anon" {
        "anon"
    } else {
        "authenticated"
    };
    let claims = json!({"sub": if who == "anon" { "" } else { who }, "role": role});
    let all = format!(
        "begin; set local role {role}; set local request.jwt.claims = '{claims}'; {sql}; rollback"
    );
    run(&["db", "query", "--write", &all])
}

#[test]
fn policies_do_on_a_hosted_database_what_they_do_in_the_sandbox() {
    let Some(folder) = rig_folder("policies_do_on_a_hosted_database_what_they_do_in_the_sandbox")
    else {
        return;
    };
    let rig = Rig::start(folder, &[]);
    rig.reset();
    templates();
    odd_names();
    one_transaction();
    rig.check();
}

fn templates() {
    // The template, and for nobody, me and another: whose of two files they see, into whose folder they upload.
    let table: &[(&str, [Person; 3])] = &[
        (
            "public-read",
            [
                ("anon", &[ME, OTHER], &[]),
                (ME, &[ME, OTHER], &[]),
                (OTHER, &[ME, OTHER], &[]),
            ],
        ),
        (
            "authenticated-upload",
            [
                ("anon", &[], &[]),
                (ME, &[], &[ME, OTHER]),
                (OTHER, &[], &[ME, OTHER]),
            ],
        ),
        (
            "own-folder",
            [
                ("anon", &[], &[]),
                (ME, &[ME], &[ME]),
                (OTHER, &[OTHER], &[OTHER]),
            ],
        ),
        (
            "owner-only",
            [("anon", &[], &[]), (ME, &[ME], &[]), (OTHER, &[OTHER], &[])],
        ),
    ];
    let files = format!(
        "insert into storage.objects (bucket_id, name, owner_id) values ('docs', '{ME}/a', '{ME}'), ('docs', '{OTHER}/a', '{OTHER}')"
    );
    run(&["db", "query", "--write", &files]).succeeded();
    for (template, people) in table {
        run(&[
            "storage",
            "policies",
            "set",
            "t",
            "--bucket",
            "docs",
            "--template",
            template,
            "--yes",
        ])
        .succeeded();
        for (who, sees, uploads) in people {
            let seen = as_somebody(who, "select split_part(name, '/', 1) as owner from storage.objects where bucket_id = 'docs' and name like '%/a' order by 1").succeeded();
            let sees: Vec<Value> = sees.iter().map(|owner| json!({"owner": owner})).collect();
            assert_eq!(seen["data"], json!(sees), "{template} {who}");
            for folder in [ME, OTHER] {
                let insert = format!(
                    "insert into storage.objects (bucket_id, name, owner_id) values ('docs', '{folder}/new', '{who}')"
                );
                let done = as_somebody(who, &insert);
                assert_eq!(
                    done.status == Some(0),
                    uploads.contains(&folder),
                    "{template} {who} {folder}: {done}"
                );
            }
        }
        for command in ["select", "insert", "update", "delete"] {
            let name = format!("t_{command}");
            run(&[
                "storage",
                "policies",
                "delete",
                &name,
                "--if-exists",
                "--yes",
            ])
            .succeeded();
        }
    }
}

fn odd_names() {
    let names = [
        "it's",
        "a \"quoted\" one",
        "; drop table storage.objects; --",
        "$$ $q$ ' \\",
        "büro ✓",
        "{name}",
        &"x".repeat(63),
    ];
    for name in names {
        let using = ["--using", "name <> $q$ ' ; -- $q$ /* ) */ -- )"];
        let set = [
            &[
                "storage",
                "policies",
                "set",
                "--bucket",
                "docs'); --",
                "--command",
                "select",
                "--role",
                "anon",
                "--yes",
            ][..],
            &using,
            &["--", name],
        ]
        .concat();
        // The name comes last, after what ends the flags; and so does the format, so it is asked for here.
        let words = [&["-o", "json"][..], &set].concat();
        let set = supactl_words(ADDRESS, &words, []).succeeded();
        assert_eq!(set["data"]["policy"]["name"], name);
        assert_eq!(set["data"]["policy"]["buckets"], json!(["docs'); --"]));
        let words = [
            "-o", "json", "storage", "policies", "delete", "--yes", "--", name,
        ];
        assert_eq!(
            supactl_words(ADDRESS, &words, []).succeeded()["data"]["deleted"],
            true
        );
    }
}

/// The second of two is wrong: the first is not there either.
fn one_transaction() {
    let before = supactl(ADDRESS, "storage policies list -o json").succeeded();
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("policies.yaml");
    let text = "bucket: docs\npolicies:\n- {name: a, command: select, roles: [anon], using: 'true'}\n- {name: b, command: select, roles: [nobody at all], using: 'true'}\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().expect("a path in the target folder is text");
    let refused = run(&["storage", "policies", "set", "--yes", "--file", file]);
    assert_eq!(
        refused.envelope()["error"]["details"]["sqlstate"],
        "42704",
        "{refused}"
    );
    let after = supactl(ADDRESS, "storage policies list -o json").succeeded();
    assert_eq!(before["data"], after["data"]);
}
