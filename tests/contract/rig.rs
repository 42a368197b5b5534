//! Every command against the rig, which checks each request as the hosted service would, and more
//! strictly.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::program::supactl;
use crate::service::Service;
use crate::{PROJECT, rig_folder};

/// Where the rig listens. Its ports are fixed, so there is one at a time.
pub(crate) const ADDRESS: &str = "http://127.0.0.1:4060";

/// Command lines that must succeed; every command of the program must be among them, or among those
/// that need no service.
const LINES: &[&str] = &[
    // Not shown the keys (see `PLAN`): the poorer list of the Management API.
    "storage buckets list",
    // First something else than what is read back (see `PLAN`): these two change something.
    "auth service config --set jwt_exp=3600 --allow-weaker --yes",
    "auth providers config github --disable --yes",
    "auth service config --set jwt_exp=7200 --set smtp_pass=typed --dry-run",
    "auth service get",
    "auth service get password mfa",
    "auth service diff --file /dev/null",
    "auth providers list",
    "auth providers get google",
    "auth providers config google --enable --client-id x --dry-run",
    // See `PLAN` for what is listed after each of these.
    "integrations setup data-api --yes",
    "integrations setup third-party-auth --kind auth0 --set tenant=acme --yes",
    "integrations remove third-party-auth https://acme.auth0.com --yes",
    "integrations setup log-drain --kind datadog --set region=us1 --set api_key=typed --yes",
    "integrations remove log-drain datadog --yes",
    "integrations setup log-drain --kind webhook --set url=https://example.com --set headers.a=typed --set gzip=true --dry-run",
    "integrations setup webhooks --dry-run",
    "integrations remove data-api --yes --dry-run",
    "integrations status webhooks",
    "integrations status data-api",
    "integrations status github",
    "integrations list",
    "projects list",
    "projects get",
    "projects get acme-prod",
    "projects wait",
    "whoami",
    "orgs list",
    "orgs get tsrqponmlkjihgfedcba",
    "storage buckets list",
    "storage buckets list --search t --limit 5 --sort name --order desc",
    "storage buckets get t1",
    "storage buckets create t1 --public --file-size-limit 5MB --allowed-mime-type image/*",
    "storage buckets create t1 --dry-run",
    "storage buckets update t1 --private --file-size-limit none",
    "storage buckets update t1 --private --dry-run",
    "storage buckets empty t1 --yes",
    "storage buckets empty t1 --queue --yes",
    "storage buckets empty t1 --yes --dry-run",
    "storage buckets delete t1 --yes",
    "storage buckets delete t1 --force --yes --dry-run",
    "monitor health --service auth --service db --fail-on down --advisors",
    "auth sso list",
    "auth sso info",
    "auth sso get 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804",
    "auth sso enable --metadata-url https://idp.example.com/metadata --domain example.com --name-id-format email --yes",
    "auth sso enable 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804",
    "auth sso update 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804 --add-domain example.org --name-id-format persistent",
    "auth sso disable 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804 --yes --dry-run",
    "auth sso disable 8b1d9a5e-3c47-4f0d-a6e2-91b7c3d5f804 --remove --yes",
    "monitor metrics --period 24h",
    "monitor metrics --group compute,api --fail-on memory_percent>99",
    "auth jwt list",
    "auth jwt get 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f",
    "auth jwt create --algorithm RS256",
    "auth jwt rotate --yes",
    "auth jwt rotate --yes --again --dry-run",
    "auth jwt revoke 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f --yes --force",
    "auth jwt restore 6e2f1d3b-7b8c-4d9e-8f10-2b3c4d5e6f70",
    "auth jwt delete 6e2f1d3b-7b8c-4d9e-8f10-2b3c4d5e6f70 --yes",
    // Arguments have no blanks here, for which SQL takes comments too.
    "api POST /v1/projects/{ref}/database/query -f query=drop/**/table/**/if/**/exists/**/orders;create/**/table/**/orders(id/**/int)",
    "api POST /v1/projects/{ref}/database/query -f query=insert/**/into/**/orders/**/values(1)",
    "integrations webhooks list",
    "integrations webhooks create new_orders --table orders --event insert,update --url https://example.com/hook --header X-Env:prod --param a=b --delivery-timeout 3s --column id --when true",
    "integrations webhooks create gone --table orders --event delete --function hello --header X-A:b --header Authorization:x",
    "integrations webhooks create later --table orders --event delete --url https://example.com/ --dry-run",
    "integrations webhooks update new_orders --method GET --no-when",
    "integrations webhooks disable new_orders",
    "integrations webhooks enable new_orders",
    "integrations webhooks test new_orders --no-wait",
    "integrations webhooks test gone --event delete --no-wait",
    "integrations webhooks resend gone --where id=1 --no-wait",
    "integrations webhooks resend gone --where id=1 --dry-run",
    "integrations webhooks deliveries --status pending --since 1h",
    "integrations webhooks prune --older-than 30d --yes",
    "integrations webhooks delete new_orders --yes",
    "integrations webhooks delete gone --table public.orders --yes --dry-run",
    "integrations webhooks platform list",
    "integrations webhooks platform list --org acme",
    "integrations webhooks platform get 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f",
    "integrations webhooks platform create --url https://example.com/hook --event project.paused,* --signing-secret env:HOME --header X-Env:prod --description hook",
    "integrations webhooks platform update 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --disable --event project.paused",
    "integrations webhooks platform test 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --event project.paused",
    "integrations webhooks platform test 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f",
    "integrations webhooks platform deliveries 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --limit 5",
    "integrations webhooks platform delivery 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f",
    "integrations webhooks platform retry 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f",
    "integrations webhooks platform delete 0199d0d6-5a3c-7c1e-9f00-3b6a1c2d4e5f --yes",
    "integrations webhooks platform delete --all --yes",
    "logs sources",
    "logs sources --source edge_logs --since 10m",
    "logs query --file {sql}",
    "logs functions list --limit 5",
    "logs functions list --console --status 2xx --min-duration 1ms --level info --since 1d --limit 5",
    "logs functions get {id} --since 2h",
    "logs errors list --since 2h --limit 5",
    "logs errors list --level warning --search timeout --since 2h",
    "logs errors list --group --since 30h",
    "logs errors get {id}",
    "logs api list --limit 5 --reverse",
    "logs api list --stats --since 2h",
    "logs functions list --stats --interval 30m --since 3h",
    "logs errors list --stats --level error --level warning --since 3h",
    "logs api list --tail 3 --max-requests 1",
    "logs api list --service functions --service rest --method GET --status 200 --since 2h",
    "logs api list --path /rest/v1 --path-contains TODOS --ip 203.0.113.7 --user-agent curl --user 0b6f --role anon",
    "logs api get {id}",
    "migrations list",
    "migrations apply --pending --yes",
    concat!(
        "migrations apply --dry-run ",
        env!("CARGO_MANIFEST_DIR"),
        "/tests/contract/migrations/20260101000000_invoices.sql"
    ),
    concat!(
        "migrations apply --yes ",
        env!("CARGO_MANIFEST_DIR"),
        "/tests/contract/migrations/20260101000000_invoices.sql"
    ),
    concat!(
        "migrations apply --yes --no-transaction ",
        env!("CARGO_MANIFEST_DIR"),
        "/tests/contract/migrations/20260102000000_invoices_due.sql"
    ),
    "db query select(1)",
    "db query select($1) --param 1",
    "db query select(1) --statement-timeout 5s",
    "db query --write select(1)",
    "db query --write select(1) --dry-run",
    "storage policies list",
    "storage policies list --bucket t1 --table objects",
    "storage policies set mine --bucket t1 --template own-folder --yes",
    "storage policies set mine --bucket t1 --command select --role anon --yes",
    "storage policies set mine --bucket t1 --command all --role anon --yes --dry-run",
    "storage policies delete mine --yes --dry-run",
    "storage policies delete mine --yes",
    "storage policies delete mine --if-exists --yes",
    "db schema",
    "db schema --schema storage --table objects",
    "db extensions --installed",
    "db extensions list --available",
    "db extensions enable citext --yes",
    "db extensions enable citext --yes",
    "db extensions enable earthdistance --schema extensions --cascade --yes --dry-run",
    "db extensions disable citext --cascade --yes",
    "projects create shop --org tsrqponmlkjihgfedcba --region eu-central-1 --size small --generate-password",
    "projects create shop --org tsrqponmlkjihgfedcba --region emea --generate-password --dry-run",
    "projects wait",
    "projects pause abcdefghijklmnopqrst --yes",
    "projects restore bcdefghijklmnopqrstu",
    "projects restart abcdefghijklmnopqrst --yes",
    "projects delete abcdefghijklmnopqrst --yes",
    "api-keys list",
    "api-keys get anon --reveal",
    "api-keys create ci_deploy --type secret --description CI --reveal",
    "api-keys create web_app --type publishable",
    "api-keys delete default --yes",
    "secrets list",
    "secrets set A=1 B=2",
    "secrets unset A --yes",
    "branches list",
    "branches get b1 --reveal",
    "branches create b1 --git-branch b1 --persistent --with-data --region eu-central-1 --size pico",
    "branches merge b1 --yes",
    "branches reset b1 --yes",
    "branches delete b1 --yes",
    "backups list",
    "backups restore --at 2026-11-24T09:30:00Z --yes --dry-run",
    "functions list",
    "functions get hello",
    "functions delete hello --yes",
    "functions deploy hello --no-verify-jwt",
    "functions deploy --all --dry-run",
    "api GET /v1/projects/{ref}/storage/buckets",
    "api GET /v1/projects/{ref}/health -f services=auth,db",
    "api GET /v1/snippets --paginate",
    "api PATCH /v1/projects/{ref} -f name=shop",
    "api PATCH /v1/projects/{ref} -f nothing=right --dry-run",
    "api POST /v1/projects/{ref}/database/query -f query=select+1",
];

/// Command lines that print bytes as they are, for which there is no envelope. They must succeed too.
const RAW: &[&str] = &[
    "auth service export",
    "functions download hello",
    "storage policies export --bucket t1",
    // Calls go to the project's own gateway, which the rig does not have.
    "functions invoke hello -d {} --dry-run",
];

/// What the rig does wrong: the first look at the keys is refused. And what it would make up: a signing
/// key that signed before, and a revoked one; a paused project, a secret, backups. Settings are others
/// before they are changed, since it forgets what it is told.
const PLAN: &str = r#"[{"on": "GET .*/api-keys", "fault": "status", "times": 1, "arg": {"status": 403, "body": {"message": "Forbidden"}}},
    {"on": "GET .*/config/auth$", "fault": "status", "times": 1, "arg": {"status": 200, "body": {"jwt_exp": 1800}}},
    {"on": "GET .*/config/auth$", "fault": "status", "times": 1, "after": 1, "arg": {"status": 200, "body": {"external_github_enabled": true}}},
    {"on": "GET .*/api-keys", "fault": "status", "arg": {"status": 200, "body": [{"name": "anon", "api_key": "x"}, {"name": "service_role", "api_key": "y"},
        {"id": "1e8c27a8-8a8b-4a5e-9f38-0d6a1f0a4f00", "name": "default", "type": "publishable", "api_key": "z"}]}},
    {"on": "GET .*/postgrest$", "fault": "status", "times": 1, "arg": {"status": 200, "body": {"db_schema": ""}}},
    {"on": "GET .*/third-party-auth$", "fault": "status", "times": 2, "after": 1, "arg": {"status": 200, "body": [
        {"id": "5d1e0c2a-3b4c-4d5e-8f60-718293a4b5c6", "oidc_issuer_url": "https://acme.auth0.com", "resolved_jwks": {"keys": []}}]}},
    {"on": "GET .*/log-drains$", "fault": "status", "times": 2, "after": 1, "arg": {"status": 200, "body": {"data": [
        {"id": "6e2f1d3b-4c5d-4e6f-9071-8293a4b5c6d7", "attributes": {"name": "datadog", "backend_type": "datadog"}}]}}},
    {"on": "GET .*/signing-keys/5d1e0c2a", "fault": "status", "arg": {"status": 200, "body": {"algorithm": "ES256", "status": "previously_used"}}},
    {"on": "GET .*/signing-keys/6e2f1d3b", "fault": "status", "arg": {"status": 200, "body": {"algorithm": "ES256", "status": "revoked"}}},
    {"on": "GET .*/secrets", "fault": "status", "arg": {"status": 200, "body": [{"name": "A", "value": "0"}]}},
    {"on": "GET .*/projects/bcdefghijklmnopqrstu", "fault": "status", "arg": {"status": 200, "body": {"ref": "bcdefghijklmnopqrstu", "status": "INACTIVE"}}},
    {"on": "GET .*/database/backups", "fault": "status", "arg": {"status": 200, "body": {"pitr_enabled": true, "backups": [], "physical_backup_data": {}}}}]"#;

/// Commands that ask nothing of the service.
const ALONE: &[&str] = &[
    "cache clear",
    "completions",
    // It looks at the whole machine; what it asks of the service, others ask too.
    "doctor",
    // It writes into the current folder.
    "link",
    // It needs a terminal or standard input; `whoami` asks the same.
    "login",
    "logout",
    "man",
    "profiles delete",
    "profiles list",
    "profiles set",
    "profiles use",
    "sandbox clock",
    "sandbox reset",
    "sandbox serve",
    "sandbox status",
    "unlink",
];

#[test]
fn every_command_keeps_to_the_contract() {
    let Some(folder) = rig_folder("every_command_keeps_to_the_contract") else {
        return;
    };
    let untried: Vec<String> = leaves(&supactl::command(), "")
        .into_iter()
        .filter(|leaf| !ALONE.contains(&leaf.as_str()))
        .filter(|leaf| {
            let mut lines = LINES.iter().chain(RAW);
            !lines.any(|line| line.starts_with(leaf.as_str()))
        })
        .collect();
    assert!(untried.is_empty(), "add a line for each of {untried:?}");

    let storage = Service::start();
    let plan = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rig-plan.json");
    std::fs::write(&plan, PLAN).unwrap();
    let plan = plan.to_str().expect("a path in the target folder is text");
    let rig = Rig::start(folder, &["--storage", &storage.address(), "--plan", plan]);
    for line in LINES {
        let line = filled(line);
        let run = supactl(ADDRESS, &format!("{line} -o json"));
        let envelope = run.succeeded();
        assert_eq!(
            envelope["metadata"]["dry_run"],
            line.contains("--dry-run"),
            "{run}"
        );
        let named = &envelope["metadata"]["project"];
        let typed = |name: &str| line.contains(name);
        assert!(
            named.is_null() || named == PROJECT || named.as_str().is_some_and(typed),
            "{run}"
        );
    }
    for line in RAW {
        let run = supactl(ADDRESS, line);
        assert_eq!(run.status, Some(0), "{run}");
    }
    rig.check();
}

/// The line with an id that the list beside it prints, and a file of SQL, where they are to stand.
fn filled(line: &str) -> String {
    let mut line = line.to_owned();
    if let Some((noun, _)) = line.split_once(" get {id}") {
        let list = format!("{noun} list --since 1d --limit 1 -o json");
        let rows = supactl(ADDRESS, &list).succeeded();
        let id = rows["data"][0]["id"].as_str().expect("the rig has rows");
        line = line.replace("{id}", id);
    }
    if line.contains("{sql}") {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("statement.sql");
        std::fs::write(
            &file,
            "select source, count() as n from logs group by source",
        )
        .unwrap();
        let name = file.to_str().expect("a path in the target folder is text");
        line = line.replace("{sql}", name);
    }
    line
}

/// The commands that do something, by their words.
fn leaves(command: &clap::Command, above: &str) -> Vec<String> {
    command
        .get_subcommands()
        .filter(|below| below.get_name() != "help")
        .flat_map(|below| {
            let words = format!("{above} {}", below.get_name());
            let words = words.trim();
            if below.has_subcommands() {
                leaves(below, words)
            } else {
                vec![words.to_owned()]
            }
        })
        .collect()
}

/// The running rig, which stops when the test ends, however it ends.
pub(crate) struct Rig {
    folder: PathBuf,
    run: PathBuf,
    venv: PathBuf,
    /// Its ports are fixed, so that one test at a time has it, in whatever process it runs.
    _alone: std::fs::File,
}

impl Rig {
    /// Starts it with these arguments of its `up`, after stopping what a test that was killed may have
    /// left.
    pub(crate) fn start(folder: PathBuf, arguments: &[&str]) -> Self {
        let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let place = |name: &str, default: &str| {
            std::env::var_os(name).map_or_else(|| scratch.join(default), PathBuf::from)
        };
        let alone = std::fs::File::create(scratch.join("rig.lock")).unwrap();
        alone.lock().unwrap();
        let rig = Self {
            _alone: alone,
            folder,
            run: place("RIG_RUN", "rig-run"),
            venv: place("RIG_VENV", "rig-venv"),
        };
        rig.script("down", &[]);
        rig.script("up", arguments);
        rig
    }

    /// Panics where a request or an answer broke the contract.
    pub(crate) fn check(&self) {
        let journal = self.run.join("journal.jsonl");
        let output = Command::new(self.venv.join("bin/python"))
            .arg(self.folder.join("contract.py"))
            .arg("--summary")
            .arg(journal)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .expect("the rig's Python runs");
        let summary = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "the contract was broken:\n{summary}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// An empty journal, and the database as it was at first.
    pub(crate) fn reset(&self) {
        self.script("reset", &[]);
    }

    fn script(&self, name: &str, arguments: &[&str]) {
        let output = Command::new(self.folder.join(name))
            .args(arguments)
            .env("RIG_RUN", &self.run)
            .env("RIG_VENV", &self.venv)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        // `down` is also the way out of a panic: a second one would hide the first.
        assert!(
            output.status.success() || std::thread::panicking(),
            "the rig's `{name}` failed:\n{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.script("down", &[]);
    }
}
