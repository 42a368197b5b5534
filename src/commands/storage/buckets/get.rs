//! `storage buckets get`

use clap::Args;
use serde_json::{Value, json};

use super::access;
use crate::api::{BucketName, Object, Record};
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Column, Reply, Show};

/// Show a bucket and the policies on it
///
/// The policies are those that name it, and those that may be about it: `storage policies list
/// --bucket` shows what they say.
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
        let api = app.api()?;
        let mut bucket = api.bucket(&project, &self.name).await?.into_object();
        let policies = match api.policies(&project).await {
            Ok(policies) => Ok(policies),
            // The bucket is there all the same.
            Err(Error::Api(error)) => Err(error),
            Err(error) => return Err(error),
        };
        let found = policies.as_ref().map_or(Value::Null, |policies| {
            let concerned = policies
                .iter()
                .filter(|policy| policy.concerns(self.name.as_str()));
            concerned
                .map(|policy| Value::Object(policy.object().clone()))
                .collect()
        });
        bucket.insert("policies".to_owned(), json!(found));
        let reply = Reply::item(bucket, COLUMNS);
        Ok(match policies {
            Ok(_) => reply,
            Err(error) => reply.with_message(format!("Its policies are unknown: {error}")),
        })
    }
}

const COLUMNS: &[Column] = &[
    Column::new("id", "Name"),
    Column::shown("public", "Access", Show::Made(access)),
    Column::new("type", "Type"),
    Column::shown("file_size_limit", "File size limit", Show::Bytes),
    Column::new("allowed_mime_types", "MIME types"),
    Column::shown("created_at", "Created", Show::Time),
    Column::shown("updated_at", "Updated", Show::Time),
    Column::shown("policies", "Policies", Show::Made(policies)),
];

/// The names of the policies.
fn policies(bucket: &Object) -> String {
    let policies = bucket.get("policies").and_then(Value::as_array);
    let names = policies.into_iter().flatten();
    let names = names.filter_map(|policy| policy["name"].as_str());
    names.collect::<Vec<_>>().join(", ")
}
