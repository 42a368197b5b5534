//! `db query`

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};

use crate::api::sql::{self, Sql};
use crate::api::{ApiError, Object};
use crate::app::App;
use crate::cli::{WriteArgs, duration};
use crate::error::{Error, Result};
use crate::output::Reply;
use crate::terminal;

/// Run SQL in the database of a project
///
/// It can only read unless `--write` is given. Several statements are one transaction, and the rows
/// are those of the last one that returned any. In tables a null is `NULL`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl db query 'select id, email from auth.users limit 10'\n  supactl db query --write --file cleanup.sql\n  supactl db query 'select * from orders where total > $1' --param 100 -o csv"
)]
pub(crate) struct Query {
    /// The SQL, or `-` for standard input
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    sql: Option<String>,

    /// File with the SQL
    #[arg(short, long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,

    /// Value for `$1`, the next for `$2`, and so on; one statement only
    #[arg(long = "param", value_name = "VALUE", allow_hyphen_values = true)]
    parameters: Vec<String>,

    /// Let it change things
    #[arg(long)]
    write: bool,

    /// Longest time for each statement, such as `5min`; by default the database decides
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "parameters")]
    statement_timeout: Option<Duration>,

    #[command(flatten)]
    dry_run: WriteArgs,
}

impl Query {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let text = self.text()?;
        let mut sql = Sql::written(&text)?;
        if let Some(time) = self.statement_timeout {
            sql = sql.within(time);
            let patience = app.settings().request_timeout;
            if time > patience {
                app.say(&format!(
                    "An answer is waited for {} s only: `--request-timeout` allows more",
                    patience.as_secs()
                ));
            }
        }
        let parameters: Vec<Value> = self.parameters.iter().map(|text| json!(text)).collect();
        let project = if self.write {
            app.project_to_change().await?
        } else {
            app.project().await?
        };
        let (api, started) = (app.api()?, Instant::now());
        let found: Result<Vec<Object>> = if self.write {
            api.execute(&project, &sql, &parameters).await
        } else {
            api.query(&project, &sql, &parameters).await
        };
        let rows = found.map_err(|error| self.with_advice(error))?;
        let took = started.elapsed().as_millis();
        let count = match rows.len() {
            0 => "No rows".to_owned(),
            1 => "1 row".to_owned(),
            many => format!("{many} rows"),
        };
        let reply = Reply::found_rows(rows).with_message(format!("{count} in {took} ms"));
        Ok(match count_of(&text) {
            Some(many) if many > 1 => reply.with_message(format!(
                "Of {many} statements only the rows of the last one that has any come back"
            )),
            _ => reply,
        })
    }

    fn text(&self) -> Result<String> {
        let text = match (&self.sql, &self.file) {
            (Some(sql), _) if sql != "-" => sql.clone(),
            (None, Some(file)) if file.as_os_str() != "-" => terminal::read_text(file)
                .map_err(|error| Error::file(format!("--file {}", file.display()), error))?,
            _ => {
                let bytes =
                    terminal::read_stdin().map_err(|error| Error::file("standard input", error))?;
                String::from_utf8(bytes)
                    .map_err(|_| Error::invalid("standard input is not text"))?
            }
        };
        if count_of(&text) == Some(0) {
            return Err(Error::invalid("there is no statement in it"));
        }
        Ok(text)
    }

    /// What to type next where this command knows better than the database.
    fn with_advice(&self, error: Error) -> Error {
        let advice = match sql::sqlstate(&error) {
            Some("25006" | "42501") if !self.write => {
                "without `--write` it can only read; `--write` lets it change things"
            }
            Some("57014") if self.statement_timeout.is_none() => {
                "`--statement-timeout 5min` gives it more time"
            }
            _ => return error,
        };
        match error {
            Error::Api(error) => Error::Api(ApiError {
                hint: Some(advice.to_owned()),
                ..error
            }),
            other => other,
        }
    }
}

/// How many statements a text has, where that can be told.
fn count_of(text: &str) -> Option<usize> {
    let cut = sql::statements(text).ok()?;
    Some(cut.iter().filter(|one| !one.is_comment()).count())
}
