//! Supabase in the binary: the service's side of every request, over real HTTP on this machine.
//!
//! Imports nothing from the rest of the program but `platform`, and writes its JSON literally, so that the two sides
//! cannot share an error. Nothing runs between commands: what changes with time is worked out from
//! the state and the sandbox's own clock. What it lacks answers 501 and names itself.

mod auth_config;
mod branches;
mod checks;
mod faults;
mod functions;
mod gateway;
mod health;
mod integrations;
mod keys;
mod logs;
mod management;
mod metrics;
mod objects;
mod postgres;
mod projects;
mod seed;
mod server;
mod signing_keys;
mod sso;
mod state;
mod storage;
mod webhooks;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub(crate) use faults::Fault;
pub(crate) use seed::DEFAULT_PROJECT;

use postgres::{Postgres, Senders};
use state::Folder;

/// A sandbox that answers.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox {
    /// Address of its Management API.
    pub(crate) api_url: String,
    /// Address of its projects, with `{ref}` where the project stands.
    pub(crate) project_url: String,
    /// The only token that it accepts, new at every start.
    pub(crate) token: String,
    senders: Arc<Senders>,
}

impl Sandbox {
    /// Waits until what webhooks queued is sent: the end of a command would cut it off.
    pub(crate) async fn settle(&self) {
        self.senders.settle().await;
    }
}

/// Binds a port of this machine (0 for any) and answers on the current runtime until that ends.
///
/// No state is read before the first request. `sql` is the folder with the socket of a PostgreSQL to
/// use instead of one that is started when SQL is first asked for, and stopped when the runtime ends.
pub(crate) fn start(folder: &Path, port: u16, sql: Option<PathBuf>) -> io::Result<Sandbox> {
    let postgres = Postgres::new(folder, sql, false, false);
    server::start(Folder::new(folder), port, Vec::new(), postgres)
}

/// The same for a while, with answers that go wrong on purpose: other commands may use its PostgreSQL.
/// With `network` webhooks may send away from this machine.
pub(crate) fn serve(
    folder: &Path,
    port: u16,
    sql: Option<PathBuf>,
    faults: Vec<Fault>,
    network: bool,
) -> io::Result<Sandbox> {
    let postgres = Postgres::new(folder, sql, true, network);
    server::start(Folder::new(folder), port, faults, postgres)
}

/// Forgets everything that was done: the next request finds the seed.
pub(crate) async fn reset(folder: &Path, sql: Option<PathBuf>) -> io::Result<()> {
    Folder::new(folder).reset()?;
    postgres::remove(folder, sql).await
}

/// The time in the sandbox.
pub(crate) fn now(folder: &Path) -> io::Result<jiff::Timestamp> {
    Folder::new(folder).now()
}

/// Moves the sandbox's clock on.
pub(crate) fn advance(folder: &Path, time: Duration) -> io::Result<()> {
    Folder::new(folder).advance(time)
}

/// What the sandbox holds, counted.
pub(crate) fn summary(folder: &Path) -> io::Result<serde_json::Value> {
    Folder::new(folder).with(|state, now| {
        projects::settle(state, now);
        let projects = state["projects"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, project)| project["branch"].is_null())
            .map(|(reference, project)| {
                serde_json::json!({
                    "ref": reference,
                    "name": project["project"]["name"],
                    "status": project["project"]["status"],
                    "buckets": project["buckets"].as_array().map_or(0, Vec::len),
                    "objects": project["objects"].as_array().map_or(0, Vec::len),
                })
            });
        serde_json::Value::Array(projects.collect())
    })
}
