//! `storage buckets delete`

use std::cell::Cell;

use clap::Args;
use serde_json::json;

use super::{COLUMNS, stopped};
use crate::api::{BucketName, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::Result;
use crate::output::Reply;

/// Delete a bucket
///
/// A bucket with files in it is only deleted with `--force`, which deletes them first.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage buckets delete drafts --yes\n  supactl storage buckets delete exports --force --yes"
)]
pub(crate) struct Delete {
    /// Name of the bucket
    #[arg(add = crate::completing::buckets())]
    name: BucketName,

    /// Delete the files in it first
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    write: WriteArgs,
}

/// What is left where files are gone already.
const STILL_THERE: &str = ", the bucket is still there";

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let name = &self.name;
        let with_files = if self.force {
            " and all files in it"
        } else {
            ""
        };
        app.terminal().confirm(&format!(
            "Delete bucket `{name}`{with_files} from project {}?",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let mut bucket = api.bucket(&project, name).await?.into_object();
        let deleted = Cell::new(0);
        if self.force {
            let bar = app.terminal().counter("files deleted");
            let progress = |gone| {
                deleted.set(gone);
                bar.set_position(gone as u64);
            };
            let emptied = api.delete_all_objects(&project, name, &progress).await;
            bar.finish_and_clear();
            emptied.map_err(|error| stopped(error, deleted.get(), STILL_THERE))?;
        }
        api.delete_bucket(&project, name)
            .await
            .map_err(|error| stopped(error, deleted.get(), STILL_THERE))?;
        bucket.insert("deleted".to_owned(), json!(true));
        Ok(Reply::item(bucket, COLUMNS).with_message(format!("Deleted bucket `{name}`")))
    }
}
