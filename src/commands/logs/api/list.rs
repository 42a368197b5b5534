//! `logs api list`

use std::cell::Cell;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::COLUMNS;
use crate::api::logs::{REQUEST_MEASURES, SERVICES, Search, Statuses};
use crate::app::App;
use crate::cli::duration;
use crate::commands::logs::listing::{ListArgs, Listing};
use crate::error::Result;
use crate::output::Reply;

/// List requests to a project's APIs, newest first
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl logs api list\n  supactl logs api list --service rest --status 5xx --since 3h\n  supactl logs api list --path /rest/v1/todos --min-duration 1s --limit 0 -o ndjson"
)]
pub(crate) struct List {
    /// Only requests with these methods
    #[arg(long = "method", value_name = "METHOD")]
    methods: Vec<String>,

    /// Only requests whose path begins like this, such as `/rest/v1/todos`
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// Only requests with this text in their path, whatever its case
    #[arg(long, value_name = "TEXT")]
    path_contains: Option<String>,

    /// Only requests to these services
    #[arg(long = "service", value_name = "SERVICE", value_parser = PossibleValuesParser::new(SERVICES))]
    services: Vec<String>,

    /// Only requests that were answered with this status: `404`, or `5xx` for all of a kind
    #[arg(long, value_name = "STATUS")]
    status: Vec<Statuses>,

    /// Only requests that took at least so long behind the gateway, such as `500ms`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    min_duration: Option<Duration>,

    /// Only requests from this address
    #[arg(long, value_name = "IP")]
    ip: Option<String>,

    /// Only requests of programs with this text in their name, whatever its case
    #[arg(long, value_name = "TEXT")]
    user_agent: Option<String>,

    /// Only requests of this user, by id
    #[arg(long, value_name = "ID")]
    user: Option<String>,

    /// Only requests with this role, such as `anon`
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,

    #[command(flatten)]
    common: ListArgs,
}

impl List {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let range = self.common.range.read(app, "1h")?;
        let project = app.project().await?;
        let listing = Listing {
            app,
            project,
            args: &self.common,
            range,
            search: self.search(),
            columns: COLUMNS,
            what: "requests",
            finish: &|_| {},
            measures: REQUEST_MEASURES,
            name: &str::to_owned,
            requests: Cell::new(0),
        };
        listing.run().await
    }

    fn search(&self) -> Search {
        // The gateway may not have seen calls of functions: both places are looked at.
        let functions = self.services.iter().any(|service| service == "functions")
            || self
                .path
                .as_deref()
                .is_some_and(|path| path.starts_with("/functions/v1"));
        let mut search = Search::requests(functions);
        search.with_method(&self.methods);
        search.with_path(self.path.as_deref(), self.path_contains.as_deref());
        search.with_services(&self.services);
        search.with_status(&self.status, false);
        search.with_min_duration(
            self.min_duration.map(|time| time.as_secs_f64() * 1000.0),
            false,
        );
        search.with_ip(self.ip.as_deref());
        search.with_user_agent(self.user_agent.as_deref());
        search.with_user(self.user.as_deref());
        search.with_role(self.role.as_deref());
        search
    }
}
