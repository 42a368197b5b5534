//! The sandbox behind the rig's validating proxy: what it answers has the shapes of the service.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::program::supactl_with;
use crate::rig::{ADDRESS, Rig};
use crate::rig_folder;

/// What is done in the sandbox, in this order; each line must succeed.
const STORY: &[&str] = &[
    "db query select(1)",
    "db query --write select(1)",
    "storage policies set mine --bucket drafts --template own-folder --yes",
    "storage policies list",
    "storage policies delete mine_select --yes",
    "whoami",
    "orgs list",
    "orgs get acme",
    "projects list",
    "projects get",
    "projects create shop-eu --org acme --region eu-central-1 --generate-password",
    "projects pause acmeshopproductionab --yes",
    "projects restore acmeshopstagingabcde",
    "projects restart acmeanalyticsabcdefg --yes",
    "storage buckets create reports --public -p acmeanalyticsabcdefg",
    "storage buckets list -p acmeanalyticsabcdefg",
    "storage buckets delete reports --yes -p acmeanalyticsabcdefg",
    "api GET /v1/projects/acmeanalyticsabcdefg/storage/buckets",
    "api GET /v1/projects/acmeanalyticsabcdefg/api-keys",
    "api GET /v1/snippets --paginate",
    "api GET /v1/organizations/acme/projects --paginate",
    "api GET /v2/organizations/acme/members --paginate",
    "api-keys list -p acmeanalyticsabcdefg",
    "api-keys create ci_deploy --type secret -p acmeanalyticsabcdefg",
    "api-keys delete ci_deploy --yes -p acmeanalyticsabcdefg",
    "secrets set A=1 -p acmeanalyticsabcdefg",
    "secrets list -p acmeanalyticsabcdefg",
    "secrets unset A --yes -p acmeanalyticsabcdefg",
    "branches list -p acmeanalyticsabcdefg",
    "functions list -p acmeanalyticsabcdefg",
    "backups list -p acmeanalyticsabcdefg",
    "auth sso list -p acmeshopproductionab",
    "auth sso enable --metadata-url https://idp.example.com/metadata --domain example.com -p acmeshopproductionab",
    "auth jwt list -p acmeanalyticsabcdefg",
    "auth jwt create --algorithm ES256 -p acmeanalyticsabcdefg",
    "auth jwt rotate --yes -p acmeanalyticsabcdefg",
    "auth providers list -p acmeanalyticsabcdefg",
    "auth service get -p acmeanalyticsabcdefg",
    "auth service config --set jwt_exp=3600 --allow-weaker --yes -p acmeanalyticsabcdefg",
    "logs sources -p acmeanalyticsabcdefg",
    "logs functions list --limit 5 -p acmeanalyticsabcdefg",
    "logs errors list --since 2h --limit 5 -p acmeanalyticsabcdefg",
    "logs api list --limit 5 -p acmeanalyticsabcdefg",
];

#[test]
fn every_answer_of_the_sandbox_keeps_to_the_contract() {
    let Some(folder) = rig_folder("every_answer_of_the_sandbox_keeps_to_the_contract") else {
        return;
    };
    let sandbox = Sandbox::serve();
    let text = |key: &str| sandbox.told[key].as_str().unwrap().to_owned();
    let rig = Rig::start(
        folder,
        &["--upstream", &text("api_url"), "--no-sql", "--no-logs"],
    );
    for line in STORY {
        let variables = [
            ("SUPACTL_PROJECT_URL", text("project_url")),
            ("SUPABASE_ACCESS_TOKEN", text("access_token")),
            ("SUPABASE_PROJECT_ID", text("project")),
        ];
        let variables = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        supactl_with(ADDRESS, &format!("{line} -o json"), variables).succeeded();
    }
    rig.check();
}

/// A sandbox that answers until the test ends, with a state of its own.
struct Sandbox {
    child: Child,
    told: Value,
    _state: tempfile::TempDir,
}

impl Sandbox {
    fn serve() -> Self {
        let state = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_supactl"))
            .args(["sandbox", "serve", "-o", "ndjson"])
            .env_clear()
            .env("HOME", state.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SUPACTL_STATE_DIR", state.path())
            .envs(
                std::env::var_os("SUPACTL_SANDBOX_POSTGRES")
                    .map(|socket| ("SUPACTL_SANDBOX_POSTGRES", socket)),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let told = serde_json::from_str(&line).expect("where the sandbox is");
        Self {
            child,
            told,
            _state: state,
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // As Ctrl-C does, so that it stops its PostgreSQL too.
        let pid = self.child.id().to_string();
        if !Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .is_ok_and(|sent| sent.success())
        {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}
