//! `storage policies delete`

use clap::Args;
use serde_json::json;

use super::COLUMNS;
use crate::api::{ApiError, PolicyTable, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Delete a policy
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl storage policies delete 'Avatars are for everyone to see' --yes"
)]
pub(crate) struct Delete {
    /// Name of the policy
    name: String,

    /// Table of Storage that it is on
    #[arg(long, value_enum, default_value = "objects")]
    table: PolicyTable,

    /// Call it done where there is no such policy
    #[arg(long)]
    if_exists: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Delete {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let name = &self.name;
        app.terminal().confirm(&format!(
            "Delete policy `{name}` from project {}?",
            app.project_in_question()?
        ))?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let policies = api.policies(&project).await?;
        let found = policies
            .into_iter()
            .find(|policy| policy.text("name") == Some(name) && policy.table() == self.table);
        let Some(policy) = found else {
            if self.if_exists {
                return Ok(Reply::nothing().with_message(format!("There is no policy `{name}`")));
            }
            let table = self.table.word();
            let error = ApiError::new(
                Code::NotFound,
                format!("policy `{name}` was not found on storage.{table}"),
            );
            return Err(Error::Api(
                error.with_hint("`supactl storage policies list` shows what there is"),
            ));
        };
        api.set_policies(&project, &[], &[(name.clone(), self.table)])
            .await?;
        let mut row = policy.into_object();
        row.insert("deleted".to_owned(), json!(true));
        Ok(Reply::item(row, COLUMNS).with_message(format!("Deleted policy `{name}`")))
    }
}
