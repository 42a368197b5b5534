//! Writes the files of a function where they belong, and nowhere else.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::api::{ApiError, Source};
use crate::error::{Code, Error, Result};
use crate::platform;

/// What is to be written.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) files: Vec<(PathBuf, Bytes)>,
    /// How many are there already, with something else in them.
    pub(super) replaced: usize,
}

/// Works out where each file goes, before any is written.
///
/// # Errors
/// Where a file is that cannot be read; `malformed_response` for a path that leads out of the folder: it came from the service, and is not
/// trusted.
pub(super) fn plan(folder: &Path, sources: &[Source]) -> Result<Plan> {
    let mut plan = Plan {
        files: Vec::new(),
        replaced: 0,
    };
    for source in sources {
        let Some(below) = below(&source.path) else {
            let message = format!(
                "the file `{}` of the function would be written outside of the folder",
                source.path
            );
            return Err(ApiError::new(Code::MalformedResponse, message).into());
        };
        let file = folder.join(below);
        match std::fs::read(&file) {
            Ok(bytes) if bytes == *source.bytes => continue,
            Ok(_) => plan.replaced += 1,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::file(file.display().to_string(), error)),
        }
        plan.files.push((file, source.bytes.clone()));
    }
    Ok(plan)
}

/// Writes one file, with the folders that it needs.
pub(super) fn write(file: &Path, bytes: &[u8]) -> Result<()> {
    platform::write_plain(file, bytes)
        .map_err(|error| Error::unwritten(file.display().to_string(), error))
}

/// The path below a folder that a name of the service stands for, if it stays below it on every system.
fn below(path: &str) -> Option<PathBuf> {
    // Bundles name their files from a root of their own.
    let path = path.strip_prefix("file:///").unwrap_or(path);
    let steps: Vec<&str> = path
        .split('/')
        .filter(|step| !matches!(*step, "" | "."))
        .collect();
    let safe = |step: &&str| *step != ".." && !step.contains(['\\', ':', '\0']);
    let relative = !path.starts_with('/') && !steps.is_empty() && steps.iter().all(safe);
    relative.then(|| steps.iter().collect())
}

/// So many files.
pub(super) fn count(files: usize) -> String {
    format!("{files} {}", if files == 1 { "file" } else { "files" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_paths_below_the_folder_are_written() {
        for (path, expected) in [
            ("index.ts", "index.ts"),
            ("./a//b/./c.ts", "a/b/c.ts"),
            ("file:///src/index.ts", "src/index.ts"),
            ("supabase/functions/x/ä ö.ts", "supabase/functions/x/ä ö.ts"),
        ] {
            assert_eq!(below(path), Some(PathBuf::from(expected)), "{path}");
        }
        for path in [
            "",
            ".",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a\\..\\x",
            "C:/x",
            "file:////etc/passwd",
            "a/\0",
        ] {
            assert_eq!(below(path), None, "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_folder(path in "[a./\\\\: ]{0,12}") {
            if let Some(below) = below(&path) {
                let plain = |one| matches!(one, std::path::Component::Normal(_));
                prop_assert!(below.components().all(plain), "{}", below.display());
            }
        }
    }
}
