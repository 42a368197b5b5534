//! `orgs get`

use clap::Args;

use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Column, Reply};

/// Show an organization with its plan
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl orgs get acme")]
pub(crate) struct Get {
    /// Slug of the organization, as `orgs list` shows it
    slug: String,
}

impl Get {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        if self.slug.is_empty()
            || !self
                .slug
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        {
            let message = format!(
                "`{}` is not a slug: letters, digits, `-` and `_`",
                self.slug
            );
            return Err(Error::invalid_with_hint(
                message,
                "`supactl orgs list` shows the slugs of yours",
            ));
        }
        let organization = app.api()?.organization(&self.slug).await?;
        Ok(Reply::item(organization, COLUMNS))
    }
}

const COLUMNS: &[Column] = &[
    Column::new("slug", "Slug"),
    Column::new("name", "Name"),
    Column::new("plan", "Plan"),
    Column::new("allowed_release_channels", "Release channels"),
    Column::new("opt_in_tags", "Opted in"),
];
