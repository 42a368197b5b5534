//! `storage buckets create`

use clap::Args;

use super::COLUMNS;
use crate::api::{BucketChange, BucketName, Change, FileSize, MimeType};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Create a bucket
///
/// Without limits of its own a bucket takes files of any kind, up to the limit of the project.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage buckets create reports\n  supactl storage buckets create photos --public --file-size-limit 5MB --allowed-mime-type 'image/*'"
)]
pub(crate) struct Create {
    /// Name of the new bucket
    name: BucketName,

    /// Let anyone read its files without signing in
    #[arg(long)]
    public: bool,

    /// Largest file that it takes, such as `50MB` (decimal units)
    #[arg(long, value_name = "SIZE")]
    file_size_limit: Option<FileSize>,

    /// MIME type that it takes, or a pattern such as `image/*`; may be given several times
    #[arg(long = "allowed-mime-type", value_name = "TYPE")]
    allowed_mime_types: Vec<MimeType>,

    /// Leave a bucket of this name as it is, and call that done
    #[arg(long)]
    if_not_exists: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Create {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let properties = BucketChange {
            public: Change::Set(self.public),
            file_size_limit: self.file_size_limit.map_or(Change::Keep, Change::Set),
            allowed_mime_types: match self.allowed_mime_types {
                none if none.is_empty() => Change::Keep,
                types => Change::Set(types),
            },
        };
        let done = match api.create_bucket(&project, &self.name, &properties).await {
            Ok(()) => format!("Created bucket `{}`", self.name),
            Err(Error::Api(error)) if self.if_not_exists && error.code == Code::AlreadyExists => {
                format!(
                    "Bucket `{}` already exists, and was left as it is",
                    self.name
                )
            }
            Err(error) => return Err(error),
        };
        let bucket = api
            .bucket(&project, &self.name)
            .await
            .map_err(|error| error.after(&done))?;
        Ok(Reply::item(bucket, COLUMNS).with_message(done))
    }
}
