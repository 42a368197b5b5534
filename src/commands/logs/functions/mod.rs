//! `logs functions`: calls of Edge Functions, and what they wrote.

mod get;
mod list;

use clap::Subcommand;
use serde_json::Value;

use crate::api::{Object, ProjectRef, Record};
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// Read calls of Edge Functions
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Functions {
    #[command(visible_alias = "show")]
    Get(get::Get),
    #[command(visible_alias = "ls")]
    List(list::List),
}

impl Functions {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        match self {
            Self::Get(command) => command.run(app).await,
            Self::List(command) => command.run(app).await,
        }
    }
}

/// How a call is shown in a list.
const COLUMNS: &[Column] = &[
    Column::shown("logged_at", "Time", Show::Time),
    Column::new("function", "Function"),
    Column::new("method", "Method"),
    Column::new("status_code", "Status"),
    Column::new("duration_ms", "ms"),
    Column::new("level", "Level"),
    Column::new("id", "ID"),
    Column::new("message", "Message"),
];

/// The names of a project's functions by their ids.
struct Names(Vec<(String, String)>);

impl Names {
    /// A token that may read logs may still not list functions: then no name is known.
    async fn known(app: &App, project: &ProjectRef) -> Result<Self> {
        let functions = app.api()?.functions(project).await.unwrap_or_default();
        let pair =
            |function: &dyn Fn(&str) -> Option<String>| Some((function("id")?, function("slug")?));
        let pairs = functions.iter();
        let pairs = pairs.filter_map(|function| pair(&|key| function.text(key).map(str::to_owned)));
        Ok(Self(pairs.collect()))
    }

    /// The id of a function that was named, which may be an id itself.
    fn id(&self, named: &str) -> Option<String> {
        let found = self
            .0
            .iter()
            .find(|(id, slug)| id == named || slug == named);
        found.map(|(id, _)| id.clone())
    }

    /// The name of an id, or the id itself.
    fn name(&self, id: &str) -> String {
        let known = self.0.iter().find(|(known, _)| known == id);
        known.map_or_else(|| id.to_owned(), |(_, slug)| slug.clone())
    }

    /// Adds the function's name: of the list, else as it stands in the address that was called.
    fn add(&self, row: &mut Object) {
        let text = |key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default();
        let id = text("function_id");
        let known = self
            .0
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, slug)| slug.as_str());
        let called = text("path").rsplit('/').find(|part| !part.is_empty());
        let name = known.or(called).or((!id.is_empty()).then_some(id));
        let name = name.map_or(Value::Null, Value::from);
        row.shift_insert(row.len().min(3), "function".to_owned(), name);
    }
}
