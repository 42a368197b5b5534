//! `storage buckets`: containers for files.

mod create;
mod delete;
mod empty;
mod get;
mod list;
mod update;

use clap::Subcommand;

use crate::api::Object;
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Column, Reply, Show};

/// Manage buckets
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Buckets {
    #[command(visible_aliases = ["add", "new"])]
    Create(create::Create),
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    Empty(empty::Empty),
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
    Update(update::Update),
}

impl Buckets {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Create(command) => command.run(app).await,
            Self::Delete(command) => command.run(app).await,
            Self::Empty(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Update(command) => command.run(app).await,
        }
    }
}

/// How a bucket is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("id", "Name"),
    Column::shown("public", "Access", Show::Made(access)),
    Column::new("type", "Type"),
    Column::shown("file_size_limit", "File size limit", Show::Bytes),
    Column::new("allowed_mime_types", "MIME types"),
    Column::shown("created_at", "Created", Show::Time),
    Column::shown("updated_at", "Updated", Show::Time),
];

/// So many files.
fn files(count: usize) -> String {
    format!("{count} {}", if count == 1 { "file" } else { "files" })
}

/// Why deleting stopped, and what was deleted by then.
fn stopped(error: Error, deleted: usize, left: &str) -> Error {
    let were = if deleted == 1 { "was" } else { "were" };
    match deleted {
        0 => error,
        _ => error.when(&format!("{} {were} deleted{left}", files(deleted))),
    }
}

fn access(bucket: &Object) -> String {
    let word = match bucket.get("public").and_then(serde_json::Value::as_bool) {
        Some(true) => "public",
        Some(false) => "private",
        None => "",
    };
    word.to_owned()
}
