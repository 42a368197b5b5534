//! `auth sso`: SSO providers of companies, over SAML.

mod disable;
mod enable;
mod files;
mod get;
mod info;
mod list;
mod update;

use clap::Subcommand;
use serde_json::Value;

use crate::api::{Object, Record, SsoProvider};
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage single sign-on (SSO) providers of companies, over SAML
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Sso {
    Disable(disable::Disable),
    #[command(visible_aliases = ["add", "new"])]
    Enable(enable::Enable),
    #[command(visible_alias = "show")]
    Get(get::Get),
    Info(info::Info),
    #[command(visible_alias = "ls")]
    List(list::List),
    Update(update::Update),
}

impl Sso {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Disable(command) => command.run(app).await,
            Self::Enable(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
            Self::Info(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Update(command) => command.run(app).await,
        }
    }
}

/// How a provider is shown alone: the first columns are those of a list.
const COLUMNS: &[Column] = &[
    Column::new("id", "ID"),
    Column::shown("disabled", "Disabled", Show::Made(disabled)),
    Column::shown("domains", "Domains", Show::Made(domains)),
    Column::new("saml.entity_id", "Entity ID"),
    Column::shown("created_at", "Created", Show::Time),
    Column::shown("updated_at", "Updated", Show::Time),
    Column::new("saml.metadata_url", "Metadata URL"),
    Column::new("saml.name_id_format", "Format of names"),
    Column::new("saml.attribute_mapping", "Attribute mapping"),
];

/// Null is how the service tells of one that was never disabled.
fn disabled(provider: &Object) -> String {
    let disabled = SsoProvider::wrap(provider.clone()).is_disabled();
    if disabled { "yes" } else { "no" }.to_owned()
}

fn domains(provider: &Object) -> String {
    match provider.get("domains") {
        Some(Value::Array(_)) => SsoProvider::wrap(provider.clone()).domains().join(", "),
        _ => String::new(),
    }
}
