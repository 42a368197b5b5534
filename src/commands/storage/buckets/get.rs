//! `storage buckets get`

use clap::Args;

use super::COLUMNS;
use crate::api::BucketName;
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// Show a bucket
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage buckets get avatars\n  supactl storage buckets get avatars -o yaml"
)]
pub(crate) struct Get {
    /// Name of the bucket
    #[arg(add = crate::completing::buckets())]
    name: BucketName,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let bucket = app.api()?.bucket(&project, &self.name).await?;
        Ok(Reply::item(bucket, COLUMNS))
    }
}
