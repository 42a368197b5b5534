//! `storage buckets update`

use std::str::FromStr;

use clap::Args;

use super::COLUMNS;
use crate::api::{BucketChange, BucketName, Change, FileSize, MimeType};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Error, Result};
use crate::output::Reply;

/// Change who may read a bucket, or what it takes
///
/// What is not named stays as it is. A bucket cannot be renamed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage buckets update avatars --private\n  supactl storage buckets update avatars --file-size-limit none --allowed-mime-type any",
    group(clap::ArgGroup::new("change").required(true).multiple(true).args(["public", "private", "file_size_limit", "allowed_mime_types"]))
)]
pub(crate) struct Update {
    /// Name of the bucket
    #[arg(add = crate::completing::buckets())]
    name: BucketName,

    /// Let anyone read its files without signing in
    #[arg(long, conflicts_with = "private")]
    public: bool,

    /// Let only those read its files whom a policy allows it
    #[arg(long)]
    private: bool,

    /// Largest file that it takes, such as `50MB`; `none` for the limit of the project
    #[arg(long, value_name = "SIZE|none")]
    file_size_limit: Option<String>,

    /// MIME type that it takes; may be given several times; `any` for all
    #[arg(long = "allowed-mime-type", value_name = "TYPE|any")]
    allowed_mime_types: Vec<String>,

    #[command(flatten)]
    write: WriteArgs,
}

impl Update {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let change = BucketChange {
            public: match (self.public, self.private) {
                (false, false) => Change::Keep,
                (public, _) => Change::Set(public),
            },
            file_size_limit: size(self.file_size_limit.as_deref())?,
            allowed_mime_types: types(&self.allowed_mime_types)?,
        };
        let project = app.project_to_change().await?;
        let api = app.api()?;
        api.update_bucket(&project, &self.name, &change).await?;
        let done = format!("Updated bucket `{}`", self.name);
        let bucket = api
            .bucket(&project, &self.name)
            .await
            .map_err(|error| error.after(&done))?;
        Ok(Reply::item(bucket, COLUMNS).with_message(done))
    }
}

/// A size, or none.
fn size(text: Option<&str>) -> Result<Change<FileSize>> {
    match text {
        None => Ok(Change::Keep),
        Some("none") => Ok(Change::Clear),
        Some(size) => parsed(size).map(Change::Set),
    }
}

/// Types, or any; nothing where nothing was named.
fn types(names: &[String]) -> Result<Change<Vec<MimeType>>> {
    match names {
        [] => Ok(Change::Keep),
        [any] if any == "any" => Ok(Change::Clear),
        names => names
            .iter()
            .map(|name| parsed(name))
            .collect::<Result<_>>()
            .map(Change::Set),
    }
}

fn parsed<T: FromStr<Err = String>>(text: &str) -> Result<T> {
    text.parse()
        .map_err(|problem: String| Error::invalid(problem))
}
