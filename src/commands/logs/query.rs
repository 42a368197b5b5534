//! `logs query`

use clap::Args;

use super::range::{RangeArgs, nothing_found};
use crate::api::logs::{PAGE, window};
use crate::app::App;
use crate::error::{Error, Result};
use crate::output::Reply;
use crate::terminal;

/// Run SQL of your own over the logs
///
/// One SELECT in ClickHouse's dialect over the table `logs` (id, timestamp, event_message,
/// severity_text, source, and the map log_attributes). It sees whole minutes of the window, and gives
/// 1,000 rows at most; `logs sources` shows what there is to ask for.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl logs query \"select source, count() as n from logs group by source order by n desc\"\n  supactl logs query --file slow.sql --since 3h -o csv\n  supactl logs query - < slow.sql"
)]
pub(crate) struct Query {
    /// The statement, or `-` for standard input
    #[arg(required_unless_present = "file", conflicts_with = "file")]
    sql: Option<String>,

    /// File with the statement
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: Option<std::path::PathBuf>,

    #[command(flatten)]
    range: RangeArgs,
}

impl Query {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let sql = self.statement()?;
        let range = self.range.read(app, "1h")?;
        let mut rest = range.window();
        let project = app.project().await?;
        if rest.minutes() > window::LONGEST {
            app.say("The service looks at a day at most: each day is asked on its own, and what is counted is counted for each");
        }
        let mut found = Vec::new();
        let mut cut = false;
        while rest.minutes() > 0 {
            let piece = window::last_piece(rest, window::LONGEST);
            rest.to = piece.from;
            let rows = app.api()?.log_rows(&project, &sql, piece).await?;
            cut |= rows.len() >= PAGE;
            found.extend(rows);
        }
        if found.is_empty() {
            return Ok(Reply::unknown_rows(found).with_message(nothing_found("rows", &range)));
        }
        let reply = Reply::unknown_rows(found);
        Ok(if cut {
            reply.with_message("The service gives 1,000 rows at most, and there may be more: shorten the window, or count")
        } else {
            reply
        })
    }

    fn statement(&self) -> Result<String> {
        let sql = match (&self.sql, &self.file) {
            (Some(sql), _) if sql != "-" => sql.clone(),
            (None, Some(file)) => std::fs::read_to_string(file)
                .map_err(|error| Error::file(format!("--file {}", file.display()), error))?,
            _ => {
                let bytes =
                    terminal::read_stdin().map_err(|error| Error::file("standard input", error))?;
                String::from_utf8(bytes).map_err(|_| Error::invalid("standard input is no text"))?
            }
        };
        if sql.trim().is_empty() {
            return Err(Error::invalid("the statement is empty"));
        }
        if sql.contains('\\') {
            return Err(Error::invalid_with_hint(
                "the service takes a level of backslashes away, so that the statement would mean something else",
                "write a backslash as `char(92)`: `concat('C:', char(92), 'temp')`, and a line break as `char(10)`",
            ));
        }
        Ok(sql)
    }
}
