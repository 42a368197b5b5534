use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::auth_jwt::{CONFIG, KEYS, ONE, OTHER, key, one};
use crate::support::{FakeSupabase, Screen, World};

#[test]
fn a_dry_run_shows_every_step_that_is_known_and_takes_none() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(200, json!({"keys": []}));
    insta::assert_snapshot!(supabase.run("auth jwt rotate --dry-run -o ndjson"), @r#"
    {"requests":[{"method":"POST","url":"http://127.0.0.1:[port]/v1/projects/abcdefghijklmnopqrst/config/auth/signing-keys/legacy","body":null},{"method":"POST","url":"http://127.0.0.1:[port]/v1/projects/abcdefghijklmnopqrst/config/auth/signing-keys","body":{"algorithm":"ES256","status":"standby"}}],"sql":[]}
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      1. the JWT secret becomes a signing key, which changes nothing yet
      2. a new ES256 key is made, in standby: it is published, and signs nothing
      3. 20 minutes later, when every cache of public keys knows it, it signs
      4. the old key signs no more; its tokens stay good, and nobody is signed out
      5. when the last of them has run out, you revoke it, which is not done here
    Edge Functions with `verify_jwt`, and code of yours that checks tokens with the JWT secret, refuse tokens of the new key: let them use the public keys first
    Dry run: nothing was changed
    "#);
    assert_eq!(supabase.conversation(), format!("GET {KEYS}"));
}

#[test]
fn a_key_that_nobody_knows_yet_does_not_sign() {
    let supabase = FakeSupabase::start();
    let mut young = key(ONE, "ES256", "standby");
    young["updated_at"] = json!("2126-01-01T00:00:00.250Z");
    supabase
        .on("GET", KEYS)
        .answers(200, json!({"keys": [key(OTHER, "HS256", "in_use"), young]}));
    supabase.on("PATCH", &one()).never();
    insta::assert_snapshot!(supabase.run("auth jwt rotate --yes"), @"
    done	false
    keys	6e2f1d3b-7b8c-4d9e-8f10-2b3c4d5e6f70 HS256 in_use, 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f ES256 standby
    next.command	supactl auth jwt rotate --project abcdefghijklmnopqrst
    next.not_before_at	2126-01-01 00:20:01+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    The new key may sign from 2126-01-01T00:20:01Z on, when every cache of public keys knows it. Next: `supactl auth jwt rotate --project abcdefghijklmnopqrst`
    ");
}

#[test]
fn no_wait_is_longer_than_half_an_hour() {
    let supabase = FakeSupabase::start();
    let mut young = key(ONE, "ES256", "standby");
    young["updated_at"] = json!("2126-01-01T00:00:00.250Z");
    supabase
        .on("GET", KEYS)
        .answers(200, json!({"keys": [key(OTHER, "HS256", "in_use"), young]}));
    supabase.on("PATCH", &one()).never();
    insta::assert_snapshot!(supabase.run("auth jwt rotate --wait --yes"), @"
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      1. the ES256 key `5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f` signs
      2. the old key signs no more; its tokens stay good, and nobody is signed out
      3. when the last of them has run out, you revoke it, which is not done here
    Edge Functions with `verify_jwt`, and code of yours that checks tokens with the JWT secret, refuse tokens of the new key: let them use the public keys first
    error[timeout]: every cache of public keys knows the new key from 2126-01-01T00:20:01Z on, and `--wait` waits for half an hour at most
    hint: `supactl auth jwt rotate --wait --project abcdefghijklmnopqrst` goes on from there
    [exit status: 8]
    ");
}

#[test]
fn a_key_of_an_unknown_age_may_be_new() {
    let supabase = FakeSupabase::start();
    let ageless = json!({"id": ONE, "algorithm": "ES256", "status": "standby"});
    supabase.on("GET", KEYS).answers(
        200,
        json!({"keys": [key(OTHER, "ES256", "in_use"), ageless]}),
    );
    supabase.on("PATCH", &one()).never();
    let data = &supabase.run("auth jwt rotate --yes -o json").json()["data"];
    assert_eq!(data["done"], false);
    assert!(data["next"]["not_before_at"].is_string(), "{data}");
}

#[test]
fn a_rotation_that_is_over_is_not_begun_again_by_itself() {
    let supabase = FakeSupabase::start();
    supabase.on("GET", KEYS).answers(
        200,
        json!({"keys": [key(OTHER, "ES256", "in_use"), key(ONE, "HS256", "previously_used")]}),
    );
    supabase
        .on("GET", CONFIG)
        .answers(200, json!({"jwt_exp": 3600}));
    insta::assert_snapshot!(supabase.run("auth jwt rotate --yes"), @"
    done	true
    keys	6e2f1d3b-7b8c-4d9e-8f10-2b3c4d5e6f70 ES256 in_use, 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f HS256 previously_used
    next.command	supactl auth jwt revoke 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f --project abcdefghijklmnopqrst
    next.not_before_at	2026-06-02 10:15:01+00:00
    ------- stderr -------
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
    The old key `5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f` can be revoked from 2026-06-02T10:15:01Z on, when its last token has run out. Next: `supactl auth jwt revoke 5d1e0c2a-6a7b-4c8d-9e0f-1a2b3c4d5e6f --project abcdefghijklmnopqrst`
    `supactl auth jwt rotate --again --project abcdefghijklmnopqrst` begins another rotation before that
    ");
}

#[test]
fn at_a_terminal_the_plan_is_shown_before_the_question() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", KEYS)
        .answers(200, json!({"keys": [key(OTHER, "ES256", "in_use")]}))
        .once();
    supabase.on("POST", KEYS).never();
    let person = supabase
        .command("auth jwt rotate")
        .at_terminal(100)
        .reads("[y/N]");
    insta::assert_snapshot!(person.types("n").sees_the_end(), @"
    Project abcdefghijklmnopqrst, from SUPABASE_PROJECT_ID
      1. a new ES256 key is made, in standby: it is published, and signs nothing
      2. 20 minutes later, when every cache of public keys knows it, it signs
      3. the old key signs no more; its tokens stay good, and nobody is signed out
      4. when the last of them has run out, you revoke it, which is not done here
    Rotate the signing key of project abcdefghijklmnopqrst? [y/N] 
    Rotate the signing key of project abcdefghijklmnopqrst? no
    error[cancelled]: nothing was changed
    [exit status: 3]
    ");
}

/// The sandbox behind a service that dies after one of the requests: it is done, and the answer is lost.
struct Mortal {
    server: MockServer,
    sandbox: Arc<World>,
    requests: Arc<AtomicUsize>,
    lost: Arc<AtomicUsize>,
}

/// A project that never had a signing key.
const NEW: &str = "acmeanalyticsabcdefg";

impl Mortal {
    fn start() -> Self {
        let sandbox = Arc::new(World::new());
        // Keys that were made long ago may sign at once: the sandbox's clock is behind by an hour.
        let screen = sandbox.run("--profile sandbox sandbox clock +1s");
        assert_eq!(screen.status(), Some(0), "{screen}");
        let state = sandbox.path().join("state/sandbox/state.json");
        let text = std::fs::read_to_string(&state).unwrap();
        let mut text: Value = serde_json::from_str(&text).unwrap();
        text["clock_ahead_ms"] = json!(-3_600_000);
        std::fs::write(&state, text.to_string()).unwrap();

        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let server = runtime.block_on(MockServer::builder().start());
        let (requests, lost) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (count, at, world) = (
            Arc::clone(&requests),
            Arc::clone(&lost),
            Arc::clone(&sandbox),
        );
        let answer = move |request: &Request| {
            let told = asked(&world, request);
            if count.fetch_add(1, Ordering::SeqCst) + 1 == at.load(Ordering::SeqCst) {
                return ResponseTemplate::new(500).set_body_json(json!({"message": "lost"}));
            }
            told
        };
        runtime.block_on(server.register(Mock::given(any()).respond_with(answer)));
        Self {
            server,
            sandbox,
            requests,
            lost,
        }
    }

    /// Rotates, with the answer to one of the requests lost; 0 loses none.
    fn rotate(&self, lost: usize) -> Screen {
        self.requests.store(0, Ordering::SeqCst);
        self.lost.store(lost, Ordering::SeqCst);
        World::served_by(&self.server.address().to_string()).run(&format!(
            "auth jwt rotate --yes --retries 0 -o json --project {NEW}"
        ))
    }

    fn keys(&self) -> Vec<String> {
        let keys = self
            .sandbox
            .run(&format!(
                "--profile sandbox auth jwt list -o json --project {NEW}"
            ))
            .json();
        let words = |key: &Value| {
            format!(
                "{} {}",
                key["algorithm"].as_str().unwrap(),
                key["status"].as_str().unwrap()
            )
        };
        let mut keys: Vec<_> = keys["data"].as_array().unwrap().iter().map(words).collect();
        keys.sort();
        keys
    }
}

/// What the sandbox answers to a request.
fn asked(sandbox: &World, request: &Request) -> ResponseTemplate {
    let mut run = sandbox.command(&format!(
        "--profile sandbox --retries 0 -o json api {} {}",
        request.method,
        request.url.path()
    ));
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    for (key, value) in body.as_object().into_iter().flatten() {
        run = run
            .arg("-f")
            .arg(format!("{key}={}", value.as_str().unwrap()));
    }
    let told = run.run().json();
    match told["error"]["status"].as_u64() {
        Some(status) => ResponseTemplate::new(u16::try_from(status).unwrap())
            .set_body_json(json!({"message": told["error"]["message"]})),
        None => ResponseTemplate::new(200).set_body_json(&told["data"]),
    }
}

#[test]
fn a_rotation_goes_on_wherever_it_was_interrupted() {
    let whole = Mortal::start();
    let screen = whole.rotate(0);
    assert_eq!(screen.json()["data"]["done"], true, "{screen}");
    let (requests, keys) = (whole.requests.load(Ordering::SeqCst), whole.keys());
    assert_eq!(keys, ["ES256 in_use", "HS256 previously_used"]);
    assert!(requests >= 5, "{requests}");

    for lost in 1..=requests {
        let service = Mortal::start();
        let first = service.rotate(lost);
        let second = service.rotate(0);
        assert_eq!(
            second.status(),
            Some(0),
            "request {lost} was lost:\n{first}\n{second}"
        );
        let data = &second.json()["data"];
        assert_eq!(data["done"], true, "request {lost} was lost:\n{second}");
        let next = data["next"]["command"].as_str().unwrap();
        assert!(next.starts_with("supactl auth jwt revoke "), "{next}");
        assert_eq!(service.keys(), keys, "request {lost} was lost");
    }
}

/// From a project that never had a signing key to the day on which the first old key is deleted.
#[test]
fn a_whole_life_of_keys_on_the_sandboxs_clock() {
    let world = World::new();
    let run = |line: &str| world.run(&format!("--profile sandbox {line} --project {NEW}"));
    let done = |line: &str| {
        let screen = run(&format!("{line} -o json"));
        assert_eq!(screen.status(), Some(0), "{line}\n{screen}");
        screen.json()["data"].clone()
    };
    let wait = |time: &str| {
        let screen = world.run(&format!("sandbox clock +{time}"));
        assert_eq!(screen.status(), Some(0), "{screen}");
    };
    let statuses = || {
        let keys = done("auth jwt list");
        let words = |key: &Value| {
            format!(
                "{} {}",
                key["algorithm"].as_str().unwrap(),
                key["status"].as_str().unwrap()
            )
        };
        keys.as_array()
            .unwrap()
            .iter()
            .map(words)
            .collect::<Vec<_>>()
    };
    assert_eq!(statuses(), [""; 0]);

    // The first rotation, step by step.
    let first = done("auth jwt rotate --yes");
    assert_eq!(first["done"], false);
    assert_eq!(done("auth jwt rotate --yes"), first, "twice is once");
    wait("20min");
    let second = done("auth jwt rotate --yes");
    assert_eq!(second["done"], true);
    assert_eq!(statuses(), ["ES256 in_use", "HS256 previously_used"]);
    let id = |algorithm: &str, status: &str| {
        let keys = done("auth jwt list");
        let found = keys
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["algorithm"] == algorithm && key["status"] == status);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let secret = id("HS256", "previously_used");
    let revoke = second["next"]["command"].as_str().unwrap();
    assert_eq!(
        revoke,
        format!("supactl auth jwt revoke {secret} --project {NEW} --profile sandbox")
    );

    // Its API keys are on, then off; the secret is revoked and never deleted.
    wait("2h");
    assert_eq!(
        run(&format!("auth jwt revoke {secret} --yes")).code(),
        Some("conflict")
    );
    done(&format!(
        "api PUT /v1/projects/{NEW}/api-keys/legacy?enabled=false"
    ));
    assert_eq!(
        done(&format!("auth jwt revoke {secret} --yes"))["status"],
        "revoked"
    );
    assert_eq!(
        run(&format!("auth jwt delete {secret} --yes")).code(),
        Some("conflict")
    );
    wait("800h");
    assert_eq!(
        run(&format!("auth jwt delete {secret} --yes")).code(),
        Some("conflict")
    );

    // The second rotation waits by itself, and what it leaves can be undone until it is deleted.
    let third = done("auth jwt rotate --yes --wait --algorithm RS256");
    assert_eq!(third["done"], true);
    assert_eq!(
        statuses(),
        ["RS256 in_use", "ES256 previously_used", "HS256 revoked"]
    );
    let old = id("ES256", "previously_used");
    let screen = run("auth jwt create");
    assert_eq!(screen.code(), Some("rate_limited"), "{screen}");
    assert_eq!(
        done(&format!("auth jwt revoke {old} --yes"))["status"],
        "revoked"
    );
    wait("6min");
    assert_eq!(
        done(&format!("auth jwt restore {old}"))["status"],
        "standby"
    );
    assert_eq!(run("auth jwt create").code(), Some("conflict"));
    assert_eq!(
        done(&format!("auth jwt revoke {old} --yes"))["status"],
        "revoked"
    );
    let screen = run(&format!("auth jwt delete {old} --yes"));
    assert!(screen.stderr().contains("hint: earliest at "), "{screen}");
    wait("721h");
    assert_eq!(
        done(&format!("auth jwt delete {old} --yes"))["deleted"],
        true
    );
    assert_eq!(statuses(), ["RS256 in_use", "HS256 revoked"]);
}

#[test]
fn nothing_is_rotated_on_an_answer_that_is_not_understood() {
    let supabase = FakeSupabase::start();
    supabase
        .on("GET", KEYS)
        .answers(200, json!({"message": "maintenance"}));
    let screen = supabase.run("auth jwt rotate --yes");
    assert_eq!(screen.code(), Some("malformed_response"), "{screen}");
    assert_eq!(supabase.conversation(), format!("GET {KEYS}"));
}
