//! A PostgreSQL of the sandbox's own: found, made, started when SQL is first asked for, and stopped at
//! the end of the command.
//!
//! Who runs the server holds a lock for as long as it runs, which no `kill -9` can leave behind. Commands
//! that come meanwhile wait for it, or use the server where it is that of `sandbox serve`, which says so
//! in a file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::wire::{Failed, Role, Session};
use crate::platform::{self, User};
use crate::sandbox::seed;

/// How long a command waits for another one to be done with the server.
const QUEUE: Duration = Duration::from_mins(1);

/// How long a server may take to come up: one that recovers from `kill -9` reads its log first.
const COMING_UP: Duration = Duration::from_secs(30);

/// How often it is looked whether something has come about.
const LOOK: Duration = Duration::from_millis(5);

/// Quick rather than safe from power cuts: what the sandbox holds is for trying things out.
const OPTIONS: &[&str] = &[
    "port=5432",
    "listen_addresses=",
    // In the data folder, whose path may be long: this one is not.
    "unix_socket_directories=.",
    "fsync=off",
    "full_page_writes=off",
    "max_connections=100",
    "shared_buffers=16MB",
    "timezone=UTC",
    "log_timezone=UTC",
    "jit=off",
];

/// What stands in the word of a `serve` that lets webhooks send away from this machine.
const NETWORK: &[u8] = b"network";

/// A server that takes connections, and is stopped with this value if it was started for it.
pub(super) struct Cluster {
    /// The folder that its socket is in.
    socket: PathBuf,
    own: Option<Own>,
    /// The `serve` whose server it is lets webhooks send away from this machine.
    pub(super) network: bool,
}

/// A server that this process started.
struct Own {
    server: Child,
    programs: PathBuf,
    user: Option<User>,
    /// Says that others may use it.
    shared: Option<PathBuf>,
    _lock: File,
}

/// Where a sandbox keeps its PostgreSQL.
struct Place {
    /// What belongs to us: the lock, and the word that the server may be used.
    ours: PathBuf,
    /// What belongs to the server: its data and its log.
    its: PathBuf,
    user: Option<User>,
}

impl Place {
    fn of(folder: &Path) -> io::Result<Self> {
        let ours = folder.join("postgres");
        std::fs::create_dir_all(&ours)?;
        // Its server is started in another folder than this process is in.
        let ours = ours.canonicalize()?;
        let Some(user) = platform::server_user(&ours)? else {
            let its = ours.join("server");
            platform::make_private_folder(&its)?;
            return Ok(Self {
                ours,
                its,
                user: None,
            });
        };
        // PostgreSQL does not run as root, and the other user has to get to its files.
        let its = if platform::is_reachable(&ours) {
            ours.join("server")
        } else {
            elsewhere(&ours)
        };
        platform::make_folder_for(&its, user)?;
        Ok(Self {
            ours,
            its,
            user: Some(user),
        })
    }

    fn data(&self) -> PathBuf {
        self.its.join("data")
    }

    /// The lock, if nobody has it.
    fn lock(&self) -> io::Result<Option<File>> {
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.ours.join("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn shared(&self) -> PathBuf {
        self.ours.join("serving")
    }
}

/// Where the server's files are that cannot be in the sandbox's own folder.
fn elsewhere(ours: &Path) -> PathBuf {
    let name = seed::hex(&[&text(ours)]);
    Path::new("/var/tmp").join(format!("supactl-sandbox-{name}"))
}

impl Cluster {
    /// One that runs already, whoever started it.
    pub(super) fn given(socket: &Path) -> Self {
        Self {
            socket: socket.to_owned(),
            own: None,
            network: false,
        }
    }

    /// Starts the server of a sandbox, or finds that of its `serve`. `serves` lets others use it, and
    /// `network` is told to them.
    pub(super) async fn start(folder: &Path, serves: bool, network: bool) -> io::Result<Self> {
        let programs = platform::postgres_programs().ok_or_else(|| {
            let how = platform::HOW_TO_INSTALL_POSTGRES;
            io::Error::new(
                ErrorKind::NotFound,
                format!("the sandbox runs SQL on PostgreSQL, which this machine has not: {how}"),
            )
        })?;
        let place = Place::of(folder)?;
        let waiting = Instant::now();
        let lock = loop {
            if let Some(lock) = place.lock()? {
                break lock;
            }
            let mut running = Self::given(&place.data());
            if let Ok(word) = std::fs::read(place.shared())
                && running.is_up().await
            {
                running.network = word == NETWORK;
                return Ok(running);
            }
            if waiting.elapsed() > QUEUE {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    "another command has the sandbox's PostgreSQL for too long",
                ));
            }
            tokio::time::sleep(LOOK).await;
        };
        // Whoever said so is gone.
        let _ = std::fs::remove_file(place.shared());
        let data = place.data();
        let left_over = Self::given(&data);
        if left_over.answers().await {
            stop(&programs, &place)?;
        }
        // The lock says that nobody runs it, whatever the server's own file says.
        let _ = std::fs::remove_file(data.join("postmaster.pid"));
        if !data.join("PG_VERSION").exists() {
            make(&programs, &place)?;
        }
        let mut cluster = Self {
            own: Some(Own {
                server: launch(&programs, &place)?,
                programs,
                user: place.user,
                shared: serves.then(|| place.shared()),
                _lock: lock,
            }),
            socket: data,
            network,
        };
        cluster.comes_up(&place.its.join("log")).await?;
        if serves {
            std::fs::write(place.shared(), if network { NETWORK } else { b"" })?;
        }
        Ok(cluster)
    }

    /// A session with one of its databases.
    pub(super) async fn session(&self, database: &str, role: Role) -> Result<Session, Failed> {
        let stream = platform::connect(&self.socket.join(".s.PGSQL.5432")).await?;
        Session::open(stream, database, role).await
    }

    /// Somebody listens at its socket.
    async fn answers(&self) -> bool {
        platform::connect(&self.socket.join(".s.PGSQL.5432"))
            .await
            .is_ok()
    }

    async fn is_up(&self) -> bool {
        self.session("postgres", Role::Admin).await.is_ok()
    }

    async fn comes_up(&mut self, log: &Path) -> io::Result<()> {
        let started = Instant::now();
        while !self.is_up().await {
            let ended = match &mut self.own {
                Some(own) => own.server.try_wait()?.is_some(),
                None => false,
            };
            if ended || started.elapsed() > COMING_UP {
                let log = std::fs::read_to_string(log).unwrap_or_default();
                let last = log.lines().last().unwrap_or("it said nothing");
                return Err(io::Error::other(format!(
                    "PostgreSQL did not start: {last}"
                )));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            let _ = std::fs::remove_file(shared);
        }
        let pid = self.server.id().to_string();
        if run(&self.programs, "pg_ctl", &["kill", "INT", &pid], self.user).is_err() {
            let _ = self.server.kill();
        }
        let _ = self.server.wait();
    }
}

/// Forgets all data where no server runs; hands out the one that does and may be used.
pub(super) async fn remove(folder: &Path) -> io::Result<Option<Cluster>> {
    if !folder.join("postgres").exists() {
        return Ok(None);
    }
    let place = Place::of(folder)?;
    let Some(_lock) = place.lock()? else {
        let running = Cluster::given(&place.data());
        return Ok(place.shared().exists().then_some(running));
    };
    let left_over = Cluster::given(&place.data());
    if left_over.answers().await
        && let Some(programs) = platform::postgres_programs()
    {
        stop(&programs, &place)?;
    }
    match std::fs::remove_dir_all(&place.its) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}

/// Stops a server that nobody has a handle of.
fn stop(programs: &Path, place: &Place) -> io::Result<()> {
    let data = text(&place.data());
    let arguments = ["-D", &data, "-m", "fast", "-w", "-s", "stop"];
    run(programs, "pg_ctl", &arguments, place.user)
}

/// Makes an empty data folder, whole or not at all.
fn make(programs: &Path, place: &Place) -> io::Result<()> {
    let half = place.its.join("half");
    let _ = std::fs::remove_dir_all(&half);
    let arguments = [
        "-D",
        &text(&half),
        "-U",
        "supabase_admin",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ];
    run(programs, "initdb", &arguments, place.user)?;
    std::fs::rename(&half, place.data())
}

fn launch(programs: &Path, place: &Place) -> io::Result<Child> {
    let mut command = Command::new(programs.join("postgres"));
    command.arg("-D").arg(place.data());
    for option in OPTIONS {
        command.args(["-c", option]);
    }
    prepare(&mut command, place.user);
    command.stderr(File::create(place.its.join("log"))?);
    command.spawn()
}

/// Runs one of PostgreSQL's programs to its end.
fn run(programs: &Path, name: &str, arguments: &[&str], user: Option<User>) -> io::Result<()> {
    let mut command = Command::new(programs.join(name));
    command.args(arguments);
    prepare(&mut command, user);
    let output = command.stderr(Stdio::piped()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().last().unwrap_or_default().to_owned();
    Err(io::Error::other(format!("{name}: {said}")))
}

/// In no environment of ours, where PGPORT or PGDATA might be; in no folder that its user cannot see;
/// and out of reach of a Ctrl-C that is meant for us.
fn prepare(command: &mut Command, user: Option<User>) {
    command
        .env_clear()
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    platform::detach(command, user);
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
