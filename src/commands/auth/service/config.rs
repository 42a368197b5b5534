//! `auth service config`

use std::path::PathBuf;

use clap::{Args, ValueHint};

use crate::app::App;
use crate::commands::auth::given;
use crate::commands::auth::plan::{self, ChangeArgs, Plan};
use crate::completing;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Change settings of the Auth service
///
/// Shows what would change, sends that and nothing else, and reads it back. `null` clears a setting.
/// Secrets are given as `-`, `@FILE` or `env:NAME`, also in a file; texts of mails as `@FILE`. Less
/// protection is marked, and needs a yes. `supactl help auth-settings` lists all settings.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth service config --set password_min_length=12\n  supactl auth service config --set smtp_host=mail.example.com --set smtp_pass=env:SMTP_PASS\n  supactl auth service config --file auth.yaml --dry-run\n  supactl auth service config --set jwt_exp=86400 --allow-weaker --yes",
    group(clap::ArgGroup::new("given").required(true).multiple(true).args(["set", "file"]))
)]
pub(crate) struct Config {
    /// Setting and its new value; may be given several times
    #[arg(long, value_name = "KEY=VALUE", add = completing::auth_settings())]
    set: Vec<String>,

    /// YAML or JSON file of settings; `-` for standard input; `--set` wins over it
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// Send settings that are not known here too: the service grows
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    change: ChangeArgs,
}

/// How a change is shown.
const COLUMNS: &[Column] = &[
    Column::shown("changed", "Changed", Show::Made(plan::cell)),
    Column::new("unchanged", "Unchanged"),
];

impl Config {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let mut wanted = given::on_command_line(app, &self.set, self.force)?;
        if let Some(file) = &self.file {
            let typed: Vec<_> = wanted.iter().map(|(key, _)| key.clone()).collect();
            let mut listed = given::in_file(file, self.force)?;
            listed.retain(|(key, _)| !typed.contains(key));
            wanted.splice(0..0, listed);
        }
        let project = app.project_to_change().await?;
        let config = app.api()?.auth_config_now(&project).await?;
        let plan = Plan::new(&project, &config, &wanted)?.completed(&wanted)?;
        let changes = plan.len();
        let done = plan.carry_out(app, &project, config, &self.change).await?;
        let reply = Reply::item(done.data, COLUMNS);
        Ok(match (done.verdict, changes) {
            (Some(verdict), _) => reply.with_verdict(verdict),
            (None, 0) => reply.with_message("Nothing to change"),
            (None, 1) => reply.with_message("Changed 1 setting"),
            (None, changes) => reply.with_message(format!("Changed {changes} settings")),
        })
    }
}
