//! `logout`

use clap::Args;
use serde_json::json;

use crate::api::Object;
use crate::app::App;
use crate::config;
use crate::credentials::Stored;
use crate::error::Result;
use crate::output::{Column, Reply};

/// Forget the stored token of a profile
///
/// The token stays valid: https://supabase.com/dashboard/account/tokens revokes it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  supactl logout\n  supactl logout --profile work")]
pub(crate) struct Logout {}

impl Logout {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let settings = app.settings();
        config::checked_name(&settings.profile)?;
        let folder = &settings.config_folder;
        let deleted = Stored::read(folder)?.remove(folder, &settings.profile)?;
        let message = if deleted {
            format!("Forgot the token of profile `{}`", settings.profile)
        } else {
            format!("No token was stored for profile `{}`", settings.profile)
        };
        let row = Object::from_iter([
            ("profile".to_owned(), json!(settings.profile)),
            ("deleted".to_owned(), json!(deleted)),
        ]);
        let reply = Reply::item(row, COLUMNS).with_message(message);
        // Somebody who signs out wants to know that they are not out.
        Ok(match settings.token() {
            Ok(left) => reply.with_message(format!("A token from {} is still in use", left.source)),
            Err(_) => reply,
        })
    }
}

const COLUMNS: &[Column] = &[
    Column::new("profile", "Profile"),
    Column::new("deleted", "Deleted"),
];
