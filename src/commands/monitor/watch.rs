//! `--watch`: the same look again and again, in place, as records, or as a list of what changed.

use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::api::Object;
use crate::app::App;
use crate::cli::duration;
use crate::error::{Error, Result};
use crate::output::canvas::{Ink, Line};
use crate::output::{
    Column, Deed, Drawing, Format, Live, Output, Reader, Reply, Show, Sink, Stream,
};

/// Flags of commands that can be watched.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Look again every 5 seconds, or as often as `--watch=30s` says; `q` ends it
    #[arg(short, long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "5s", value_parser = interval)]
    pub(super) watch: Option<Duration>,

    /// While watching, tell only what changes, a line for each
    #[arg(long, requires = "watch")]
    changes: bool,
}

/// The shortest time between two looks. A look is three requests, of which the service takes 120 a
/// minute from one person; a second command may be at work beside this one.
const SHORTEST: Duration = Duration::from_secs(2);

fn interval(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time < SHORTEST {
        return Err("that is more often than the service allows: write `2s` or longer".to_owned());
    }
    Ok(time)
}

/// How often keys are looked at, and how often ages are drawn anew.
const KEYS_EVERY: Duration = Duration::from_millis(50);
const DRAWN_EVERY: Duration = Duration::from_secs(1);

/// Something that can be looked at again and again.
pub(super) trait Watched {
    /// Its name, for the first line.
    fn title(&self) -> String;

    /// How it is drawn.
    fn drawing(&self) -> &'static Drawing;

    /// Asks for what is due. What fails is part of the picture; only a first look may fail.
    async fn look(&mut self, app: &App) -> Result<()>;

    /// All that is known, with its age.
    fn data(&self, now: Timestamp) -> Object;

    /// What can change: a name and a value for each thing.
    fn values(&self, data: &Object) -> Vec<(String, Value)>;
}

impl WatchArgs {
    /// Watches until somebody has seen enough.
    ///
    /// # Errors
    /// `usage` for formats that are one document.
    pub(super) async fn run(
        &self,
        app: &App,
        every: Duration,
        mut watched: impl Watched,
    ) -> Result<Reply> {
        let output = app.output().watching()?;
        // What decides what is shown next is never a cached answer.
        app.api()?.read_fresh();
        let picture =
            output.format == Format::Table && output.jq.is_none() && output.fields.is_none();
        if output.terminal && picture && !self.changes {
            return on_screen(app, every, &mut watched).await;
        }
        self.as_rows(app, &output, every, &mut watched).await
    }

    /// A record, or rows, for each look.
    async fn as_rows(
        &self,
        app: &App,
        output: &Output,
        every: Duration,
        watched: &mut impl Watched,
    ) -> Result<Reply> {
        let records = output.format == Format::Ndjson;
        let mut stream = Stream::new(
            output,
            if self.changes { CHANGED } else { SEEN },
            Sink::Stdout,
        );
        let mut before: Option<Vec<(String, Value)>> = None;
        loop {
            let started = Instant::now();
            Box::pin(watched.look(app)).await?;
            let now = app.now()?;
            let data = watched.data(now);
            let values = watched.values(&data);
            let changed = changes(before.as_deref(), &values);
            let at = json!(now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            let seen = |row: Object| {
                let mut whole = Object::from_iter([("observed_at".to_owned(), at.clone())]);
                whole.extend(row);
                whole
            };
            let rows: Vec<Object> = if self.changes && changed.is_empty() {
                Vec::new()
            } else if records {
                vec![seen(data)]
            } else if self.changes {
                changed.into_iter().map(seen).collect()
            } else {
                values
                    .iter()
                    .map(|(name, value)| seen(row(name, None, value)))
                    .collect()
            };
            if stream.push(rows).await? == Reader::Gone {
                return Ok(Reply::nothing());
            }
            before = Some(values);
            sleep(every.saturating_sub(started.elapsed())).await;
        }
    }
}

/// Rows of a piped table, look by look.
const SEEN: &[Column] = &[
    Column::shown("observed_at", "Time", Show::Time),
    Column::new("name", "What"),
    Column::new("value", "Value"),
];

/// Rows of changes.
const CHANGED: &[Column] = &[
    Column::shown("observed_at", "Time", Show::Time),
    Column::new("name", "What"),
    Column::new("before", "Before"),
    Column::new("value", "Now"),
];

fn row(name: &str, before: Option<&Value>, value: &Value) -> Object {
    let mut row = Object::from_iter([("name".to_owned(), json!(name))]);
    if let Some(before) = before {
        row.insert("before".to_owned(), before.clone());
    }
    row.insert("value".to_owned(), value.clone());
    row
}

/// What is not as it was. At the first look everything is news; what went away has no value.
fn changes(before: Option<&[(String, Value)]>, now: &[(String, Value)]) -> Vec<Object> {
    let before = before.unwrap_or_default();
    let of = |values: &[(String, Value)], name: &str| {
        let found = values.iter().find(|(known, _)| known == name);
        found.map_or(Value::Null, |(_, value)| value.clone())
    };
    let new = now.iter().filter_map(|(name, value)| {
        let earlier = of(before, name);
        (earlier != *value).then(|| row(name, Some(&earlier), value))
    });
    let gone = before
        .iter()
        .filter(|(name, value)| !value.is_null() && now.iter().all(|(known, _)| known != name));
    new.chain(gone.map(|(name, value)| row(name, Some(value), &Value::Null)))
        .collect()
}

/// A picture that is drawn over and over.
async fn on_screen(app: &App, every: Duration, watched: &mut impl Watched) -> Result<Reply> {
    let mut screen = Screen {
        live: Live::enter(app.output())?,
        title: watched.title(),
        drawing: watched.drawing(),
        every,
        shown: None,
    };
    loop {
        let next = Instant::now() + every;
        let left = {
            // Keys are heeded while answers are waited for.
            let looking = Box::pin(watched.look(app));
            tokio::select! {
                looked = looking => looked.map(|()| false),
                left = screen.attend(None) => left,
            }
        }?;
        if left {
            return Ok(Reply::nothing());
        }
        loop {
            let now = app.now()?;
            screen.show(watched.data(now), now)?;
            let until = next.min(Instant::now() + DRAWN_EVERY);
            if screen.attend(Some(until)).await? {
                return Ok(Reply::nothing());
            }
            if Instant::now() >= next {
                break;
            }
        }
    }
}

struct Screen {
    live: Live,
    title: String,
    drawing: &'static Drawing,
    every: Duration,
    /// What is being shown, and the time by which its ages go.
    shown: Option<(Object, Timestamp)>,
}

impl Screen {
    fn show(&mut self, data: Object, now: Timestamp) -> Result<()> {
        self.shown = Some((data, now));
        self.draw()
    }

    fn draw(&mut self) -> Result<()> {
        let now = self
            .shown
            .as_ref()
            .map_or(Timestamp::UNIX_EPOCH, |shown| shown.1);
        let canvas = self.live.canvas(now);
        let mut lines = vec![Line::new().text(Ink::Bold, &self.title), Line::new()];
        match &self.shown {
            Some((data, _)) => lines.extend((self.drawing.draw)(data, &canvas)),
            None => lines.push(Line::new().text(Ink::Dim, "Asking…")),
        }
        let (every, now) = (self.every.as_secs(), now.strftime("%H:%M:%S UTC"));
        self.live.draw(&canvas, &lines, |is_cut| {
            let scroll = if is_cut { " · ↑ ↓ more" } else { "" };
            let foot = format!("every {every} s · {now}{scroll} · q quits");
            Line::new().text(Ink::Dim, &foot)
        })
    }

    /// Heeds keys until a time, or for ever; says whether the person has left.
    async fn attend(&mut self, until: Option<Instant>) -> Result<bool> {
        if self.shown.is_none() {
            self.draw()?;
        }
        while until.is_none_or(|until| Instant::now() < until) {
            match self.live.deed()? {
                Some(Deed::Leaves) => return Ok(true),
                Some(Deed::Interrupts) => return Err(Error::Interrupted),
                Some(Deed::Moves) => self.draw()?,
                None => sleep(KEYS_EVERY).await,
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(before: Option<&[(String, Value)]>, now: &[(String, Value)]) -> String {
        let rows = changes(before, now);
        json!(rows).to_string()
    }

    #[test]
    fn only_what_is_not_as_it_was_is_a_change() {
        let values = |values: &[(&str, Value)]| -> Vec<(String, Value)> {
            let owned = |(name, value): &(&str, Value)| ((*name).to_owned(), value.clone());
            values.iter().map(owned).collect()
        };
        let first = values(&[("db", json!("healthy")), ("disk", json!(1))]);
        let second = values(&[
            ("db", json!("unhealthy")),
            ("disk", json!(1)),
            ("new", json!(2)),
        ]);
        assert_eq!(told(Some(&first), &first), "[]");
        assert_eq!(
            told(Some(&first), &second),
            r#"[{"name":"db","before":"healthy","value":"unhealthy"},{"name":"new","before":null,"value":2}]"#
        );
        assert_eq!(
            told(Some(&second), &first),
            r#"[{"name":"db","before":"unhealthy","value":"healthy"},{"name":"new","before":2,"value":null}]"#
        );
        assert!(told(None, &first).contains(r#""before":null,"value":"healthy""#));
    }

    #[test]
    fn nobody_looks_more_often_than_the_service_allows() {
        assert_eq!(interval("2s"), Ok(Duration::from_secs(2)));
        assert!(interval("1s").is_err());
        assert!(interval("500ms").is_err());
    }
}
