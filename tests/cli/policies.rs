use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::support::{FakeSupabase, POLICIES, Screen, World};

const QUERY: &str = "/v1/projects/abcdefghijklmnopqrst/database/query";

/// Two people.
const ME: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";

#[test]
fn list_tells_which_buckets_each_policy_is_about() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", POLICIES)
        .answers(201, "policies.json")
        .once();
    supabase
        .on("POST", POLICIES)
        .answers(201, json!([{"name": "buckets"}]))
        .once();
    supabase.on("POST", QUERY).never();
    let run = supabase.command("storage policies list --fields name,buckets,command,roles");
    insta::assert_snapshot!(run.run(), @"
    own folder	avatars	all	authenticated
    two of them	reports, it's	insert	authenticated, service_role
    everything	all buckets	select	public
    not this one	reports	select	public
    ------- stderr -------
    Row-level security is off for storage.buckets: its policies have no effect
    ");
    supabase
        .on("POST", POLICIES)
        .answers(201, "policies.json")
        .once();
    supabase.on("POST", POLICIES).answers(201, json!([])).once();
    let run = supabase.run("storage policies list --bucket reports --table objects -o json");
    let names: Vec<_> = run.json()["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].clone())
        .collect();
    assert_eq!(names, ["two of them", "everything"]);
}

#[test]
fn an_odd_row_does_not_cost_the_list() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", POLICIES)
        .answers(201, json!([{"name": 7, "using": ["x"], "new": true}, {}]))
        .once();
    supabase.on("POST", POLICIES).answers(201, json!([])).once();
    let run = supabase.run("storage policies list -o json").json();
    assert_eq!(run["data"][0]["name"], "7");
    assert_eq!(run["data"][0]["applies_to"], "all");
    assert_eq!(run["metadata"]["count"], 2);
}

#[test]
fn a_dry_run_shows_the_transaction() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", POLICIES)
        .answers(201, "policies.json")
        .times(2);
    supabase.on("POST", QUERY).never();
    let sql = |run: Screen| run.json()["data"]["sql"][0].as_str().unwrap().to_owned();
    let run = supabase
        .command("storage policies set --bucket it's --command update --role authenticated --role public --dry-run -o json")
        .args(["my \"own\"", "--using", "owner_id = 'x' -- mine", "--check", "name like '%.png'"]);
    insta::assert_snapshot!(sql(run.run()), @r#"
    begin;
    drop policy if exists "my ""own""" on "storage"."objects";
    create policy "my ""own""" on "storage"."objects"
      as permissive
      for update
      to "authenticated", public
      using (bucket_id = 'it''s' and (owner_id = 'x' -- mine
    )
    )
      with check (bucket_id = 'it''s' and (name like '%.png'
    )
    );
    commit;
    "#);
    let run = supabase
        .command("storage policies set strict --bucket reports --command insert --role anon --restrictive --dry-run -o json")
        .args(["--check", "true"]);
    insta::assert_snapshot!(sql(run.run()), @r#"
    begin;
    drop policy if exists "strict" on "storage"."objects";
    create policy "strict" on "storage"."objects"
      as restrictive
      for insert
      to "anon"
      with check (not (bucket_id = 'reports') or (true
    )
    );
    commit;
    "#);
}

#[test]
fn what_the_database_would_refuse_is_refused_before_anything_is_sent() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", POLICIES).never();
    supabase.on("POST", QUERY).never();
    let refused = |line: &str, more: &[&str]| {
        let line = format!("storage policies set p --bucket b --yes {line}");
        supabase.command(&line).args(more).run().stderr().to_owned()
    };
    insta::assert_snapshot!(refused("--command insert --role anon --using true", &[]), @"
    error[invalid_input]: a policy for insert has no rows to look at before: `using` does not go with it
    hint: say what a new row must be like with `check`
    ");
    insta::assert_snapshot!(refused("--command select --role anon --check true", &[]), @"
    error[invalid_input]: a policy for select makes no new rows: `check` does not go with it
    hint: say which rows it is for with `using`
    ");
    insta::assert_snapshot!(refused("--command select --role anon --using", &["true) or (true"]), @"error[invalid_input]: `true) or (true` is not an expression: a `)` comes before its `(`");
    insta::assert_snapshot!(refused("--command select --role anon --using", &["true; drop table x"]), @"error[invalid_input]: `true; drop table x` is not an expression: a `;` ends a statement");
    insta::assert_snapshot!(refused("--command select --role anon --restrictive", &[]), @"
    error[invalid_input]: a restrictive policy that demands nothing would restrict nothing
    hint: say what it demands with `--using` or `--check`
    ");
    insta::assert_snapshot!(refused("--command select --role", &["é".repeat(32).as_str()]), @"error[invalid_input]: `éééééééééééééééééééééééééééééééé` is too long for a name: 63 bytes is the most, it has 64");
    insta::assert_snapshot!(refused("--role anon", &[]), @"
    error[usage]: what the policy allows is missing
    hint: pass `--command select` or another, or `--template`
    ");
    insta::assert_snapshot!(refused("--command select", &[]), @"
    error[usage]: who the policy is for is missing
    hint: pass `--role authenticated`, or `--role public` for everybody
    ");
}

#[test]
fn nothing_is_sent_where_nobody_can_say_yes() {
    let supabase = FakeSupabase::start();
    supabase.on("POST", POLICIES).never();
    supabase.on("POST", QUERY).never();
    for line in [
        "set p --bucket b --template public-read",
        "set p --bucket b --command select --role anon",
        "delete p",
    ] {
        let run = supabase.run(&format!("storage policies {line}"));
        assert_eq!(run.status(), Some(3), "{run}");
    }
}

#[test]
fn a_policy_that_is_there_is_replaced_and_shown_with_what_was_before() {
    let world = World::sandbox();
    let set = |using: &str| {
        let run = world.command("storage policies set readers --bucket drafts --command select --role authenticated --yes -o json");
        run.args(["--using", using]).run()
    };
    let first = set("name like 'a%'");
    assert_eq!(first.json()["data"]["previous"], Value::Null, "{first}");
    let second = set("name like 'b%'");
    let data = &second.json()["data"];
    assert_eq!(
        data["previous"]["using"],
        "((bucket_id = 'drafts'::text) AND (name ~~ 'a%'::text))"
    );
    assert_eq!(
        data["policy"]["using"],
        "((bucket_id = 'drafts'::text) AND (name ~~ 'b%'::text))"
    );
    insta::assert_snapshot!(second.stderr(), @"
    Project acmeshopproductionab, from the sandbox's default
    replace `readers`: select for authenticated
    The policy is set
    ");
    insta::assert_snapshot!(world.run("storage buckets get drafts --fields id,policies"), @"
    id	drafts
    policies	readers
    ");
    // What is wrong with the second of two leaves the first as it was.
    let file = world.file("wrong.yaml", "bucket: drafts\npolicies:\n- {name: readers, command: select, roles: [anon], using: 'true'}\n- {name: z, command: select, roles: [nobody at all], using: 'true'}\n");
    let run = world
        .command("storage policies set --yes --file")
        .arg(file)
        .run();
    insta::assert_snapshot!(run, @r#"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    replace `readers`: select for anon
    create `z`: select for nobody at all
    error[query_failed]: role "nobody at all" does not exist (42704) (request dfce3cf4-ad06-4900-a6b9-7a68c6a6ddeb)
    [exit status: 1]
    "#);
    let there = world.run("storage policies list --bucket drafts -o json");
    assert_eq!(there.json()["data"][0]["using"], data["policy"]["using"]);
    insta::assert_snapshot!(world.run("storage policies delete readers --yes"), @"
    name	readers
    buckets	drafts
    command	select
    roles	authenticated
    kind	permissive
    using	((bucket_id = 'drafts'::text) AND (name ~~ 'b%'::text))
    check	
    table	objects
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Deleted policy `readers`
    ");
    let again = world.run("storage policies delete readers --yes");
    assert_eq!((again.status(), again.code()), (Some(5), Some("not_found")));
    assert_eq!(
        world
            .run("storage policies delete readers --if-exists --yes")
            .status(),
        Some(0)
    );
}

#[test]
fn a_file_says_all_there_is_to_a_bucket() {
    let world = World::sandbox();
    let _ = world.run("storage policies set mine --bucket drafts --template own-folder --yes");
    let exported = world.run("storage policies export --bucket drafts");
    insta::assert_snapshot!(exported.stdout(), @"
    bucket: drafts
    policies:
    - name: mine_delete
      command: delete
      roles:
      - authenticated
      using: '((bucket_id = ''drafts''::text) AND (( SELECT (auth.uid())::text AS uid) = (storage.foldername(name))[1]))'
    - name: mine_insert
      command: insert
      roles:
      - authenticated
      check: '((bucket_id = ''drafts''::text) AND (( SELECT (auth.uid())::text AS uid) = (storage.foldername(name))[1]))'
    - name: mine_select
      command: select
      roles:
      - authenticated
      using: '((bucket_id = ''drafts''::text) AND (( SELECT (auth.uid())::text AS uid) = (storage.foldername(name))[1]))'
    - name: mine_update
      command: update
      roles:
      - authenticated
      using: '((bucket_id = ''drafts''::text) AND (( SELECT (auth.uid())::text AS uid) = (storage.foldername(name))[1]))'
    ");
    let file = world.file("drafts.yaml", exported.stdout());
    let apply = || {
        world
            .command("storage policies set --prune --yes --file")
            .arg(&file)
            .run()
    };
    insta::assert_snapshot!(apply(), @"
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    `mine_delete` stays as it is
    `mine_insert` stays as it is
    `mine_select` stays as it is
    `mine_update` stays as it is
    Nothing to change
    ");
    let lines: Vec<_> = exported.stdout().lines().collect();
    let end = lines
        .iter()
        .rposition(|line| line.starts_with("- ") || line.starts_with("  - name"))
        .unwrap();
    world.file("drafts.yaml", &lines[..end].join("\n"));
    let _ = world
        .command("db query --write")
        .arg("create policy \"both\" on storage.objects using (bucket_id in ('drafts', 'exports'))")
        .run();
    insta::assert_snapshot!(apply(), @"
    					mine_update
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    Left as they are, because not about `drafts` alone: `both`
    drop `mine_update` (drafts)
    `mine_delete` stays as it is
    `mine_insert` stays as it is
    `mine_select` stays as it is
    The policies are set
    ");
    insta::assert_snapshot!(world.run("storage policies list --bucket drafts --fields name,buckets"), @"
    both	drafts, exports
    mine_delete	drafts
    mine_insert	drafts
    mine_select	drafts
    ");
    let left_out = world.run("storage policies export --bucket exports");
    insta::assert_snapshot!(left_out, @"
    bucket: exports
    policies: []
    ------- stderr -------
    Left out, because not about `exports` alone: `Staff sees invoices and exports`, `both`
    ");
    let wrong = world.file(
        "wrong.yaml",
        "bucket: drafts\npolicies:\n- {name: a, comand: select}\n",
    );
    let run = world
        .command("storage policies set --yes --file")
        .arg(wrong)
        .run();
    assert_eq!(run.code(), Some("invalid_input"), "{run}");
}

/// Who it is, whose files they see, and into whose folders they may upload.
type Person = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

/// Runs SQL as somebody with a role, and undoes it.
fn as_role(world: &World, (role, who): (&str, &str), sql: &str) -> Screen {
    let claims = json!({"sub": who, "role": role});
    let all = format!(
        "begin; set local role {role}; set local request.jwt.claims = '{claims}'; {sql}; rollback"
    );
    world.command("db query --write -o json").arg(all).run()
}

#[test]
fn each_template_lets_each_role_do_what_it_says() {
    // What anon, me and another may see of my file and the other's, and which folders they may upload to.
    const ALL: &[&str] = &["me/a", "other/b"];
    let table: &[(&str, [Person; 3])] = &[
        (
            "public-read",
            [("anon", ALL, &[]), (ME, ALL, &[]), (OTHER, ALL, &[])],
        ),
        (
            "authenticated-upload",
            [
                ("anon", &[], &[]),
                (ME, &[], &["me", "other"]),
                (OTHER, &[], &["me", "other"]),
            ],
        ),
        (
            "own-folder",
            [
                ("anon", &[], &[]),
                (ME, &["me/a"], &["me"]),
                (OTHER, &["other/b"], &["other"]),
            ],
        ),
        (
            "owner-only",
            [
                ("anon", &[], &[]),
                (ME, &["me/a"], &[]),
                (OTHER, &["other/b"], &[]),
            ],
        ),
    ];
    let world = World::sandbox();
    let real = |name: &str| name.replace("me", ME).replace("other", OTHER);
    let files = format!(
        "insert into storage.objects (bucket_id, name, owner_id) values ('drafts', '{ME}/a', '{ME}'), ('drafts', '{OTHER}/b', '{OTHER}')"
    );
    let _ = world.command("db query --write").arg(files).run();
    for (template, people) in table {
        let set = world.run(&format!(
            "storage policies set t --bucket drafts --template {template} --yes"
        ));
        assert_eq!(set.status(), Some(0), "{set}");
        for (who, sees, uploads) in people {
            let role = if *who == "anon" {
                ("anon", "")
            } else {
                ("authenticated", *who)
            };
            let seen = as_role(
                &world,
                role,
                "select name from storage.objects where bucket_id = 'drafts' order by name",
            );
            let sees: Vec<_> = sees
                .iter()
                .map(|name| json!({"name": real(name)}))
                .collect();
            assert_eq!(seen.json()["data"], json!(sees), "{template} {who}");
            for folder in ["me", "other"] {
                let name = real(folder);
                let insert = format!(
                    "insert into storage.objects (bucket_id, name, owner_id) values ('drafts', '{name}/new', '{who}')"
                );
                let done = as_role(&world, role, &insert);
                assert_eq!(
                    done.status() == Some(0),
                    uploads.contains(&folder),
                    "{template} {who} {folder}: {done}"
                );
                if done.status() != Some(0) {
                    assert_eq!(
                        done.json()["error"]["details"]["sqlstate"],
                        "42501",
                        "{done}"
                    );
                }
            }
        }
        let empty = world.file("empty.yaml", "bucket: drafts\npolicies: []\n");
        let gone = world
            .command("storage policies set --prune --yes --file")
            .arg(empty)
            .run();
        assert_eq!(gone.status(), Some(0), "{gone}");
    }
}

#[test]
fn several_at_once_leave_one_policy() {
    let world = World::sandbox();
    std::thread::scope(|scope| {
        for role in ["anon", "authenticated", "public", "service_role"] {
            let world = &world;
            scope.spawn(move || {
                let run = world.run(&format!(
                    "storage policies set same --bucket drafts --command select --role {role} --yes"
                ));
                assert_eq!(run.status(), Some(0), "{run}");
            });
        }
    });
    let there = world
        .run("storage policies list --bucket drafts -o json")
        .json();
    assert_eq!(there["metadata"]["count"], 1, "{there}");
}

/// A text as a string of YAML, whatever is in it.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|one| match one {
        ' '..='~' if one != '"' && one != '\\' => one.to_string(),
        other => format!("\\U{:08x}", u32::from(other)),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// Expressions of a value that nobody chose, as somebody might write them.
fn expression() -> impl Strategy<Value = String> {
    let text = "[^\0]{0,12}";
    prop_oneof![
        text.prop_map(|text| format!("name = '{}'", text.replace('\'', "''"))),
        text.prop_map(|text| format!(
            "name = E'{}' -- ;)",
            text.replace('\\', "\\\\").replace('\'', "\\'")
        )),
        text.prop_filter("its own quotes", |text| !text.contains('$'))
            .prop_map(|text| format!("name <> $q${text}$q$ /* ( */")),
        text.prop_map(|text| format!("true /* {} */", text.replace(['*', '/'], " "))),
    ]
}

#[test]
fn no_name_role_bucket_or_expression_leaves_its_quotes() {
    const COUNT: usize = 500;
    const TOGETHER: usize = 50;
    let world = World::sandbox();
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(prop::test_runner::RngAlgorithm::ChaCha),
    );
    let mut draw =
        |strategy: BoxedStrategy<String>| strategy.new_tree(&mut runner).unwrap().current();
    let fits = |text: &String| !text.is_empty() && text.len() <= 63;
    let name = prop_oneof!["[^\0]{1,20}", "[\"';$\\\\/*() -]{1,40}", "\\PC{1,63}"]
        .prop_filter("fits", fits)
        .boxed();
    let bucket = "[a-z'_!.*() &$=@;:+,?-]{1,30}"
        .prop_filter("is one", |text| {
            text.trim() == text && text != "." && text != ".." && !text.is_empty()
        })
        .boxed();
    // Roles are of the whole server, which other tests use too.
    let roles: Vec<String> = (0..8)
        .map(|_| draw("[^\0]{1,10}".boxed()))
        .map(|odd| format!("policies_{odd}"))
        .filter(fits)
        .collect();
    let each_role = |what: &str| {
        let list = serde_json::to_string(&roles).unwrap().replace('\'', "''");
        let body = format!(
            "declare r text; begin for r in select jsonb_array_elements_text('{list}') loop execute format('{what}', r); end loop; end"
        );
        let run = world
            .command("db query --write")
            .arg(format!("do $do$ {body} $do$"))
            .run();
        assert_eq!(run.status(), Some(0), "{run}");
    };
    each_role("drop role if exists %I");
    each_role("create role %I");
    let _ = world
        .command("db query --write")
        .arg("create table canary (x int)")
        .run();
    let before = world.run("storage policies list -o json").json()["metadata"]["count"]
        .as_u64()
        .unwrap();

    for round in 0..COUNT / TOGETHER {
        let bucket = draw(bucket.clone());
        let mut wanted: BTreeMap<String, (String, String)> = BTreeMap::new();
        while wanted.len() < TOGETHER {
            let role = roles[wanted.len() % roles.len()].clone();
            wanted.insert(draw(name.clone()), (role, draw(expression().boxed())));
        }
        let column = bucket.replace('\'', "''");
        let entries = wanted.iter().map(|(name, (role, expression))| {
            let using = quoted(&format!("bucket_id = '{column}' and ({expression}\n)"));
            format!(
                "- {{name: {}, command: select, roles: [{}], using: {using}}}\n",
                quoted(name),
                quoted(role)
            )
        });
        let text = format!(
            "bucket: {}\npolicies:\n{}",
            quoted(&bucket),
            entries.collect::<String>()
        );
        let file = world.file("all.yaml", &text);
        let set = world
            .command("storage policies set --yes -q -o json --file")
            .arg(&file)
            .run();
        assert_eq!(set.json()["metadata"]["count"], TOGETHER, "{set}");

        let list = world
            .command("storage policies list -o json --bucket")
            .arg(&bucket)
            .run()
            .json();
        let there: BTreeMap<String, String> = list["data"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|policy| policy["buckets"] == json!([bucket]))
            .map(|policy| {
                (
                    policy["name"].as_str().unwrap().to_owned(),
                    policy["roles"][0].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        let expected: BTreeMap<String, String> = wanted
            .iter()
            .map(|(name, (role, _))| (name.clone(), role.clone()))
            .collect();
        assert_eq!(there, expected, "round {round} {bucket}");

        let exported = world
            .command("storage policies export --bucket")
            .arg(&bucket)
            .run();
        let file = world.file("exported.yaml", exported.stdout());
        let again = world
            .command("storage policies set --prune --yes --file")
            .arg(&file)
            .run();
        assert_eq!((again.status(), again.stdout()), (Some(0), ""), "{again}");
        assert!(again.stderr().contains("Nothing to change"), "{again}");

        let one = wanted.keys().next().unwrap();
        let deleted = world
            .command("storage policies delete --yes -o json --")
            .arg(one)
            .run();
        assert_eq!(deleted.json()["data"]["name"], *one, "{deleted}");
        let empty = world.file("none.yaml", &format!("bucket: {}\n", quoted(&bucket)));
        let none = world
            .command("storage policies set --prune --yes -q -o json --file")
            .arg(&empty)
            .run();
        assert_eq!(none.json()["metadata"]["count"], TOGETHER - 1, "{none}");
    }
    let after = world.run("storage policies list -o json").json()["metadata"]["count"]
        .as_u64()
        .unwrap();
    assert_eq!(after, before, "nothing is left behind");
    assert_eq!(
        world
            .command("db query -o json")
            .arg("select count(*) from canary")
            .run()
            .json()["data"][0]["count"],
        0
    );
    each_role("drop role %I");
}

#[test]
fn a_person_sees_what_a_template_makes_before_it_is_asked_for() {
    let supabase = FakeSupabase::start();
    supabase
        .on("POST", POLICIES)
        .answers(201, "policies.json")
        .once();
    supabase.on("POST", QUERY).never();
    let screen = supabase
        .command("storage policies set mine --bucket reports --template own-folder")
        .at_terminal(100)
        .reads("[y/N]")
        .types("n")
        .sees_the_end();
    insta::assert_snapshot!(screen, @"
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    create `mine_select`: select for authenticated
    create `mine_insert`: insert for authenticated
    create `mine_update`: update for authenticated
    create `mine_delete`: delete for authenticated
    Set the policies of bucket `reports` in project abcdefghijklmnopqrst? [y/N] 
    Set the policies of bucket `reports` in project abcdefghijklmnopqrst? no
    error[cancelled]: nothing was changed
    [exit status: 3]
    ");
}

#[test]
fn the_same_in_the_words_of_the_database_is_no_change() {
    let supabase = FakeSupabase::start();
    let there = json!([{
        "name": "rr", "table": "objects", "command": "select", "kind": "permissive", "roles": ["authenticated"],
        "using": "(bucket_id = 'avatars'::text)", "check": null, "rls_enabled": true,
    }]);
    supabase.on("POST", POLICIES).answers(201, there);
    supabase.on("POST", QUERY).never();
    let line = "storage policies set rr --bucket avatars --command select --role";
    insta::assert_snapshot!(supabase.run(&format!("{line} authenticated --yes")), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    Nothing to change
    ");
    // Another one still takes its place.
    let other = supabase.run(&format!("{line} anon --dry-run"));
    assert!(other.stderr().contains("replace `rr`"), "{other}");
}
