//! `profiles`: accounts and addresses by name.

mod delete;
mod list;
mod set;
mod r#use;

use clap::Subcommand;
use serde_json::json;

use crate::api::Object;
use crate::app::App;
use crate::config::Profile;
use crate::credentials::Stored;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Manage profiles
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Profiles {
    #[command(visible_alias = "rm")]
    Delete(delete::Delete),
    #[command(visible_alias = "ls")]
    List(list::List),
    Set(set::Set),
    Use(r#use::Use),
}

impl Profiles {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Delete(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
            Self::Set(command) => command.run(app).await,
            Self::Use(command) => command.run(app).await,
        }
    }
}

/// How a profile is shown, alone or in a list.
const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::shown(
        "current",
        "Current",
        Show::Made(|profile| yes(profile, "current")),
    ),
    Column::shown(
        "signed_in",
        "Signed in",
        Show::Made(|profile| yes(profile, "signed_in")),
    ),
    Column::new("project", "Project"),
    Column::new("format", "Format"),
    Column::new("api_url", "API"),
    Column::new("project_url", "Gateway"),
];

fn yes(profile: &Object, key: &str) -> String {
    if profile.get(key) == Some(&json!(true)) {
        "yes".to_owned()
    } else {
        String::new()
    }
}

/// A profile as an object; a token shows only in that there is one.
fn row(name: &str, profile: &Profile, current: &str, stored: &Stored) -> Object {
    let mut profile = profile.clone();
    let mut row = Object::from_iter([
        ("name".to_owned(), json!(name)),
        ("current".to_owned(), json!(name == current)),
        (
            "signed_in".to_owned(),
            json!(stored.address(name).is_some()),
        ),
    ]);
    for key in Profile::KEYS {
        row.insert(key.to_owned(), json!(profile.slot(key)));
    }
    row
}
