//! `auth providers config`

use clap::Args;
use serde_json::{Value, json};

use super::{describe, names, provider, remarks};
use crate::api::{Provider, Setting};
use crate::app::App;
use crate::commands::auth::given::{self, Wanted};
use crate::commands::auth::plan::{self, ChangeArgs, Plan};
use crate::error::{Error, Result};
use crate::output::{Column, Reply, Show};
use crate::settings;

/// Enable, disable or set up a way to sign in
///
/// Sends only what is named. Disabling keeps the credentials; it asks first, since people who sign in
/// that way cannot any more. What a provider still lacks is told.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth providers config google --enable --client-id 1234.apps.googleusercontent.com --client-secret env:GOOGLE_SECRET\n  supactl auth providers config github --disable --yes\n  supactl auth providers config azure --set url=https://login.microsoftonline.com/contoso",
    group(clap::ArgGroup::new("given").required(true).multiple(true).args(["enable", "disable", "client_id", "client_secret", "set"]))
)]
pub(crate) struct Config {
    /// Name of the provider
    #[arg(value_parser = names(), hide_possible_values = true)]
    name: String,

    /// Let people sign in this way
    #[arg(long, conflicts_with = "disable")]
    enable: bool,

    /// Let nobody sign in this way, and keep its credentials
    #[arg(long)]
    disable: bool,

    /// Client id that the provider gave out
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,

    /// Client secret that the provider gave out: `-`, `@FILE` or `env:NAME`
    #[arg(long, value_name = "SECRET")]
    client_secret: Option<String>,

    /// Another setting of it, such as `url` or `email_optional`; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    #[command(flatten)]
    change: ChangeArgs,
}

/// How a provider is shown after a change.
const CHANGED: &[Column] = &[
    Column::new("name", "Name"),
    Column::shown("enabled", "Enabled", Show::Made(super::enabled)),
    Column::new("client_id", "Client id"),
    Column::new("client_secret", "Client secret"),
    Column::new("missing", "Missing"),
    Column::new("redirect_url", "Redirect URL"),
    Column::shown("changed", "Changed", Show::Made(plan::cell)),
];

impl Config {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let provider = provider(&self.name)?;
        let wanted = self.wanted(app, provider)?;
        let project = app.project_to_change().await?;
        let config = app.api()?.auth_config_now(&project).await?;
        let plan = Plan::new(&project, &config, &wanted)?.completed(&wanted)?;
        let (changes, after) = (plan.len(), plan.applied_to(&config));
        if after.get(&format!("external_{}_enabled", provider.name)) == Some(&json!(true)) {
            remarks(provider, &after).for_each(|remark| app.say(&remark));
        }
        let done = plan.carry_out(app, &project, config, &self.change).await?;
        let mut row = describe(app, &project, provider, &done.config);
        row.extend(done.data);
        let reply = Reply::item(row, CHANGED);
        Ok(match (done.verdict, changes) {
            (Some(verdict), _) => reply.with_verdict(verdict),
            (None, 0) => reply.with_message("Nothing to change"),
            (None, _) => reply.with_message(format!("Changed provider `{}`", provider.name)),
        })
    }

    /// All that was given, as settings.
    fn wanted(&self, app: &App, provider: &Provider) -> Result<Wanted> {
        let key = |flag: &str, ending: &str| {
            provider
                .setting(ending)
                .map(|setting| setting.key.to_owned())
                .ok_or_else(|| {
                    Error::invalid_with_hint(
                        format!("`{}` has no {flag}", provider.name),
                        format!(
                            "`supactl auth providers get {}` shows what it has",
                            provider.name
                        ),
                    )
                })
        };
        let mut wanted = Wanted::new();
        if let Some(id) = &self.client_id {
            wanted.push((key("client id", "client_id")?, json!(id)));
        }
        if let Some(given) = &self.client_secret {
            let key = key("client secret", "secret")?;
            let secret = app.secret("--client-secret", given)?;
            wanted.push((key, json!(settings::exposed(&secret))));
        }
        if self.enable || self.disable {
            wanted.push((key("switch", "enabled")?, Value::Bool(self.enable)));
        }
        let mut wanted = given::checked(wanted, false)?;
        let pairs: Vec<_> = self
            .set
            .iter()
            .map(|pair| whole_key(provider, pair))
            .collect::<Result<_>>()?;
        wanted.extend(given::on_command_line(app, &pairs, false)?);
        given::checked(wanted, false)
    }
}

/// A pair with the whole name of its setting, which must be one of the provider's, or for e-mail and
/// phone of how they send.
fn whole_key(provider: &Provider, pair: &str) -> Result<String> {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    if let Some(setting) = provider.setting(key) {
        return Ok(format!("{}={value}", setting.key));
    }
    let areas: &[&str] = match provider.name {
        "email" => &["mailer", "smtp", "password"],
        "phone" => &["sms"],
        _ => &[],
    };
    let of_it = |setting: &Setting| {
        provider.settings().any(|other| other.key == key) || areas.contains(&setting.area.word())
    };
    if Setting::find(key).is_some_and(of_it) {
        return Ok(pair.to_owned());
    }
    let endings: Vec<_> = provider.settings().map(|setting| setting.key).collect();
    Err(Error::invalid_with_hint(
        format!("`{}` has no setting `{key}`", provider.name),
        format!("it has {}", endings.join(", ")),
    ))
}
