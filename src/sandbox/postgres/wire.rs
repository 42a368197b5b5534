//! PostgreSQL's own protocol, over its socket: a statement goes out, rows come back as the service
//! shows them.
//!
//! By hand, because the service answers with the text of each value and the type it has, which the
//! usual client keeps apart: it knows types where values are binary, and text where types are unknown.

use std::io;

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::IsNull;
use postgres_protocol::message::backend::{
    DataRowBody, ErrorResponseBody, Message, RowDescriptionBody,
};
use postgres_protocol::message::frontend;
use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::values;
use crate::platform::Socket;

/// How long the service lets one statement run.
const STATEMENT_TIMEOUT: &str = "-c statement_timeout=120000";

/// As whom a statement runs, and with what in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Role {
    /// The sandbox itself.
    Admin,
    /// What a project calls `postgres`.
    Postgres,
    /// Reads everything and changes nothing.
    ReadOnly,
    /// The same, and names must say their schema.
    ReadOnlyQualified,
    /// What sends for the webhooks.
    Sender,
}

impl Role {
    fn user_and_options(self) -> (&'static str, String) {
        match self {
            Self::Admin | Self::Sender => {
                ("supabase_admin", "-c client_min_messages=error".to_owned())
            }
            Self::Postgres => ("postgres", STATEMENT_TIMEOUT.to_owned()),
            Self::ReadOnly => (
                "supabase_read_only_user",
                format!("{STATEMENT_TIMEOUT} -c default_transaction_read_only=on"),
            ),
            Self::ReadOnlyQualified => (
                "supabase_read_only_user",
                format!("{STATEMENT_TIMEOUT} -c default_transaction_read_only=on -c search_path="),
            ),
        }
    }
}

/// Why there are no rows.
#[derive(Debug)]
pub(super) enum Failed {
    /// The connection did not hold.
    Connection(io::Error),
    /// The database refused, in the words of the service.
    Refused(String),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

impl From<Failed> for io::Error {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Connection(error) => error,
            Failed::Refused(said) => Self::other(said),
        }
    }
}

/// A session with a database.
pub(super) struct Session {
    stream: Socket,
    received: BytesMut,
}

impl Session {
    pub(super) async fn open(stream: Socket, database: &str, role: Role) -> Result<Self, Failed> {
        let mut session = Self {
            stream,
            received: BytesMut::new(),
        };
        let (user, options) = role.user_and_options();
        let mut out = BytesMut::new();
        let parameters = [
            ("user", user),
            ("database", database),
            ("options", &options),
            ("client_encoding", "UTF8"),
            // The name by which one sees whether webhooks are sent.
            (
                "application_name",
                if role == Role::Sender {
                    "pg_net 0.20.4"
                } else {
                    "postgres-meta"
                },
            ),
        ];
        frontend::startup_message(parameters, &mut out)?;
        session.answers("", &out).await?;
        Ok(session)
    }

    /// Runs statements: rows of the last one that returned any.
    pub(super) async fn run(
        &mut self,
        sql: &str,
        parameters: &[Value],
    ) -> Result<Vec<Value>, Failed> {
        if sql.contains('\0') {
            return Err(Failed::Refused("invalid message format".to_owned()));
        }
        let mut out = BytesMut::new();
        if parameters.is_empty() {
            frontend::query(sql, &mut out)?;
        } else {
            frontend::parse("", sql, [], &mut out)?;
            let bound = frontend::bind(
                "",
                "",
                [],
                parameters,
                |value, buffer| {
                    let Some(text) = values::parameter(value) else {
                        return Ok(IsNull::Yes);
                    };
                    buffer.extend_from_slice(text.as_bytes());
                    Ok(IsNull::No)
                },
                [],
                &mut out,
            );
            bound.map_err(|_| io::Error::other("the parameters are too long"))?;
            frontend::describe(b'P', "", &mut out)?;
            frontend::execute("", 0, &mut out)?;
            frontend::sync(&mut out);
        }
        self.answers(sql, &out).await
    }

    /// Sends, and reads until the database waits for more.
    async fn answers(&mut self, sql: &str, out: &[u8]) -> Result<Vec<Value>, Failed> {
        self.stream.write_all(out).await?;
        let (mut last, mut rows) = (Vec::new(), Vec::new());
        let mut columns = Vec::new();
        let mut failed = None;
        loop {
            let message = match self.next().await {
                // Where it lets nobody in, a refusal is all that comes.
                Err(_) if failed.is_some() => break,
                message => message?,
            };
            match message {
                Message::RowDescription(body) => columns = self::columns(&body)?,
                Message::DataRow(body) => rows.push(row(&body, &columns)?),
                Message::CommandComplete(_) if !rows.is_empty() => last = std::mem::take(&mut rows),
                Message::ErrorResponse(body) => {
                    failed = failed.or(Some(refusal(sql, &body)?));
                }
                Message::CopyInResponse(_) => {
                    let mut out = BytesMut::new();
                    frontend::copy_fail("", &mut out)?;
                    self.stream.write_all(&out).await?;
                    failed = Some("COPY is not supported".to_owned());
                }
                Message::CopyOutResponse(_) => failed = Some("COPY is not supported".to_owned()),
                Message::ReadyForQuery(_) => break,
                _ => {}
            }
        }
        failed.map_or(Ok(last), |said| Err(Failed::Refused(said)))
    }

    async fn next(&mut self) -> Result<Message, Failed> {
        loop {
            if let Some(message) = Message::parse(&mut self.received)? {
                return Ok(message);
            }
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        }
    }
}

/// Name and type of each column.
fn columns(body: &RowDescriptionBody) -> io::Result<Vec<(String, u32)>> {
    body.fields()
        .map(|field| Ok((field.name().to_owned(), field.type_oid())))
        .collect()
}

/// A row as an object: of two columns with one name the second is left.
fn row(body: &DataRowBody, columns: &[(String, u32)]) -> io::Result<Value> {
    let mut object = Map::new();
    let mut ranges = body.ranges();
    for (name, kind) in columns {
        let text = ranges
            .next()?
            .flatten()
            .map(|range| String::from_utf8_lossy(&body.buffer()[range]).into_owned());
        let value = text.map_or(Value::Null, |text| values::shown(&text, *kind));
        object.insert(name.clone(), value);
    }
    Ok(Value::Object(object))
}

/// An error as postgres-meta words it, with the line at which it points.
fn refusal(sql: &str, body: &ErrorResponseBody) -> io::Result<String> {
    let fields: Vec<(u8, String)> = body
        .fields()
        .map(|field| {
            Ok((
                field.type_(),
                String::from_utf8_lossy(field.value_bytes()).into_owned(),
            ))
        })
        .collect()?;
    let field = |kind: u8| {
        fields
            .iter()
            .find(|(known, _)| *known == kind)
            .map(|(_, text)| text.as_str())
    };
    let text = |kind: u8| field(kind).unwrap_or_default();
    let mut said = format!("{}:  {}: {}\n", text(b'S'), text(b'C'), text(b'M'));
    if let Some(position) = field(b'P').and_then(|text| text.parse::<usize>().ok()) {
        said.push_str(&place(sql, position));
    }
    for (kind, name) in [
        (b'D', "DETAIL"),
        (b'H', "HINT"),
        (b'q', "QUERY"),
        (b'W', "CONTEXT"),
    ] {
        // That the sandbox has a guard where the service has an extension is nobody's business.
        if let Some(text) = field(kind).filter(|text| !text.contains("extensions.guard")) {
            said.push_str(&format!("{name}:  {text}\n"));
        }
    }
    Ok(said)
}

/// `LINE 2: …` and a caret below the character at a position, which counts characters from 1.
fn place(sql: &str, position: usize) -> String {
    let before: String = sql.chars().take(position - 1).collect();
    let mut number = before.matches('\n').count() + 1;
    let mut line = sql.split('\n').nth(number - 1).unwrap_or_default();
    let mut column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count();
    if column >= line.chars().count() {
        // The service's own search misses a place at the end of a line.
        (number, line, column) = (0, "", 0);
    }
    let head = format!("LINE {number}: ");
    format!("{head}{line}\n{}^\n", " ".repeat(head.len() + column))
}
