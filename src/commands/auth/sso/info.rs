//! `auth sso info`

use clap::Args;
use serde_json::json;

use crate::api::Object;
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply};

/// Show what an SSO provider asks of the project: its addresses
///
/// The metadata URL has all of it for providers that read such a file. Where the project has an external
/// SAML address (`saml_external_url` of its Auth settings), that stands in the place of its own.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl auth sso info\n  supactl auth sso info --jq .data.acs_url"
)]
pub(crate) struct Info {}

impl Info {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let project = app.project().await?;
        let base = app.project_address(&project);
        let row = Object::from_iter([
            (
                "entity_id".to_owned(),
                json!(format!("{base}/auth/v1/sso/saml/metadata")),
            ),
            (
                "metadata_url".to_owned(),
                json!(format!("{base}/auth/v1/sso/saml/metadata")),
            ),
            (
                "metadata_download_url".to_owned(),
                json!(format!("{base}/auth/v1/sso/saml/metadata?download=true")),
            ),
            (
                "acs_url".to_owned(),
                json!(format!("{base}/auth/v1/sso/saml/acs")),
            ),
            (
                "slo_url".to_owned(),
                json!(format!("{base}/auth/v1/sso/slo")),
            ),
            ("relay_state".to_owned(), json!(base)),
            ("name_id_format".to_owned(), json!("persistent")),
        ]);
        Ok(Reply::item(row, COLUMNS))
    }
}

const COLUMNS: &[Column] = &[
    Column::new("entity_id", "Entity ID"),
    Column::new("metadata_url", "Metadata URL"),
    Column::new("metadata_download_url", "Metadata as a file"),
    Column::new("acs_url", "ACS URL"),
    Column::new("slo_url", "SLO URL"),
    Column::new("relay_state", "Default relay state"),
    Column::new("name_id_format", "Format of names"),
];
