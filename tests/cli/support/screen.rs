//! All that a person sees of one run.

use std::fmt;
use std::path::Path;
use std::process::Output;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::SECRETS;

/// Standard output, then standard error, then the exit status if it is not 0. What differs from run to
/// run (times, ports, folders) is replaced when it is shown.
#[must_use = "look at the screen"]
pub(crate) struct Screen {
    stdout: String,
    stderr: String,
    status: Option<i32>,
    folder: String,
}

impl Screen {
    /// Looks at what came out of a run.
    ///
    /// Some things hold of every run, and are checked here so that no test can forget to: no secret
    /// is in it, nothing that a terminal would act on is on standard error, and an error is said
    /// exactly where the exit status says so.
    pub(super) fn new(output: &Output, folder: &Path) -> Self {
        let screen = Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            status: output.status.code(),
            folder: folder.display().to_string(),
        };
        screen.keeps_secrets();
        assert!(
            !screen
                .stderr
                .chars()
                .any(|one| one.is_control() && one != '\n' && one != '\t'),
            "standard error would steer a terminal: {:?}",
            screen.stderr
        );
        let failed = screen.status != Some(0);
        let said = screen.stderr.lines().any(|line| line.starts_with("error["));
        assert_eq!(
            failed, said,
            "an error is said where the exit status is one:\n{screen}"
        );
        screen
    }

    /// What a person at a terminal saw, where both streams are one.
    pub(super) fn of_terminal(seen: String, status: Option<i32>, folder: &Path) -> Self {
        let screen = Self {
            stdout: seen,
            stderr: String::new(),
            status,
            folder: folder.display().to_string(),
        };
        screen.keeps_secrets();
        screen
    }

    fn keeps_secrets(&self) {
        for secret in SECRETS {
            assert!(
                !self.stdout.contains(secret) && !self.stderr.contains(secret),
                "a secret was shown:\n{}\n{}",
                self.stdout,
                self.stderr
            );
        }
    }

    pub(crate) fn status(&self) -> Option<i32> {
        self.status
    }

    pub(crate) fn stdout(&self) -> &str {
        &self.stdout
    }

    pub(crate) fn stderr(&self) -> &str {
        &self.stderr
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("standard output is not JSON: {error}\n{self}"))
    }

    /// The word in `error[…]`, if there is one.
    pub(crate) fn code(&self) -> Option<&str> {
        let line = self
            .stderr
            .lines()
            .find_map(|line| line.strip_prefix("error["))?;
        Some(line.split_once(']')?.0)
    }
}

impl fmt::Display for Screen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.stdout.clone();
        if !self.stderr.is_empty() {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push_str("[no line end]\n");
            }
            text.push_str("------- stderr -------\n");
            text.push_str(&self.stderr);
        }
        match self.status {
            Some(0) => {}
            Some(status) => text.push_str(&format!("[exit status: {status}]\n")),
            None => text.push_str("[ended by a signal]\n"),
        }
        formatter.write_str(&steady(&text.replace(&self.folder, "[world]")))
    }
}

/// The same text without what differs from run to run.
fn steady(text: &str) -> String {
    static CHANGES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
            (
                r#"("?)timestamp("?: ?)["']?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ["']?"#,
                "${1}timestamp${2}[now]",
            ),
            (r#"duration_ms("?: ?)\d+"#, "duration_ms${1}[ms]"),
            (r" in \d+ ms", " in [ms] ms"),
        ]
        .map(|(pattern, by)| (Regex::new(pattern).unwrap(), by))
        .into()
    });
    CHANGES.iter().fold(text.to_owned(), |text, (pattern, by)| {
        pattern.replace_all(&text, *by).into_owned()
    })
}
