//! What differs between operating systems: permissions of files, and their folders.
//!
//! The only module that asks which system it is on.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;
use jiff::tz::TimeZone;

/// Where things are kept that were configured, by the habit of the system.
pub(crate) fn config_folder() -> io::Result<PathBuf> {
    Ok(strategy()?.config_dir().join("supactl"))
}

/// Where answers are cached.
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

/// Writes an ordinary file, whole or not at all, in a folder that is made if need be.
///
/// A link that is there is replaced, not followed; a file keeps who may do what with it.
pub(crate) fn write_plain(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(".w");
    #[cfg(unix)]
    let builder = {
        use std::os::unix::fs::PermissionsExt;
        // What the person's mask leaves of it.
        builder.permissions(std::fs::Permissions::from_mode(0o666))
    };
    let mut temporary = builder.tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    if let Ok(before) = std::fs::symlink_metadata(file)
        && before.is_file()
    {
        temporary.as_file().set_permissions(before.permissions())?;
    }
    temporary.persist(file).map_err(|error| error.error)?;
    Ok(())
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

/// The time zone of the person.
///
/// One file is read where the system has it as one: looking it up in the whole database of zones
/// takes longer than everything else that a short command does.
pub(crate) fn local_zone() -> TimeZone {
    let name = crate::settings::variable("TZ");
    let file = match name.as_deref().map(|name| name.trim_start_matches(':')) {
        None => PathBuf::from("/etc/localtime"),
        Some("UTC") => return TimeZone::UTC,
        Some(name) => Path::new("/usr/share/zoneinfo").join(name),
    };
    let zone = std::fs::read(&file)
        .ok()
        .and_then(|bytes| TimeZone::tzif("local", &bytes).ok());
    zone.unwrap_or_else(TimeZone::system)
}

/// What to type where there is no PostgreSQL.
pub(crate) const HOW_TO_INSTALL_POSTGRES: &str = "install it with `apt-get install postgresql`, `dnf install postgresql-server` or `brew install postgresql`";

/// The folder of PostgreSQL's server programs: on the search path, or where packages put them.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let has_server = |folder: &PathBuf| {
        ["postgres", "initdb", "pg_ctl"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
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

/// A connection to a server of this machine.
#[cfg(unix)]
pub(crate) type Socket = tokio::net::UnixStream;
#[cfg(not(unix))]
pub(crate) type Socket = tokio::net::TcpStream;

/// Longest path that a socket can have: 108 bytes on Linux and 104 on macOS, with the one that ends it.
#[cfg(unix)]
const SOCKET_PATH: usize = 103;

/// Connects to a socket, however long its path is.
pub(crate) async fn connect(socket: &Path) -> io::Result<Socket> {
    #[cfg(unix)]
    {
        if socket.as_os_str().len() <= SOCKET_PATH {
            return Socket::connect(socket).await;
        }
        // A short way to a long path, in a folder that nobody else can get into.
        let folder = socket.parent().unwrap_or(Path::new("/"));
        let short = tempfile::Builder::new().prefix("s").tempdir_in("/tmp")?;
        let way = short.path().join("f");
        std::os::unix::fs::symlink(folder, &way)?;
        Socket::connect(way.join(socket.file_name().unwrap_or_default())).await
    }
    #[cfg(not(unix))]
    {
        let _ = socket;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Somebody else than root, to run a server as.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no root"))]
pub(crate) struct User {
    id: u32,
    group: u32,
}

/// Whom to run PostgreSQL as: ourselves, unless we are root, which a folder of ours tells.
pub(crate) fn server_user(ours: &Path) -> io::Result<Option<User>> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if std::fs::metadata(ours)?.uid() != 0 {
            return Ok(None);
        }
        let users = std::fs::read_to_string("/etc/passwd")?;
        let named = |name: &str| {
            users.lines().find_map(|line| {
                let mut fields = line.split(':');
                let found = fields.next() == Some(name);
                let (id, group) = (fields.nth(1)?, fields.next()?);
                found.then_some(User {
                    id: id.parse().ok()?,
                    group: group.parse().ok()?,
                })
            })
        };
        let user = named("postgres").or_else(|| named("nobody"));
        user.map(Some)
            .ok_or_else(|| io::Error::other("PostgreSQL does not run as root, and this machine has neither a user `postgres` nor `nobody`"))
    }
    #[cfg(not(unix))]
    {
        let _ = ours;
        Ok(None)
    }
}

/// Whether every user can get to a folder.
pub(crate) fn is_reachable(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open = |folder: &Path| {
            std::fs::metadata(folder).is_ok_and(|folder| folder.permissions().mode() & 0o001 != 0)
        };
        folder.is_absolute() && folder.ancestors().all(open)
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        true
    }
}

/// Makes a folder that is another user's alone. One that is there must already be theirs.
pub(crate) fn make_folder_for(folder: &Path, user: User) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        match std::fs::DirBuilder::new().create(folder) {
            Ok(()) => {
                use std::os::unix::fs::PermissionsExt;
                std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
                std::os::unix::fs::chown(folder, Some(user.id), Some(user.group))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let found = std::fs::symlink_metadata(folder)?;
                if found.is_dir() && found.uid() == user.id {
                    return Ok(());
                }
                let folder = folder.display();
                Err(io::Error::other(format!("{folder} is somebody else's")))
            }
            Err(error) => Err(error),
        }
    }
    #[cfg(not(unix))]
    {
        let _ = user;
        std::fs::create_dir_all(folder)
    }
}

/// Has a program run as somebody else, where one is named, and apart from our terminal's Ctrl-C.
pub(crate) fn detach(command: &mut std::process::Command, user: Option<User>) {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        command.process_group(0);
        if let Some(user) = user {
            command.uid(user.id).gid(user.group);
        }
    }
    #[cfg(not(unix))]
    {
        let _ = (command, user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b.ts");
        write_plain(&file, b"one").unwrap();
        write_plain(&file, b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        let there = std::fs::read_dir(folder.path().join("a")).unwrap();
        assert_eq!(there.count(), 1, "nothing temporary is left");
        // A folder cannot be replaced by a file, and stays.
        std::fs::create_dir(folder.path().join("c")).unwrap();
        assert!(write_plain(&folder.path().join("c"), b"no").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed_and_rights_are_kept() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let (outside, link) = (folder.path().join("outside"), folder.path().join("link"));
        std::fs::write(&outside, "mine").unwrap();
        symlink(&outside, &link).unwrap();
        write_plain(&link, b"theirs").unwrap();
        assert_eq!(std::fs::read(&outside).unwrap(), b"mine");
        assert_eq!(std::fs::read(&link).unwrap(), b"theirs");

        let mode = |file: &Path| std::fs::metadata(file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&link), mode(&outside), "what the mask leaves");
        std::fs::set_permissions(&outside, std::fs::Permissions::from_mode(0o750)).unwrap();
        write_plain(&outside, b"new").unwrap();
        assert_eq!(mode(&outside), 0o750);
    }
}
