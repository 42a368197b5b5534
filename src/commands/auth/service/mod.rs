//! `auth service`: the settings of a project's Auth service.

mod config;
mod diff;
mod export;
mod get;

use clap::Subcommand;
use clap::builder::{PossibleValue, PossibleValuesParser};

use crate::api::{Area, SETTINGS, Setting};
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage the settings of the Auth service
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Service {
    #[command(visible_alias = "set")]
    Config(config::Config),
    Diff(diff::Diff),
    Export(export::Export),
    #[command(visible_alias = "show")]
    Get(get::Get),
}

impl Service {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Config(command) => command.run(app).await,
            Self::Diff(command) => command.run(app).await,
            Self::Export(command) => command.run(app).await,
            Self::Get(command) => command.run(app).await,
        }
    }
}

/// The words that name settings: areas, which stand for all that is in them, and the settings.
fn words() -> PossibleValuesParser {
    let areas = Area::ALL
        .iter()
        .map(|(_, word, about)| PossibleValue::new(*word).help(*about));
    let keys = SETTINGS
        .iter()
        .map(|setting| PossibleValue::new(setting.key).hide(true));
    PossibleValuesParser::new(areas.chain(keys))
}

/// The settings that some words name; all where there is none.
fn named(words: &[String]) -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().filter(|setting| {
        words.is_empty()
            || words
                .iter()
                .any(|word| word == setting.key || word == setting.area.word())
    })
}

/// How a difference is shown.
const DIFFERENCES: &[Column] = &[
    Column::new("key", "Setting"),
    Column::new("old", "Is"),
    Column::new("new", "In the file"),
    Column::shown("weaker", "Less protection", Show::Made(weaker)),
];

fn weaker(change: &crate::api::Object) -> String {
    let weaker = change.get("weaker").is_some_and(|weaker| weaker == true);
    if weaker { "yes" } else { "" }.to_owned()
}
