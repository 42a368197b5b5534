use crate::support::{Run, World};

/// The 27 commands of the plan, then the 15 that they stand on: each as it is typed in the sandbox, in
/// this order, with what it says in its data if it did its work.
const PLAN: &[(&str, &str, &str)] = &[
    ("storage buckets list", "", "avatars"),
    ("storage buckets get", "avatars", "avatars"),
    ("storage buckets create", "reports", "reports"),
    ("storage buckets delete", "reports --yes", "deleted"),
    ("storage policies list", "", "["),
    (
        "storage policies set",
        "mine --bucket avatars --template own-folder --yes",
        "mine",
    ),
    ("auth sso list", "", "["),
    (
        "auth sso enable",
        "--metadata-file saml.xml --domain example.com --yes",
        "example.com",
    ),
    ("auth sso disable", "{sso} --yes", "example.com"),
    ("auth jwt get", "", "HS256"),
    ("auth jwt rotate", "--yes", "done"),
    ("auth providers list", "", "google"),
    (
        "auth providers config",
        "github --enable --client-id x --client-secret env:SECRET --yes",
        "external_github_enabled",
    ),
    ("auth service config", "--set jwt_exp=1800 --yes", "jwt_exp"),
    ("integrations list", "", "webhooks"),
    ("integrations setup", "webhooks --yes", "webhooks"),
    ("integrations webhooks list", "", "["),
    (
        "integrations webhooks create",
        "orders_hook --table orders --event insert --url http://127.0.0.1:9/ --yes",
        "orders_hook",
    ),
    (
        "integrations webhooks delete",
        "orders_hook --yes",
        "deleted",
    ),
    ("logs functions list", "", "function_edge_logs"),
    ("logs functions get", "{functions}", "related"),
    ("logs errors list", "--since 1d", "["),
    ("logs errors get", "{errors}", "related"),
    ("logs api list", "", "edge_logs"),
    ("logs api get", "{api}", "related"),
    ("monitor metrics", "", "unavailable"),
    ("monitor health", "", "healthy"),
    // The base.
    ("projects list", "", "acme-shop"),
    ("projects get", "", "acme-shop"),
    (
        "projects create",
        "shop-two --org acme --region eu-central-1 --generate-password --wait",
        "shop-two",
    ),
    ("projects pause", "shop-two-ref --yes", "status"),
    ("projects delete", "shop-two-ref --yes", "deleted"),
    ("db query", "select+1+as+one", "one"),
    ("db schema", "", "orders"),
    ("db extensions", "", "pgcrypto"),
    ("functions list", "", "checkout"),
    ("functions deploy", "hello", "ok"),
    ("functions invoke", "hello", ""),
    ("migrations list", "", "20260101000000"),
    ("migrations apply", "--pending --yes", "20260101000000"),
    ("branches list", "", "["),
    ("branches create", "preview --yes", "preview"),
];

#[test]
fn every_command_of_the_plan_does_its_work_in_the_sandbox() {
    assert_eq!(PLAN.len(), 42);
    let world = World::new();
    world.file("here/saml.xml", include_str!("answers/saml.xml"));
    world.file(
        "here/supabase/migrations/20260101000000_invoices.sql",
        "create table invoices (id int primary key);",
    );
    world.file(
        "here/supabase/functions/hello/index.ts",
        "Deno.serve(() => new Response('hello'));",
    );
    let run = |line: &str| {
        let run = world
            .command("")
            .env("SUPACTL_PROFILE", "sandbox")
            .env("SECRET", "a-secret-of-a-provider");
        // A plus stands for a blank within an argument.
        let words = line.split_whitespace().map(|word| word.replace('+', " "));
        words.fold(run, Run::arg).run()
    };
    let found = |line: &str, pointer: &str| {
        let screen = run(&format!("{line} -o json"));
        let value = screen.json().pointer(pointer).cloned();
        value
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_else(|| panic!("`supactl {line}` has no {pointer}: {screen}"))
    };
    let mut created = String::new();
    for (words, rest, says) in PLAN {
        let rest = match *rest {
            "{functions}" => found("logs functions list --limit 1", "/data/0/id"),
            "{errors}" => found("logs errors list --since 1d --limit 1", "/data/0/id"),
            "{api}" => found("logs api list --limit 1", "/data/0/id"),
            "{sso} --yes" => format!("{} --yes", found("auth sso list", "/data/0/id")),
            other => other.replace("shop-two-ref", &created),
        };
        if *words == "projects delete" {
            let paused = run(&format!("projects wait {created} --for inactive"));
            assert_eq!(paused.status(), Some(0), "{paused}");
        }
        let raw = matches!(*words, "functions invoke");
        let format = if raw { "" } else { "-o json" };
        let screen = run(&format!("{words} {rest} {format}"));
        assert_eq!(screen.status(), Some(0), "supactl {words} {rest}\n{screen}");
        if !raw {
            let envelope = screen.json();
            assert_eq!(envelope["metadata"]["command"], *words);
            let data = envelope["data"].to_string();
            assert!(data.contains(says), "supactl {words} {rest}\n{screen}");
            if *words == "projects create" {
                created = envelope["data"]["ref"].as_str().unwrap().to_owned();
            }
        }
    }
}
