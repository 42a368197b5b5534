//! `storage policies export`

use clap::Args;

use super::file;
use crate::api::{BucketName, Record};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;
use crate::usage;

/// Write the policies of a bucket as a file that `set --file` takes
///
/// Policies that name other buckets too, all buckets or none by name are left out, and listed.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage policies export --bucket avatars > avatars.yaml",
    group(usage::prints_bytes())
)]
pub(crate) struct Export {
    /// Name of the bucket
    #[arg(long, add = crate::completing::buckets())]
    bucket: BucketName,
}

impl Export {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let bucket = self.bucket.as_str();
        let policies = app.api()?.policies(&project).await?;
        let (own, others): (Vec<_>, Vec<_>) = policies
            .into_iter()
            .filter(|policy| policy.concerns(bucket))
            .partition(|policy| policy.is_of_alone(bucket));
        let reply = Reply::bytes(file::written(&self.bucket, &own).into());
        let names = others.iter().filter_map(|policy| policy.text("name"));
        let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        Ok(if names.is_empty() {
            reply
        } else {
            reply.with_message(format!(
                "Left out, because not about `{bucket}` alone: {}",
                names.join(", ")
            ))
        })
    }
}
