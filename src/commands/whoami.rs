//! `whoami`

use clap::Args;
use serde_json::json;

use crate::api::{Object, Record};
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply};

/// Show who is signed in, with which profile, and where the token came from
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl whoami\n  supactl whoami --profile sandbox -o json")]
pub(crate) struct Whoami {}

impl Whoami {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let api = app.api()?;
        let person = api.person().await?;
        let mut row = Object::new();
        row.insert("profile".to_owned(), json!(app.settings().profile));
        row.insert("token_source".to_owned(), json!(app.token_source()?));
        row.insert("api_url".to_owned(), json!(api.address()));
        let mut shown = person.into_object();
        shown.append(&mut row);
        Ok(Reply::item(shown, COLUMNS))
    }
}

const COLUMNS: &[Column] = &[
    Column::new("username", "User"),
    Column::new("primary_email", "E-mail"),
    Column::new("gotrue_id", "ID"),
    Column::new("profile", "Profile"),
    Column::new("token_source", "Token from"),
    Column::new("api_url", "API"),
];
