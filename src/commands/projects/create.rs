//! `projects create`
//!
//! Its length is that of its arguments: what it does with them fits a screen.

use clap::Args;

use super::password::PasswordArgs;
use super::states::{State, until, what_became};
use crate::api::{NewProject, REGIONS, Record, SIZES, SMART_GROUPS};
use crate::app::App;
use crate::cli::{WriteArgs, one_of};
use crate::error::{Error, Result};
use crate::output::Reply;
use crate::waiting::WaitArgs;

/// Create a project
///
/// It takes a minute or two until it answers: `--wait`, or `projects wait` later. A generated
/// password is shown this one time.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl projects create acme-shop --org acme --region eu-central-1 --generate-password --wait\n  supactl projects create acme-shop --org acme --region emea --size small --db-password env:DB_PASSWORD"
)]
pub(crate) struct Create {
    /// Name of the new project
    #[arg(value_parser = super::name)]
    name: String,

    /// Organization that it belongs to, by its slug
    #[arg(long, value_name = "SLUG")]
    org: String,

    /// Region, or `americas`, `emea` or `apac` for any one there
    #[arg(long, value_parser = one_of(REGIONS.iter().chain(SMART_GROUPS).copied()), hide_possible_values = true)]
    region: String,

    /// Size of its machine; the organization's default if left out
    #[arg(long, value_parser = one_of(SIZES.iter().map(|size| (*size, ""))), hide_possible_values = true)]
    size: Option<String>,

    #[command(flatten)]
    password: PasswordArgs,

    #[command(flatten)]
    wait: WaitArgs,

    #[command(flatten)]
    write: WriteArgs,
}

impl Create {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let password = self.password.password(app)?;
        let new = NewProject {
            name: self.name,
            organization: self.org,
            region: self.region,
            size: self.size,
            database_password: password.secret.clone(),
        };
        app.say(&format!("Organization {}", new.organization));
        let api = app.api()?;
        api.read_fresh();
        let made = match api.create_project(&new).await {
            Err(Error::Api(error)) if error.unclear => {
                return Err(what_became(api, error, &new, password.if_lost()).await);
            }
            made => made?,
        };
        let project = made.project_ref()?;
        app.remember(&project);
        let told = |(row, columns)| {
            Reply::item(row, columns).with_message(format!("Created project {project}"))
        };
        app.keep(told(password.shown_in(made.clone().into_object())));
        let after = match self.wait.limit() {
            Some(limit) => until(app, &project, State::Healthy, None, limit).await,
            None => api.project(&project).await,
        };
        // Whatever failed now, it was created, and its password must not be lost.
        let (row, failed) = match after {
            Ok(project) => (project, None),
            Err(error) => (made, Some(error)),
        };
        let reply = told(password.shown_in(row.into_object()));
        Ok(failed.into_iter().fold(reply, Reply::with_verdict))
    }
}
