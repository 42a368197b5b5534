//! Runs the program, and checks what must hold of every run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::PROJECT;

/// The exit status of each code that an answer of the service can lead to (`docs/scripting.md`).
const STATUSES: &[(&str, i32)] = &[
    ("api_error", 1),
    ("rejected", 1),
    ("query_failed", 1),
    ("function_failed", 1),
    ("unauthorized", 4),
    ("forbidden", 4),
    ("plan_required", 4),
    ("not_found", 5),
    ("conflict", 6),
    ("already_exists", 6),
    ("project_paused", 6),
    ("feature_disabled", 6),
    ("rate_limited", 7),
    ("timeout", 8),
];

/// What a run left behind.
pub(crate) struct Run {
    /// What was typed, for the messages of failing tests.
    pub(crate) typed: String,
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

/// The folder that all runs are in, with a function in it.
fn here() -> PathBuf {
    let here = Path::new(env!("CARGO_TARGET_TMPDIR")).join("contract-here");
    let function = here.join("supabase/functions/hello");
    std::fs::create_dir_all(&function).expect("the target folder can be written");
    let source = "Deno.serve(() => new Response(\"hi\"));\n";
    std::fs::write(function.join("index.ts"), source).expect("the target folder can be written");
    here
}

/// Runs a command line in an empty environment, against the service at `address`.
pub(crate) fn supactl(address: &str, line: &str) -> Run {
    supactl_with(address, line, [])
}

/// The same, with some variables set differently.
pub(crate) fn supactl_with<'a>(
    address: &str,
    line: &str,
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Run {
    let words: Vec<&str> = line.split_whitespace().collect();
    supactl_words(address, &words, variables)
}

/// The same, with arguments that have blanks in them.
pub(crate) fn supactl_words<'a>(
    address: &str,
    words: &[&str],
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Run {
    let line = words.join(" ");
    let home = std::env::temp_dir();
    let mut command = Command::new(env!("CARGO_BIN_EXE_supactl"));
    command
        .args(words)
        .env_clear()
        .env("HOME", home.join("supactl-contract-home"))
        // Log queries are counted below it, and each run has all of the minute's for itself.
        .env("SUPACTL_CACHE_DIR", fresh_folder())
        .env("TZ", "UTC")
        .env("SUPACTL_API_URL", address)
        .env("SUPACTL_PROJECT_URL", address)
        .env("SUPABASE_PROJECT_ID", PROJECT)
        .env(
            "SUPABASE_ACCESS_TOKEN",
            "sbp_0123456789abcdef0123456789abcdef01234567",
        )
        .env("SUPACTL_RETRIES", "0")
        // Each line is to be asked of the service, whatever an earlier one was answered.
        .env("SUPACTL_NO_CACHE", "1")
        // An answer that never ends must fail a test, not hang it.
        .env("SUPACTL_REQUEST_TIMEOUT", "20s")
        .envs(variables)
        .current_dir(here())
        .stdin(Stdio::null());
    // Coverage is told where to write by the environment.
    if let Some(profile) = std::env::var_os("LLVM_PROFILE_FILE") {
        command.env("LLVM_PROFILE_FILE", profile);
    }
    let output = command.output().expect("the program starts");
    Run {
        typed: format!("supactl {line}"),
        status: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).expect("standard error is text"),
    }
}

/// A folder that no other run has. It is made only when something is kept there.
fn fresh_folder() -> std::path::PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = format!("contract-cache/{}-{count}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder)
}

impl Run {
    /// The envelope on standard output, complete and agreeing with the exit status.
    pub(crate) fn envelope(&self) -> Value {
        let envelope: Value = serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("no envelope ({error}): {self}"));
        let keys: Vec<&String> = envelope.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["data", "success", "error", "metadata"], "{self}");
        assert_eq!(envelope["success"], self.status == Some(0), "{self}");
        assert_eq!(
            envelope["error"].is_null(),
            self.status == Some(0),
            "{self}"
        );
        envelope
    }

    /// What a success must look like.
    pub(crate) fn succeeded(&self) -> Value {
        assert_eq!(self.status, Some(0), "{self}");
        self.envelope()
    }

    /// What a refusal of the service must look like, given its body: the code, which `codes` must
    /// allow, and the service's own words.
    pub(crate) fn refused(&self, body: &Value, codes: &[&str]) {
        let error = self.envelope()["error"].clone();
        let code = error["code"].as_str().unwrap_or_default().to_owned();
        let status = STATUSES.iter().find(|(word, _)| *word == code);
        assert_eq!(
            self.status,
            status.map(|(_, status)| *status),
            "the status of `{code}`: {self}"
        );
        assert!(
            codes.is_empty() || codes.contains(&code.as_str()),
            "`{code}` is none of {codes:?}: {self}"
        );
        if let Some(said) = body["message"].as_str() {
            let told = error["message"].as_str().unwrap_or_default();
            // Where the program has better words, the service's are in the details.
            assert!(
                told.contains(said) || error["details"]["message"] == json!(said),
                "nothing tells `{said}`: {self}"
            );
        }
        assert!(
            self.stderr
                .lines()
                .any(|line| line.starts_with(&format!("error[{code}]: "))),
            "{self}"
        );
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{}\n{}\n------- stderr -------\n{}------- exit {:?} -------",
            self.typed,
            String::from_utf8_lossy(&self.stdout),
            self.stderr,
            self.status
        )
    }
}
