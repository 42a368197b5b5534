//! `storage policies list`

use clap::Args;

use super::COLUMNS;
use crate::api::{BucketName, PolicyTable};
use crate::app::App;
use crate::error::Result;
use crate::output::Reply;

/// List policies
///
/// Which buckets a policy is about is read out of its expressions: those that it names, `all buckets`
/// where it does not look at the bucket, `conditional` where it looks at it in another way.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage policies list\n  supactl storage policies list --bucket avatars -o yaml"
)]
pub(crate) struct List {
    /// Only policies that name this bucket, or may be about it
    #[arg(long, add = crate::completing::buckets())]
    bucket: Option<BucketName>,

    /// Only policies on this table of Storage
    #[arg(long, value_enum)]
    table: Option<PolicyTable>,
}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let api = app.api()?;
        let mut policies = api.policies(&project).await?;
        policies.retain(|policy| {
            let bucket = self.bucket.as_ref();
            self.table.is_none_or(|table| policy.table() == table)
                && bucket.is_none_or(|bucket| policy.concerns(bucket.as_str()))
        });
        let reply = Reply::list(policies, COLUMNS).with_message_if_empty("No policies found");
        let unguarded = api.unguarded_tables(&project).await?;
        Ok(unguarded.iter().fold(reply, |reply, table| {
            reply.with_message(format!(
                "Row-level security is off for storage.{table}: its policies have no effect"
            ))
        }))
    }
}
