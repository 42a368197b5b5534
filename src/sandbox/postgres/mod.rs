//! SQL of the sandbox's projects, on a real PostgreSQL: each project has a database of its own.
//!
//! What a database has in it before anything was done stands in the `.sql` files beside this one: a
//! part of the service that lives in SQL gets a file there and a line in [`FILES`]. A route that runs
//! SQL is `Route::Do` with a function that ends in [`ask`].

mod cluster;
mod databases;
mod sender;
mod values;
mod wire;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::management::{Route, Row, elements};
use super::server::{Asked, Told};
use super::state::{Folder, written};
use cluster::Cluster;
pub(super) use sender::Senders;
use sender::Ways;
use wire::Failed;
pub(super) use wire::Role;

/// What makes a project's database out of an empty one, in this order, as superuser.
const FILES: &[&str] = &[
    include_str!("project.sql"),
    include_str!("auth.sql"),
    include_str!("storage.sql"),
    include_str!("guard.sql"),
];

/// The roles, once for all databases of a server. Can be run again.
const ROLES: &str = include_str!("roles.sql");

/// What is in the first project, as `postgres`.
const SEED: &str = include_str!("seed.sql");

/// What switching database webhooks on makes, as superuser. Can be run again.
const WEBHOOKS: &str = include_str!("webhooks.sql");

/// The webhooks of the first project.
const SEED_WEBHOOKS: &str = include_str!("seed_webhooks.sql");

const SYNC_IN: &str = include_str!("sync_in.sql");
const SYNC_OUT: &str = include_str!("sync_out.sql");

pub(super) const ROUTES: &[Row] = &[
    (
        "POST",
        "/v1/projects/{}/database/query",
        Route::Do(|state, _, parts, asked| query(state, parts[0], asked, Role::Postgres)),
    ),
    (
        "POST",
        "/v1/projects/{}/database/query/read-only",
        Route::Do(|state, _, parts, asked| query(state, parts[0], asked, Role::ReadOnlyQualified)),
    ),
    (
        "POST",
        "/v1/projects/{}/database/webhooks/enable",
        Route::Do(|state, _, parts, _| {
            ask(state, parts[0], Role::Admin, (WEBHOOKS, &[]), |_| Told {
                status: 201,
                ..Told::default()
            })
        }),
    ),
];

/// SQL to be run once the state is let go of, and what to answer then.
#[derive(Debug)]
pub(super) struct Job {
    reference: String,
    /// Tells databases of before a `sandbox reset` from those after it.
    epoch: String,
    role: Role,
    sql: String,
    parameters: Vec<Value>,
    buckets: Value,
    objects: Value,
    done: fn(Vec<Value>) -> Told,
}

/// Has SQL run in the database of a project, and answers with what `done` makes of its rows.
pub(super) fn ask(
    state: &mut Value,
    reference: &str,
    role: Role,
    (sql, parameters): (&str, &[Value]),
    done: fn(Vec<Value>) -> Told,
) -> Told {
    let status = &state["projects"][reference]["project"]["status"];
    if !matches!(status.as_str(), Some("ACTIVE_HEALTHY" | "ACTIVE_UNHEALTHY")) {
        let words = "Failed to run sql query: Connection terminated due to connection timeout";
        return Told::message(400, words);
    }
    if !state["sql_epoch"].is_string() {
        let now = jiff::Timestamp::now().as_nanosecond().to_string();
        state["sql_epoch"] = json!(&super::seed::hex(&["sql", &now])[..8]);
    }
    let epoch = state["sql_epoch"].as_str().unwrap_or_default().to_owned();
    let project = &mut state["projects"][reference];
    let mut objects = json!(elements(project, "objects"));
    for object in objects.as_array_mut().into_iter().flatten() {
        // The bytes of a file are nothing to a database.
        if let Some(object) = object.as_object_mut() {
            object.remove("content");
        }
    }
    let job = Job {
        reference: reference.to_owned(),
        epoch,
        role,
        sql: sql.to_owned(),
        parameters: parameters.to_vec(),
        buckets: json!(elements(project, "buckets")),
        objects,
        done,
    };
    Told {
        job: Some(Box::new(job)),
        ..Told::default()
    }
}

/// What was asked as it is: rows as a bare list, with 201 of all numbers.
fn query(state: &mut Value, reference: &str, asked: &Asked, role: Role) -> Told {
    let body = asked.json();
    let Some(sql) = body["query"].as_str().filter(|sql| !sql.is_empty()) else {
        return Told::message(400, "query: Required");
    };
    let role = match role {
        Role::Postgres if body["read_only"] == true => Role::ReadOnly,
        role => role,
    };
    let parameters = body["parameters"].as_array().cloned().unwrap_or_default();
    ask(state, reference, role, (sql, &parameters), |rows| {
        Told::json(201, &json!(rows))
    })
}

/// The PostgreSQL of a sandbox: nothing until something is asked of it.
pub(super) struct Postgres {
    folder: PathBuf,
    /// The folder with the socket of a server to use instead of starting one.
    given: Option<PathBuf>,
    /// Others may use the one that is started.
    serves: bool,
    /// Webhooks may send away from this machine.
    network: bool,
    /// The address of the gateway, once it is known.
    gateway: OnceLock<String>,
    senders: Arc<Senders>,
    running: Mutex<Option<Running>>,
}

struct Running {
    cluster: Cluster,
    /// Databases that are known to be there.
    ready: HashSet<String>,
}

impl Postgres {
    pub(super) fn new(folder: &Path, given: Option<PathBuf>, serves: bool, network: bool) -> Self {
        Self {
            folder: std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()),
            given,
            serves,
            network,
            gateway: OnceLock::new(),
            senders: Arc::default(),
            running: Mutex::default(),
        }
    }

    /// What sends for the webhooks; `gateway` is where the addresses of projects lead.
    pub(super) fn senders(&self, gateway: &str) -> Arc<Senders> {
        self.gateway.get_or_init(|| gateway.to_owned());
        self.senders.clone()
    }

    /// Has what webhooks queued sent, beside whatever comes next.
    async fn send(&self, database: &str) {
        if self.senders.wake(database) {
            return;
        }
        let running = self.running.lock().await;
        let Some(now) = &*running else { return };
        // Without a session nothing is sent, and what is queued stays so.
        if let Ok(session) = now.cluster.session(database, Role::Sender).await {
            let ways = Ways {
                gateway: self.gateway.get().cloned().unwrap_or_default(),
                network: self.network || now.cluster.network,
            };
            self.senders.start(database, session, ways);
        }
    }

    /// Runs a job. The state is read and written, but not held meanwhile.
    pub(super) async fn answer(&self, folder: &Folder, job: Job) -> Told {
        let done = self.work(folder, &job).await;
        self.send(&databases::name(&self.folder, &job)).await;
        match done {
            Ok(rows) => (job.done)(rows),
            Err(Failed::Refused(said)) => {
                Told::message(400, &format!("Failed to run sql query: {said}"))
            }
            Err(Failed::Connection(error)) if error.kind() == io::ErrorKind::NotFound => {
                Told::message(501, &error.to_string())
            }
            Err(Failed::Connection(error)) => {
                Told::message(544, &format!("Failed to run sql query: {error}"))
            }
        }
    }

    async fn work(&self, folder: &Folder, job: &Job) -> Result<Vec<Value>, Failed> {
        let database = databases::name(&self.folder, job);
        let (mut admin, mut session) = self.sessions(job, &database).await?;
        let writes = matches!(job.role, Role::Admin | Role::Postgres);
        // One at a time changes something, so that the rows of `storage` stay in step.
        admin.run("select pg_advisory_lock(1)", &[]).await?;
        let rows = [job.buckets.clone(), job.objects.clone()];
        admin
            .run(
                "select set_config('sandbox.buckets', $1, false), set_config('sandbox.objects', $2, false)",
                &rows,
            )
            .await?;
        admin.run(SYNC_IN, &[]).await?;
        if !writes {
            admin.run("select pg_advisory_unlock(1)", &[]).await?;
        }
        let found = session.run(&job.sql, &job.parameters).await?;
        if writes {
            let rows = admin.run(SYNC_OUT, &[]).await?;
            if let Some(rows) = rows.first() {
                take_over(folder, &job.reference, rows)?;
            }
        }
        Ok(found)
    }

    /// Two sessions with a project's database, which is made if need be: the sandbox's and the asker's.
    async fn sessions(
        &self,
        job: &Job,
        database: &str,
    ) -> Result<(wire::Session, wire::Session), Failed> {
        let mut running = self.running.lock().await;
        let mut again = true;
        loop {
            let mut now = match running.take() {
                Some(now) => now,
                None => Running {
                    cluster: match &self.given {
                        Some(socket) => Cluster::given(socket),
                        None => Cluster::start(&self.folder, self.serves, self.network).await?,
                    },
                    ready: HashSet::new(),
                },
            };
            if !now.ready.contains(database) {
                match databases::make(&now.cluster, database, job, &self.folder).await {
                    // The `serve` whose server it was has ended.
                    Err(Failed::Connection(_)) if again => {
                        again = false;
                        continue;
                    }
                    made => made?,
                }
                now.ready.insert(database.to_owned());
            }
            let sessions = match now.cluster.session(database, Role::Admin).await {
                Ok(admin) => now
                    .cluster
                    .session(database, job.role)
                    .await
                    .map(|session| (admin, session)),
                Err(error) => Err(error),
            };
            match sessions {
                Err(_) if again => again = false,
                sessions => {
                    *running = Some(now);
                    return sessions;
                }
            }
        }
    }
}

/// Takes over into the state what SQL changed in the rows of `storage`.
fn take_over(folder: &Folder, reference: &str, rows: &Value) -> io::Result<()> {
    folder.with(|state, _| {
        for list in ["buckets", "objects"] {
            let Some(found) = rows[list].as_array() else {
                continue;
            };
            let kept = elements(&mut state["projects"][reference], list);
            kept.retain(|one| found.iter().any(|row| row["id"] == one["id"]));
            for row in found {
                match kept.iter_mut().find(|one| one["id"] == row["id"]) {
                    Some(one) => {
                        for (key, value) in row.as_object().into_iter().flatten() {
                            if !key.ends_with("_at") && one[key] != *value {
                                one[key] = value.clone();
                            }
                        }
                    }
                    None => kept.push(with_times(row)),
                }
            }
        }
    })
}

/// A row with its times as the sandbox writes them.
fn with_times(row: &Value) -> Value {
    let mut row = row.clone();
    for key in ["created_at", "updated_at"] {
        if let Some(Ok(time)) = row[key].as_str().map(str::parse) {
            row[key] = json!(written(time));
        }
    }
    row["owner"] = json!("");
    row
}

/// Forgets the databases of a sandbox. Those that a command is using at this moment go later.
pub(super) async fn remove(folder: &Path, given: Option<PathBuf>) -> io::Result<()> {
    let folder = std::path::absolute(folder)?;
    let running = match given {
        Some(socket) => Some(Cluster::given(&socket)),
        None => cluster::remove(&folder).await?,
    };
    match running {
        Some(cluster) => Ok(databases::remove(&cluster, &folder, None).await?),
        None => Ok(()),
    }
}
