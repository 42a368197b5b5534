//! `sandbox serve`

use clap::Args;
use serde_json::json;

use super::{failed, folder};
use crate::api::Object;
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply};
use crate::sandbox::{self, Fault};
use crate::settings;

/// Keep the sandbox up for other programs, until Ctrl-C
///
/// Prints its addresses and its token at once, as data: the token is made anew at every start, opens
/// nothing but this sandbox, and only requests from this machine are answered.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl sandbox serve --port 54900\n  supactl sandbox serve --fault '429x2@GET /v1/projects' --fault '500@DELETE /bucket'"
)]
pub(crate) struct Serve {
    /// Port to listen on; 0 takes any that is free
    #[arg(long, default_value_t = 0)]
    port: u16,

    /// Answer requests with a status instead: `429@GET /v1/projects`; `429x2@…` for the first two, `429%10@…` for a tenth
    #[arg(long = "fault", value_name = "STATUS@METHOD PATH")]
    faults: Vec<Fault>,

    /// Let webhooks send to other machines too
    #[arg(long)]
    allow_network: bool,
}

impl Serve {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let folder = folder()?;
        let running = sandbox::serve(
            &folder,
            self.port,
            settings::sandbox_postgres(),
            self.faults,
            self.allow_network,
        )
        .map_err(failed)?;
        let row = Object::from_iter([
            ("api_url".to_owned(), json!(running.api_url)),
            ("project_url".to_owned(), json!(running.project_url)),
            ("access_token".to_owned(), json!(running.token)),
            ("project".to_owned(), json!(sandbox::DEFAULT_PROJECT)),
        ]);
        app.print_now(Reply::item(row, COLUMNS).with_message("Ctrl-C ends it"))
            .await?;
        // Requests are answered by the runtime; Ctrl-C ends the run as it ends any other.
        std::future::pending().await
    }
}

const COLUMNS: &[Column] = &[
    Column::new("api_url", "SUPACTL_API_URL"),
    Column::new("project_url", "SUPACTL_PROJECT_URL"),
    Column::new("access_token", "SUPABASE_ACCESS_TOKEN"),
    Column::new("project", "SUPABASE_PROJECT_ID"),
];
