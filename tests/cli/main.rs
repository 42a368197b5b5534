//! The program as its users meet it: each test is a conversation with a fake Supabase, and shows the
//! whole screen.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may panic, and sets up its own environment"
)]

/// How a fake service is talked to, and a screen looked at.
mod support;

/// `login`, `logout`, `whoami`, `profiles`, `link`, `unlink`
mod account;
/// `api`: any operation, as it is.
mod api;
/// `auth jwt`: keys in every state, and what may be done to them.
/// `api-keys`
mod api_keys;
/// `auth jwt`: keys in every state, and a rotation that is interrupted everywhere.
mod auth_jwt;
/// `auth jwt rotate`: interrupted everywhere, and a whole life of keys.
mod auth_jwt_rotation;
/// `auth jwt revoke` of the JWT secret, on which other keys depend.
mod auth_jwt_secret;
/// `auth providers` and `auth service`: the settings of the Auth service.
mod auth_settings;
/// `auth sso`: identity providers shown and added, and hostile files.
mod auth_sso;
/// `auth sso update` and `disable`: what the service would forget, and a whole life of a provider.
mod auth_sso_changes;
/// `backups`
mod backups;
/// `branches`
mod branches;
/// What a run keeps for the next, and what a write forgets.
mod cache;
/// What Tab offers, and that nothing is sent for it.
mod completions;
/// Questions, the answers to them, and dry runs.
mod confirm;
/// `db query`: what is sent, what comes back, and how a refusal is told.
mod db;
/// `functions deploy`: which files are sent, how, and what became of them.
mod deploy;
/// `doctor`
mod doctor;
/// Every error once: message, hint, code, exit status; and `docs/scripting.md`, which names them all.
mod failures;
/// One reply in every format, byte for byte; the envelope is a promise.
mod formats;
/// `functions`
mod functions;
/// Help is there for every command, and no command takes a global flag for itself.
mod help;
/// `integrations`: all but webhooks, which have a file of their own.
mod integrations;
/// `logs`
mod logs;
/// `migrations`
mod migrations;
/// `migrations` on a real PostgreSQL: failures, crashes, two at once, the official CLI's table.
mod migrations_applied;
/// `monitor`: verdicts, figures, gates, and what is shown when a source fails.
mod monitor;
/// Certificates and proxies.
mod network;
/// `orgs`
mod orgs;
/// The commands of the plan, each run in the sandbox.
mod plan;
/// `storage policies`: what each allows to whom, files of them, and that nothing leaves its quotes.
mod policies;
/// The sandbox's SQL: its own PostgreSQL, started and stopped, and what it answers.
mod postgres;
/// The life of a project, in the sandbox's own time.
mod project_life;
/// `projects`
mod projects;
/// `docs/commands.md` is what the program says of itself.
mod reference;
/// What is sent where, with which key, how often, and what is not sent.
mod requests;
/// Names, odd rows and hostile text: nothing breaks, nothing steers the terminal.
mod safety;
/// Whole stories against the sandbox: create, list, get, delete, and what is left.
mod sandbox;
/// `db schema` and `db extensions`
mod schema;
/// `secrets`
mod secrets;
/// `storage`
mod storage;
/// Which project is meant, and by whom.
mod targets;
/// `integrations webhooks`
mod webhooks;
/// Every file of a command is declared by its folder.
mod wiring;
