//! `migrations list`

use clap::Args;

use super::folder::Folder;
use super::plan::{Status, compare};
use crate::api::Object;
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply};

/// List migrations: what the project has, and what is in the files
///
/// In the order in which they are applied. A file whose statements are not those that were recorded when
/// it was applied is `changed`; where nobody recorded any it counts as `applied`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl migrations list\n  supactl migrations list -o json --jq '.data[] | select(.status == \"pending\") | .file'"
)]
pub(crate) struct List {}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let folder = Folder::nearest()?;
        let project = app.project().await?;
        let recorded = app.api()?.migrations(&project).await?;
        let steps = compare(&folder.files, &recorded);
        let rows: Vec<Object> = steps.iter().map(Object::from).collect();
        let mut reply = Reply::list(rows, COLUMNS);
        if let Some(note) = folder.note() {
            reply = reply.with_message(note);
        }
        if steps.iter().any(|step| step.status == Status::Pending) {
            reply =
                reply.with_message("`supactl migrations apply --pending` applies what is pending");
        }
        let empty = format!(
            "No migrations: neither in {} nor in the project",
            folder.path.display()
        );
        Ok(reply.with_message_if_empty(&empty))
    }
}

const COLUMNS: &[Column] = &[
    Column::new("version", "Version"),
    Column::new("name", "Name"),
    Column::new("status", "Status"),
    Column::new("out_of_order", "Out of order"),
    Column::new("file", "File"),
];
