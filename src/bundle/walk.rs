//! Which files of a folder count: those that no ignore file leaves out, by `.gitignore`'s own rules.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;

use crate::error::{Error, Result};

/// The files below a folder, in order. Hidden ones are left out: they are where secrets are kept.
///
/// # Errors
/// `invalid_input` for a link that leads out of the root.
pub(super) fn below(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    files(root, folder, walker(root))
}

/// Whether no ignore file leaves a file out.
pub(super) fn is_kept(root: &Path, file: &Path) -> Result<bool> {
    let mut walker = walker(root);
    walker.hidden(false);
    Ok(!files(root, file, walker)?.is_empty())
}

/// The files that patterns from the root name.
pub(super) fn matching(root: &Path, patterns: &[String]) -> Result<Vec<PathBuf>> {
    let wrong = |error: ignore::Error| {
        Error::invalid(format!("`static_files` in supabase/config.toml: {error}"))
    };
    let mut overrides = OverrideBuilder::new(root);
    for pattern in patterns {
        overrides.add(&format!("/{pattern}")).map_err(wrong)?;
    }
    let mut walker = walker(root);
    walker.overrides(overrides.build().map_err(wrong)?);
    files(root, root, walker)
}

/// A path of the settings, which starts at their folder, as one from the root.
pub(super) fn from_root(setting: &str) -> String {
    let path = super::plain(&Path::new("supabase").join(setting));
    path.iter()
        .map(|step| step.to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

/// It starts at the root whatever is looked for, so that the rules of each folder on the way hold.
fn walker(root: &Path) -> WalkBuilder {
    let mut walker = WalkBuilder::new(root);
    walker
        .follow_links(true)
        .require_git(false)
        // What a person has set for all of git is not part of the project.
        .git_global(false)
        .git_exclude(false);
    walker
}

fn files(root: &Path, wanted: &Path, mut walker: WalkBuilder) -> Result<Vec<PathBuf>> {
    let outside = Arc::new(Mutex::new(None));
    let (seen, top, target) = (outside.clone(), root.to_owned(), wanted.to_owned());
    walker.filter_entry(move |entry| {
        let path = entry.path();
        if !target.starts_with(path) && !path.starts_with(&target) {
            return false;
        }
        // A link is looked at before it is followed: it may lead to all of the machine.
        let leads_out = entry.path_is_symlink()
            && path
                .canonicalize()
                .is_ok_and(|real| !real.starts_with(&top));
        if leads_out && let Ok(mut seen) = seen.lock() {
            *seen = Some(path.to_owned());
        }
        !leads_out
    });
    // What cannot be read, and a link that leads into itself, is passed over.
    let entries = walker.build().filter_map(Result::ok);
    let is_file = |entry: &ignore::DirEntry| entry.file_type().is_some_and(|kind| kind.is_file());
    let mut files: Vec<PathBuf> = entries
        .filter(is_file)
        .map(ignore::DirEntry::into_path)
        .collect();
    if let Some(link) = outside.lock().ok().and_then(|mut link| link.take()) {
        let real = link.canonicalize().unwrap_or_default();
        return Err(Error::invalid_with_hint(
            format!(
                "`{}` is a link to {}, which is outside the project",
                link.display(),
                real.display()
            ),
            "copy what it leads to, or leave it out with a line in a `.gitignore`",
        ));
    }
    files.retain(|file| file.starts_with(wanted));
    files.sort();
    Ok(files)
}
