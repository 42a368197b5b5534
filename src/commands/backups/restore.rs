//! `backups restore`

use clap::Args;
use jiff::Timestamp;

use super::window;
use crate::api::{ApiError, Backups, Record};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::commands::projects;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Take the database back to a moment: what was done after it is lost
///
/// Needs the point-in-time recovery add-on. The project answers nobody meanwhile; `projects wait`
/// waits until it does. Asks you to type the name of the project.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl backups restore --at 2026-11-24T09:30:00Z\n  supactl backups restore --at '2026-11-24 10:30:00+01:00' --yes"
)]
pub(crate) struct Restore {
    /// The moment, with its offset from UTC
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Timestamp,

    #[command(flatten)]
    write: WriteArgs,
}

impl Restore {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let at = self.at;
        let named = app.project_in_question()?;
        let question = format!(
            "Take the database of project {named} back to {at}? What was done after it is lost"
        );
        app.terminal().can_confirm(&question)?;
        let project = app.project_to_change().await?;
        let api = app.api()?;
        let found = api.project(&project).await?;
        check(&api.backups(&project).await?, at)?;
        let name = found.text("name").filter(|name| !name.trim().is_empty());
        let name = name.unwrap_or(project.as_str());
        app.terminal().confirm_by_name(&question, name)?;
        api.restore_backup(&project, at.as_second()).await?;
        let done = format!("The database is being taken back to {at}");
        let after = api
            .project(&project)
            .await
            .map_err(|error| error.after(&done))?;
        Ok(Reply::item(after, projects::COLUMNS).with_message(done))
    }
}

/// Refuses a moment that cannot be gone back to, before anything is sent.
fn check(found: &Backups, at: Timestamp) -> Result<()> {
    if !found.has_pitr() {
        return Err(ApiError::new(
            Code::FeatureDisabled,
            "point-in-time recovery is not switched on for this project",
        )
        .with_hint(
            "it is an add-on of the project, which the dashboard has under Database, Backups",
        )
        .into());
    }
    match window(found) {
        Some((first, last)) if at < first || at > last => Err(Error::invalid(format!(
            "{at} is out of reach: the database can be taken back to any moment from {first} to {last}"
        ))),
        _ => Ok(()),
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| "write it like 2026-11-24T09:30:00Z, with its offset from UTC".to_owned())
}
