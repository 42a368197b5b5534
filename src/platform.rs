//! What differs between operating systems: permissions of files, and their folders.
//!
//! The only module that asks which system it is on.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

/// Where things are kept that were configured, by the habit of the system.
pub(crate) fn config_folder() -> io::Result<PathBuf> {
    Ok(strategy()?.config_dir().join("supactl"))
}

/// Where answers are kept that can be asked for again.
pub(crate) fn cache_folder() -> io::Result<PathBuf> {
    Ok(strategy()?.cache_dir().join("supactl"))
}

/// Where the sandbox lives.
pub(crate) fn state_folder() -> io::Result<PathBuf> {
    let strategy = strategy()?;
    Ok(strategy
        .state_dir()
        .unwrap_or_else(|| strategy.data_dir())
        .join("supactl"))
}

/// The person's home.
pub(crate) fn home() -> io::Result<PathBuf> {
    etcetera::home_dir().map_err(io::Error::other)
}

fn strategy() -> io::Result<impl BaseStrategy> {
    etcetera::choose_base_strategy().map_err(io::Error::other)
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// Its folder is made if need be, and then only its owner can look into it.
pub(crate) fn write_private(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    make_private_folder(folder)?;
    // Temporary files are made for their owner alone, and keep that when they are renamed.
    let mut temporary = tempfile::Builder::new().prefix(".w").tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Writes an ordinary file, in a folder that is made if need be.
pub(crate) fn write_plain(file: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, bytes)
}

/// Makes a folder, and those above it, for their owner alone. A folder that is there stays as it is.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// What to type where there is no PostgreSQL.
pub(crate) const HOW_TO_INSTALL_POSTGRES: &str = "install it with `apt-get install postgresql`, `dnf install postgresql-server` or `brew install postgresql`";

/// The folder of PostgreSQL's server programs: on the search path, or where packages put them.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let has_server =
        |folder: &PathBuf| folder.join("postgres").is_file() && folder.join("initdb").is_file();
    let path = crate::settings::variable("PATH").unwrap_or_default();
    let versions = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"];
    let packaged = versions
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).into_iter().flatten().flatten());
    let mut packaged: Vec<PathBuf> = packaged
        .map(|entry| entry.path().join("bin"))
        .filter(has_server)
        .collect();
    packaged.sort();
    std::env::split_paths(&path)
        .find(has_server)
        .or_else(|| packaged.pop())
}

/// Whether others than its owner can read a file. On Windows a file inherits the rights of the
/// person's own folder.
pub(crate) fn is_open_to_others(file: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(file).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}
