//! `storage buckets empty`

use std::cell::Cell;

use clap::Args;
use serde_json::json;

use super::{COLUMNS, files, stopped};
use crate::api::{BucketName, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Delete all files in a bucket, and keep the bucket
///
/// Ends when the last file is gone. With `--queue` the service does it in its own time, which may be
/// an hour, and only to the files that are there now.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage buckets empty exports --yes\n  supactl storage buckets empty exports --queue --yes"
)]
pub(crate) struct Empty {
    /// Name of the bucket
    #[arg(add = crate::completing::buckets())]
    name: BucketName,

    /// Let the service do it in its own time
    #[arg(long)]
    queue: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Empty {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let name = &self.name;
        app.terminal().confirm(&format!(
            "Delete all files in bucket `{name}` of project {}?",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let mut bucket = api.bucket(&project, name).await?.into_object();
        let done = if self.queue {
            api.queue_emptying(&project, name).await?;
            format!("Bucket `{name}` is being emptied, which may take up to an hour")
        } else {
            let bar = app.terminal().counter("files deleted");
            let gone = Cell::new(0);
            let progress = |deleted| {
                gone.set(deleted);
                bar.set_position(deleted as u64);
            };
            let emptied = api.delete_all_objects(&project, name, &progress).await;
            bar.finish_and_clear();
            let deleted = emptied.map_err(|error| stopped(error, gone.get(), ""))?;
            bucket.insert("deleted_objects".to_owned(), json!(deleted));
            format!("Emptied bucket `{name}`: {} deleted", files(deleted))
        };
        bucket.insert("deleted".to_owned(), json!(true));
        Ok(Reply::item(bucket, COLUMNS).with_message(done))
    }
}
