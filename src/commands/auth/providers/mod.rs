//! `auth providers`: the ways to sign in to a project.

mod config;
mod get;
mod list;

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser};
use serde_json::{Value, json};

use crate::api::{Object, PROVIDERS, ProjectRef, Provider};
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::{Column, Reply, Show};

/// Manage the ways to sign in
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Providers {
    Config(config::Config),
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl Providers {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Config(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
        }
    }
}

/// How a provider is shown.
const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::shown("enabled", "Enabled", Show::Made(enabled)),
    Column::new("client_id", "Client id"),
    Column::new("client_secret", "Client secret"),
    Column::new("missing", "Missing"),
    Column::new("redirect_url", "Redirect URL"),
];

fn enabled(provider: &Object) -> String {
    match provider.get("enabled").and_then(Value::as_bool) {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
    .to_owned()
}

/// The names that an argument takes.
fn names() -> PossibleValuesParser {
    let linkedin = PossibleValue::new("linkedin").hide(true);
    let names = PROVIDERS
        .iter()
        .map(|provider| PossibleValue::new(provider.name));
    PossibleValuesParser::new(names.chain([linkedin]))
}

/// The provider of a name that the parser let through.
fn provider(name: &str) -> Result<&'static Provider> {
    Provider::find(name).ok_or_else(|| Error::invalid(format!("there is no provider `{name}`")))
}

/// What is told of a provider. What it does not have is null.
fn describe(app: &App, project: &ProjectRef, provider: &Provider, config: &Object) -> Object {
    let told = |ending: &str| {
        let setting = provider.setting(ending)?;
        Some(setting.shown(config.get(setting.key).unwrap_or(&Value::Null)))
    };
    let redirect_url = provider.redirects().then(|| {
        let address = app.project_address(project);
        format!("{address}/auth/v1/callback")
    });
    Object::from_iter([
        ("name".to_owned(), json!(provider.name)),
        ("enabled".to_owned(), json!(told("enabled"))),
        ("client_id".to_owned(), json!(told("client_id"))),
        ("client_secret".to_owned(), json!(told("secret"))),
        ("missing".to_owned(), json!(provider.missing(config))),
        ("redirect_url".to_owned(), json!(redirect_url)),
    ])
}

/// What is worth saying of a provider that is, or is about to be, enabled.
fn remarks(provider: &Provider, config: &Object) -> impl Iterator<Item = String> {
    let name = provider.name;
    let missing = provider.missing(config);
    let verb = if missing.len() == 1 { "is" } else { "are" };
    let lacks = (!missing.is_empty()).then(|| {
        format!(
            "`{name}` does not work yet: {} {verb} not set",
            missing.join(", ")
        )
    });
    let note = provider.note.map(|note| format!("`{name}`: {note}"));
    lacks.into_iter().chain(note)
}
