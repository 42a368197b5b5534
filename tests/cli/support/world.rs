//! An empty world to run the program in: its folders, its variables, what is typed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::person::Person;
use super::postgres::postgres;
use super::screen::Screen;
use super::{REF, TOKEN};

/// Longer than any test takes: only so that a program that hangs is a failure rather than a silence.
const PATIENCE: Duration = Duration::from_secs(60);

/// A temporary folder with a home, and the variables that the program may see.
pub(crate) struct World {
    folder: TempDir,
    variables: BTreeMap<String, OsString>,
}

impl World {
    /// A world with a token and a project, in which no service is to be reached.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "here"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let path = |name: &str| folder.path().join(name).into_os_string();
        let variables = BTreeMap::from([
            ("HOME".to_owned(), path("home")),
            ("SUPACTL_CONFIG_DIR".to_owned(), path("config")),
            ("SUPACTL_CACHE_DIR".to_owned(), path("cache")),
            ("SUPACTL_STATE_DIR".to_owned(), path("state")),
            ("SUPABASE_ACCESS_TOKEN".to_owned(), TOKEN.into()),
            ("SUPABASE_PROJECT_ID".to_owned(), REF.into()),
            ("NO_COLOR".to_owned(), "1".into()),
            ("TZ".to_owned(), "UTC".into()),
            ("COLUMNS".to_owned(), "100".into()),
            ("TERM".to_owned(), "xterm".into()),
        ]);
        let mut world = Self { folder, variables };
        // No name under `invalid` is ever resolved (RFC 2606).
        world.set("SUPACTL_API_URL", "https://api.invalid");
        world.set("SUPACTL_PROJECT_URL", "https://{ref}.invalid");
        // Where coverage is measured, that of the program counts: a few files that all runs share.
        if let Some(file) = std::env::var_os("LLVM_PROFILE_FILE") {
            let shared = file.to_string_lossy().replace("%p", "run");
            world.set("LLVM_PROFILE_FILE", &shared);
        }
        world
    }

    /// A world whose service is the sandbox, with SQL.
    ///
    /// Its databases are in the PostgreSQL that all tests of the run share.
    pub(crate) fn sandbox() -> Self {
        let mut world = Self::own_sandbox();
        world.set("SUPACTL_SANDBOX_POSTGRES", postgres());
        world
    }

    /// A world whose service is the sandbox, which starts a PostgreSQL of its own for SQL.
    pub(crate) fn own_sandbox() -> Self {
        let mut world = Self::new();
        // As root another user runs PostgreSQL, and has to get there.
        std::fs::set_permissions(world.path(), Permissions::from_mode(0o755)).unwrap();
        world.set("SUPACTL_PROFILE", "sandbox");
        world.variables.remove("SUPACTL_API_URL");
        world.variables.remove("SUPACTL_PROJECT_URL");
        // Where the machine has PostgreSQL is not for a test to say.
        world.set("PATH", &std::env::var("PATH").unwrap());
        world
    }

    /// A world in which some server of ours is the service.
    pub(crate) fn served_by(address: &str) -> Self {
        let mut world = Self::new();
        world.is_served_by(address);
        world
    }

    pub(super) fn is_served_by(&mut self, address: &str) {
        self.set("SUPACTL_API_URL", &format!("http://{address}"));
        self.set(
            "SUPACTL_PROJECT_URL",
            &format!("http://{address}/gw/{{ref}}"),
        );
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.into());
    }

    /// The folder that everything of this world is in.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, with the folders that it needs, and returns where it is.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.path().join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        file
    }

    pub(crate) fn run(&self, line: &str) -> Screen {
        self.command(line).run()
    }

    /// Prepares a run. Words are split at blanks; `arg` adds one that has some.
    pub(crate) fn command(&self, line: &str) -> Run<'_> {
        Run {
            world: self,
            arguments: line.split_whitespace().map(OsString::from).collect(),
            variables: self.variables.clone(),
            folder: self.path().join("here"),
            input: None,
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What it has on a server that others use goes with it.
        if self.variables.contains_key("SUPACTL_SANDBOX_POSTGRES") && !std::thread::panicking() {
            let gone = self.run("sandbox reset --yes");
            assert_eq!(gone.status(), Some(0), "{gone}");
        }
    }
}

/// A run of the program that has not begun.
#[must_use = "run it"]
pub(crate) struct Run<'a> {
    world: &'a World,
    arguments: Vec<OsString>,
    variables: BTreeMap<String, OsString>,
    folder: PathBuf,
    input: Option<String>,
}

impl Run<'_> {
    pub(crate) fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub(crate) fn args(mut self, arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// In this folder of the world, made if it is not there.
    pub(crate) fn within(mut self, folder: &str) -> Self {
        self.folder = self.world.path().join(folder);
        std::fs::create_dir_all(&self.folder).unwrap();
        self
    }

    /// With this on standard input, which is empty otherwise.
    pub(crate) fn input(mut self, text: &str) -> Self {
        self.input = Some(text.to_owned());
        self
    }

    /// Runs it to its end, with nobody at a terminal.
    pub(crate) fn run(self) -> Screen {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_supactl"));
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.folder)
            .write_stdin(self.input.clone().unwrap_or_default())
            .timeout(PATIENCE);
        let output = command.output().unwrap();
        Screen::new(&output, self.world.path())
    }

    /// The program ready to be started in another way, with nothing on standard input.
    pub(crate) fn prepared(&self) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_supactl"));
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.variables)
            .current_dir(&self.folder)
            .stdin(std::process::Stdio::null());
        command
    }

    /// Starts it with its reader already gone, and tells standard error and the exit status.
    pub(crate) fn run_into_closed_pipe(self) -> Screen {
        let mut command = self.prepared();
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        Screen::new(&child.wait_with_output().unwrap(), self.world.path())
    }

    /// Runs it with standard output going into a file, and tells standard error and the exit status.
    pub(crate) fn run_into(self, file: std::fs::File) -> Screen {
        let output = self.prepared().stdout(file).output().unwrap();
        Screen::new(&output, self.world.path())
    }

    /// Starts it with a person at a terminal of so many columns.
    pub(crate) fn at_terminal(mut self, columns: u16) -> Person {
        // What a terminal says of its own size counts, not what the environment says.
        self.variables.remove("COLUMNS");
        Person::sits_down(
            &self.arguments,
            &self.variables,
            &self.folder,
            columns,
            self.world.path(),
        )
    }
}
