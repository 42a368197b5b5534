//! The program against what is known of the hosted service: the rig, a stand-in that checks every
//! request against the service's own description, and answers recorded of the real one.
//!
//! The rig stands beside the repository where it is at hand: `SUPACTL_RIG` names its folder. Without
//! it each test says that it was skipped.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may panic, and sets up its own environment"
)]

mod logs;
mod policies;
mod program;
mod recorded;
mod rig;
mod sandbox;
mod service;
mod storage;

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The project of every answer.
const PROJECT: &str = "abcdefghijklmnopqrst";

/// The rig's folder, or a word on standard error that the test is skipped.
fn rig_folder(test: &str) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("SUPACTL_RIG") {
        let folder = PathBuf::from(folder);
        assert!(
            folder.join("openapi.json").is_file(),
            "SUPACTL_RIG is {}, which is no rig",
            folder.display()
        );
        return Some(folder);
    }
    // Not by a macro: the test runner would swallow it.
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED {test}: SUPACTL_RIG does not name the rig's folder"
    );
    None
}

/// The exchanges of one of the rig's files, one a line, with real values in the place of the
/// recorder's placeholders.
fn exchanges(file: &Path) -> Vec<Value> {
    let mut text =
        std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for (placeholder, value) in [
        ("__PROJECT_REF__", PROJECT),
        ("__UUID__", "00000000-0000-4000-8000-000000000001"),
        ("__JWT__", "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2ln"),
        ("__API_KEY__", "sb_secret_recorded"),
    ] {
        text = text.replace(placeholder, value);
    }
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Whether a path is one of a pattern, where `{}` stands for any one part.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (pattern.split('/'), path.split('/'));
    pattern.clone().count() == path.clone().count()
        && pattern
            .zip(path)
            .all(|(pattern, part)| pattern == "{}" || pattern == part)
}
