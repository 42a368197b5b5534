use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{FakeSupabase, Faulty, Screen, World};

const FUNCTIONS: &str = "/v1/projects/abcdefghijklmnopqrst/functions";
const DEPLOY: &str = "/v1/projects/abcdefghijklmnopqrst/functions/deploy";
const HELLO: &str = "here/supabase/functions/hello";

fn sandbox(world: &World, line: &str) -> Screen {
    world.command(line).env("SUPACTL_PROFILE", "sandbox").run()
}

/// A world with one small function in it.
fn with_hello() -> World {
    let world = World::new();
    world.file(
        &format!("{HELLO}/index.ts"),
        "Deno.serve(() => new Response(\"hi\"));\n",
    );
    world
}

/// What a dry run would send for a function: the settings, and its files with their sizes.
fn plan(world: &World, line: &str) -> (Value, Vec<String>) {
    let screen = sandbox(world, &format!("functions deploy {line} --dry-run -o json"));
    assert_eq!(screen.status(), Some(0), "{screen}");
    let body = screen.json()["data"]["requests"][0]["body"].clone();
    let files = body["files"].as_array().unwrap().iter();
    let paths = files
        .map(|file| file["path"].as_str().unwrap().to_owned())
        .collect();
    (body["metadata"].clone(), paths)
}

/// What is wrong with a tree: said before anything is sent.
fn refusal(world: &World, line: &str) -> String {
    let screen = world.command(&format!("functions deploy {line}")).run();
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(2), Some("invalid_input")),
        "{screen}"
    );
    screen.to_string()
}

#[test]
fn everything_that_belongs_to_a_function_is_sent_once() {
    let world = with_hello();
    world.file(
        &format!("{HELLO}/index.ts"),
        "import { cors } from '../_shared/cors.ts';\r\nimport data from './data.json' with { type: 'json' };\r\n\
         import init from './lib.wasm';\r\nimport { x } from '@lib/x.ts';\r\nconst lazy = await import('../../../outside/lazy.ts');\r\n",
    );
    world.file(&format!("{HELLO}/data.json"), "{}");
    world.file(&format!("{HELLO}/lib.wasm"), "\0asm");
    world.file(&format!("{HELLO}/ä ö/ß.ts"), "export {};");
    world.file(
        "here/supabase/functions/_shared/cors.ts",
        "import './cycle.ts';",
    );
    world.file(
        "here/supabase/functions/_shared/cycle.ts",
        "import './cors.ts';",
    );
    world.file(
        "here/outside/lazy.ts",
        "export * from './deeper.ts'; // import './comment.ts'",
    );
    world.file("here/outside/deeper.ts", "");
    world.file("here/outside/not-imported.ts", "");
    world.file(
        "here/maps/import_map.json",
        r#"{"imports": {"@lib/": "../lib/", "zod": "npm:zod"}}"#,
    );
    world.file(
        "here/lib/x.ts",
        "import 'zod'; import 'https://example.com/y.ts';",
    );
    world.file(
        "here/supabase/config.toml",
        "[functions.hello]\nverify_jwt = true\nimport_map = \"../maps/import_map.json\"\n",
    );
    let (metadata, files) = plan(&world, "hello");
    assert_eq!(
        metadata,
        json!({"entrypoint_path": "supabase/functions/hello/index.ts", "import_map_path": "maps/import_map.json", "verify_jwt": true})
    );
    assert_eq!(
        files,
        [
            "lib/x.ts",
            "maps/import_map.json",
            "outside/deeper.ts",
            "outside/lazy.ts",
            "supabase/functions/_shared/cors.ts",
            "supabase/functions/_shared/cycle.ts",
            "supabase/functions/hello/data.json",
            "supabase/functions/hello/index.ts",
            "supabase/functions/hello/lib.wasm",
            "supabase/functions/hello/ä ö/ß.ts",
        ]
    );
}

#[test]
fn what_is_ignored_or_hidden_stays_here() {
    let world = with_hello();
    world.file("here/.gitignore", "node_modules\n*.log\n");
    world.file(&format!("{HELLO}/.ignore"), "/drafts\n");
    for name in [
        ".env",
        "debug.log",
        "drafts/a.ts",
        "node_modules/x/index.js",
        "kept.ts",
    ] {
        world.file(&format!("{HELLO}/{name}"), "hunter2");
    }
    let (_, files) = plan(&world, "hello");
    assert_eq!(
        files,
        [
            "supabase/functions/hello/index.ts",
            "supabase/functions/hello/kept.ts"
        ]
    );
    // Needed and ignored cannot both be.
    world.file(&format!("{HELLO}/index.ts"), "import './drafts/a.ts';");
    let told = refusal(&world, "hello");
    assert!(
        told.contains("`supabase/functions/hello/drafts/a.ts` is needed"),
        "{told}"
    );
}

#[test]
fn an_import_that_is_not_there_is_a_doubt() {
    let world = with_hello();
    world.file(&format!("{HELLO}/index.ts"), "import './missing.ts';");
    let screen = sandbox(&world, "functions deploy hello --fields target,status");
    insta::assert_snapshot!(screen, @"
    hello	deployed
    ------- stderr -------
    `supabase/functions/hello/index.ts` imports `./missing.ts`, which is not there
    Project acmeshopproductionab, from the sandbox's default
    ");
}

#[test]
fn flags_win_over_settings() {
    let world = with_hello();
    world.file(
        "here/supabase/config.toml",
        "[functions.hello]\nverify_jwt = true\nentrypoint = \"./functions/hello/index.ts\"\n",
    );
    world.file("here/main.ts", "");
    world.file("here/map.json", "{}");
    let (metadata, _) = plan(
        &world,
        "hello --no-verify-jwt --entrypoint main.ts --import-map map.json",
    );
    assert_eq!(
        metadata,
        json!({"entrypoint_path": "main.ts", "import_map_path": "map.json", "verify_jwt": false})
    );
    // Nothing that was not said is sent.
    world.file("here/supabase/config.toml", "");
    assert_eq!(
        plan(&world, "hello").0,
        json!({"entrypoint_path": "supabase/functions/hello/index.ts"})
    );
}

#[test]
fn static_files_come_along() {
    let world = with_hello();
    world.file(
        "here/supabase/config.toml",
        "[functions.hello]\nstatic_files = [\"./templates/*.html\"]\n",
    );
    world.file("here/supabase/templates/mail.html", "<p>");
    world.file("here/supabase/templates/notes.txt", "");
    let (metadata, files) = plan(&world, "hello");
    assert_eq!(
        metadata["static_patterns"],
        json!(["supabase/templates/*.html"])
    );
    assert_eq!(
        files,
        [
            "supabase/functions/hello/index.ts",
            "supabase/templates/mail.html"
        ]
    );
}

#[test]
fn links_are_followed_inside_the_project_only() {
    let world = with_hello();
    let hello = world.path().join(HELLO);
    world.file("here/shared/inside.ts", "");
    symlink("../../../shared/inside.ts", hello.join("linked.ts")).unwrap();
    symlink("../../../shared", hello.join("folder")).unwrap();
    // One that leads round in circles ends.
    symlink("..", hello.join("round")).unwrap();
    let (_, files) = plan(&world, "hello");
    assert_eq!(
        files,
        [
            "supabase/functions/hello/folder/inside.ts",
            "supabase/functions/hello/index.ts",
            "supabase/functions/hello/linked.ts"
        ]
    );
    let outside = world.file("home/secret", "hunter2");
    for target in [outside.as_path(), outside.parent().unwrap()] {
        symlink(target, hello.join("out")).unwrap();
        let told = refusal(&world, "hello");
        assert!(
            told.contains("hello/out` is a link to") && told.contains("outside the project"),
            "{told}"
        );
        std::fs::remove_file(hello.join("out")).unwrap();
    }
    world.file(
        &format!("{HELLO}/index.ts"),
        "import '../../../../home/secret.ts';",
    );
    world.file("home/secret.ts", "");
    let told = refusal(&world, "hello");
    assert!(told.contains("secret.ts` is outside the project"), "{told}");
}

#[test]
fn a_file_that_is_too_large_is_named_before_anything_is_sent() {
    let world = with_hello();
    std::fs::write(
        world.path().join(HELLO).join("model.bin"),
        vec![0; 20_000_001],
    )
    .unwrap();
    insta::assert_snapshot!(refusal(&world, "hello"), @"
    ------- stderr -------
    error[invalid_input]: `supabase/functions/hello/model.bin` is too large: 20000001 bytes, and a function may have 20000000 in all
    hint: a line in a `.gitignore` or `.ignore` beside it leaves it out
    [exit status: 2]
    ");
}

#[test]
fn mistakes_are_told_before_anything_is_sent() {
    let world = World::new();
    insta::assert_snapshot!(refusal(&world, "--all"), @"
    ------- stderr -------
    error[invalid_input]: there is no folder `supabase/functions` here or above
    hint: a function is a folder in it, such as `supabase/functions/hello` with an `index.ts`
    [exit status: 2]
    ");
    let world = with_hello();
    assert!(refusal(&world, "hello nope").contains("`nope` has nothing to begin with"));
    assert!(refusal(&world, "hello --entrypoint nope.ts").contains("`nope.ts` is not there"));
    world.file("here/map.json", "{ not json");
    assert!(refusal(&world, "hello --import-map map.json").contains("is not JSON"));
    world.file(
        "here/supabase/config.toml",
        "[functions.hello]\nverify_jwt = \"maybe\"\n",
    );
    assert!(refusal(&world, "hello").contains("config.toml"));
    for line in [
        "",
        "hello --all",
        "../hello",
        "hello --jobs 0",
        "--all --entrypoint x.ts",
    ] {
        assert_eq!(
            world.run(&format!("functions deploy {line}")).status(),
            Some(2),
            "{line}"
        );
    }
}

#[test]
fn two_hundred_files_come_back_as_they_went() {
    let world = with_hello();
    let mut imports = String::new();
    for number in 0..200 {
        let end = if number % 2 == 0 { "\r\n" } else { "\n" };
        world.file(
            &format!("{HELLO}/{}/f{number}.ts", number % 7),
            &format!("export const n = {number};{end}"),
        );
        imports.push_str(&format!("import \"./{}/f{number}.ts\";\n", number % 7));
    }
    world.file(&format!("{HELLO}/index.ts"), &imports);
    world.file(
        &format!("{HELLO}/bytes.wasm"),
        "\0asm\r\n--boundary\r\n\r\n",
    );
    let screen = sandbox(&world, "functions deploy hello -o json").json();
    assert_eq!(
        (&screen["data"][0]["files"], &screen["data"][0]["status"]),
        (&json!(202), &json!("deployed"))
    );
    let fetched = sandbox(&world, "functions download hello --into ../back");
    assert_eq!(fetched.status(), Some(0), "{fetched}");
    let (sent, back) = (
        world.path().join(HELLO),
        world.path().join("back/supabase/functions/hello"),
    );
    let (sent, back) = (tree(&sent), tree(&back));
    assert_eq!(sent.len(), 202);
    assert!(sent == back, "the same names and bytes");
}

/// All files below a folder, with their bytes.
fn tree(folder: &Path) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(here) = folders.pop() {
        for entry in std::fs::read_dir(here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn what_is_deployed_already_is_passed_over() {
    let world = with_hello();
    world.file("here/supabase/functions/off/index.ts", "");
    world.file("here/supabase/functions/_shared/x.ts", "");
    world.file(
        "here/supabase/config.toml",
        "[functions.off]\nenabled = false\n",
    );
    insta::assert_snapshot!(sandbox(&world, "functions deploy --all --fields target,status,version"), @"
    hello	deployed	1
    ------- stderr -------
    Skipped `off`, which supabase/config.toml switches off
    Project acmeshopproductionab, from the sandbox's default
    ");
    insta::assert_snapshot!(sandbox(&world, "functions deploy --all --fields target,status,version"), @"
    hello	unchanged	1
    ------- stderr -------
    Skipped `off`, which supabase/config.toml switches off
    Project acmeshopproductionab, from the sandbox's default
    1 of 1 deployed already, just so
    ");
    // Another byte, another setting: another version.
    world.file("here/supabase/functions/_shared/x.ts", " ");
    assert_eq!(
        sandbox(&world, "functions deploy hello --fields status,version").stdout(),
        "deployed\t2\n"
    );
    assert_eq!(
        sandbox(
            &world,
            "functions deploy hello --no-verify-jwt --fields status,version"
        )
        .stdout(),
        "deployed\t3\n"
    );
    assert_eq!(
        sandbox(
            &world,
            "functions deploy hello --no-verify-jwt --fields status,version"
        )
        .stdout(),
        "unchanged\t3\n"
    );
}

#[test]
fn pruning_asks_and_deletes_what_has_no_folder() {
    let world = with_hello();
    assert_eq!(
        sandbox(&world, "functions deploy hello --prune").status(),
        Some(3)
    );
    let screen = sandbox(&world, "functions deploy hello --prune --dry-run -o json");
    let requests = screen.json()["data"]["requests"].clone();
    let methods: Vec<_> = requests
        .as_array()
        .unwrap()
        .iter()
        .map(|request| request["method"].as_str().unwrap())
        .collect();
    assert_eq!(methods, ["POST", "DELETE", "DELETE"]);
    insta::assert_snapshot!(sandbox(&world, "functions deploy hello --prune --yes --fields target,ok,status"), @"
    checkout	true	deleted
    hello	true	deployed
    stripe-webhook	true	deleted
    ------- stderr -------
    Project acmeshopproductionab, from the sandbox's default
    ");
    assert_eq!(
        sandbox(&world, "functions list --fields slug").stdout(),
        "hello\n"
    );
}

#[test]
fn the_parts_are_as_the_service_wants_them() {
    let supabase = FakeSupabase::start();
    supabase
        .world()
        .file(&format!("{HELLO}/index.ts"), "one\r\n");
    supabase.on("GET", FUNCTIONS).answers(200, json!([]));
    supabase
        .on("POST", DEPLOY)
        .with_query("slug", "hello")
        .answers(201, json!({"slug": "hello", "version": 1}))
        .once();
    let screen = supabase.run("functions deploy hello --no-verify-jwt");
    assert_eq!(screen.status(), Some(0), "{screen}");
    let requests = supabase.requests();
    let request = requests
        .iter()
        .find(|request| request.method == "POST")
        .unwrap();
    let kind = request.headers["content-type"].to_str().unwrap();
    let line = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = String::from_utf8(request.body.clone())
        .unwrap()
        .replace(line, "LINE");
    assert_eq!(
        body,
        "--LINE\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n\
         {\"entrypoint_path\":\"supabase/functions/hello/index.ts\",\"verify_jwt\":false}\r\n\
         --LINE\r\nContent-Disposition: form-data; name=\"file\"; filename=\"supabase/functions/hello/index.ts\"\r\n\r\none\r\n\r\n--LINE--\r\n"
    );
    assert_eq!(
        request.headers["content-length"].to_str().unwrap(),
        request.body.len().to_string()
    );
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let supabase = FakeSupabase::start();
    for slug in ["a", "b", "c", "d", "e"] {
        supabase
            .world()
            .file(&format!("here/supabase/functions/{slug}/index.ts"), "");
        let endpoint = supabase.on("POST", DEPLOY).with_query("slug", slug);
        match slug {
            "b" => endpoint
                .answers(
                    402,
                    json!({"message": "Maximum number of functions reached for Plan"}),
                )
                .once(),
            "d" => endpoint
                .answers(400, json!({"message": "Failed to bundle the function"}))
                .once(),
            _ => endpoint
                .answers(201, json!({"slug": slug, "version": 1}))
                .once(),
        }
    }
    // A token that may not look deploys all the same.
    supabase.on("GET", FUNCTIONS).answers(403, "forbidden.json");
    insta::assert_snapshot!(supabase.run("functions deploy --all --jobs 2"), @"
    a	deployed	1	1	0 B	
    b	failed		1	0 B	Maximum number of functions reached for Plan
    c	deployed	1	1	0 B	
    d	failed		1	0 B	Failed to bundle the function
    e	deployed	1	1	0 B	
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[partial_failure]: 2 of 5 functions failed
    [exit status: 10]
    ");
}

#[test]
fn the_only_one_that_fails_ends_with_its_own_code() {
    let supabase = FakeSupabase::start();
    supabase.world().file(&format!("{HELLO}/index.ts"), "");
    supabase.on("GET", FUNCTIONS).answers(200, json!([]));
    supabase
        .on("POST", DEPLOY)
        .answers(
            402,
            json!({"message": "Maximum number of functions reached for Plan"}),
        )
        .once();
    insta::assert_snapshot!(supabase.run("functions deploy hello -o json"), @r#"
    {"data":[{"target":"hello","ok":false,"error":"Maximum number of functions reached for Plan","error_code":"plan_required","status":"failed","version":null,"files":1,"size_bytes":0}],"success":false,"error":{"code":"plan_required","message":"Maximum number of functions reached for Plan","hint":"https://supabase.com/dashboard/org/_/billing shows the plan and its limits","status":402,"request_id":null,"details":null},"metadata":{"command":"functions deploy","project":"abcdefghijklmnopqrst","timestamp":[now],"duration_ms":[ms],"cached":false,"count":1,"dry_run":false}}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    error[plan_required]: Maximum number of functions reached for Plan
    hint: https://supabase.com/dashboard/org/_/billing shows the plan and its limits
    [exit status: 4]
    "#);
}

#[test]
fn an_upload_that_is_refused_for_haste_is_sent_again_whole() {
    let supabase = FakeSupabase::start();
    supabase.world().file(&format!("{HELLO}/index.ts"), "one");
    supabase.on("GET", FUNCTIONS).answers(200, json!([]));
    supabase
        .on("POST", DEPLOY)
        .answers(
            429,
            json!({"message": "ThrottlerException: Too Many Requests"}),
        )
        .header("retry-after", "0")
        .once();
    supabase
        .on("POST", DEPLOY)
        .answers(201, json!({"slug": "hello", "version": 1}))
        .once();
    assert_eq!(supabase.run("functions deploy hello").status(), Some(0));
    let uploads: Vec<_> = supabase
        .requests()
        .into_iter()
        .filter(|request| request.method == "POST")
        .collect();
    assert_eq!(uploads.len(), 2);
    assert!(
        uploads
            .iter()
            .all(|upload| String::from_utf8_lossy(&upload.body).contains("\r\n\r\none\r\n"))
    );
}

#[test]
fn an_upload_that_breaks_off_is_unclear_and_not_repeated() {
    let server = Faulty::breaks_uploads_off();
    let world = World::served_by(server.address());
    world.file(&format!("{HELLO}/index.ts"), &"x".repeat(1_000_000));
    let screen = world.run("functions deploy hello");
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(8), Some("network")),
        "{screen}"
    );
    assert!(screen.stderr().contains("may have happened"), "{screen}");
    // The look at what is there, and the upload once.
    assert_eq!(server.requests(), 2);

    let supabase = FakeSupabase::start();
    supabase.world().file(&format!("{HELLO}/index.ts"), "one");
    supabase.on("GET", FUNCTIONS).answers(200, json!([]));
    supabase
        .on("POST", DEPLOY)
        .answers(504, json!({"message": "upstream timed out"}))
        .once();
    let screen = supabase.run("functions deploy hello");
    assert_eq!(
        (screen.status(), screen.code()),
        (Some(1), Some("api_error")),
        "{screen}"
    );
    assert!(screen.stderr().contains("may have happened"), "{screen}");
}

#[test]
fn several_go_at_the_same_time() {
    let world = World::new();
    for number in 0..12 {
        world.file(
            &format!("here/supabase/functions/f{number:02}/index.ts"),
            &number.to_string(),
        );
    }
    let screen = sandbox(&world, "functions deploy --all --jobs 6 -o json").json();
    let rows = screen["data"].as_array().unwrap();
    assert_eq!(rows.len(), 12);
    assert!(
        rows.iter().all(|row| row["status"] == "deployed"),
        "{screen}"
    );
    assert_eq!(
        sandbox(&world, "functions list -o json").json()["metadata"]["count"],
        14
    );
}
