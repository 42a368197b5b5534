//! What is told of a rotation: the steps that are left, and how far it got.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::rotation::{Stand, good_until, shown};
use crate::api::{Algorithm, Object, ProjectRef, Record, SigningKey, newest_first};
use crate::app::App;
use crate::error::Result;
use crate::output::{Column, Reply, Show};

/// The steps that are left, for the person who is asked.
pub(super) fn plan(stand: &Stand<'_>, algorithm: Algorithm) -> Vec<String> {
    let algorithm = algorithm.as_str();
    let (import, create, from_secret) = match stand {
        Stand::JwtSecret { standby } => (true, standby.is_none(), true),
        Stand::Alone { signing } => (false, true, signing.is_shared()),
        Stand::Waiting { signing, .. } => (false, false, signing.is_shared()),
        Stand::Promoted { .. } => (false, false, false),
    };
    let mut steps = Vec::new();
    if import {
        steps.push("the JWT secret becomes a signing key, which changes nothing yet".to_owned());
    }
    if create {
        steps.push(format!(
            "a new {algorithm} key is made, in standby: it is published, and signs nothing"
        ));
        steps.push(
            "20 minutes later, when every cache of public keys knows it, it signs".to_owned(),
        );
    } else if let Stand::Waiting { standby, .. }
    | Stand::JwtSecret {
        standby: Some(standby),
    } = stand
    {
        let algorithm = standby.text("algorithm").unwrap_or("new");
        steps.push(format!("the {algorithm} key `{}` signs", standby.id()));
    }
    steps.push(
        "the old key signs no more; its tokens stay good, and nobody is signed out".to_owned(),
    );
    steps.push(
        "when the last of them has run out, you revoke it, which is not done here".to_owned(),
    );
    let mut lines: Vec<_> = (1..)
        .zip(steps)
        .map(|(number, step)| format!("  {number}. {step}"))
        .collect();
    if from_secret {
        lines.push(
            "Edge Functions with `verify_jwt`, and code of yours that checks tokens with the JWT secret, refuse tokens of the new key: let them use the public keys first"
                .to_owned(),
        );
    }
    lines
}

/// A key waits for its day.
pub(super) fn waiting(
    app: &App,
    project: &ProjectRef,
    keys: Vec<SigningKey>,
    ready: Timestamp,
) -> Reply {
    let command = app.next_command("auth jwt rotate", project);
    reply(false, keys, &command, Some(ready)).with_message(format!(
        "The new key may sign from {} on, when every cache of public keys knows it. Next: `{command}`",
        shown(ready)
    ))
}

/// A new key signs: what is left is to revoke the old one.
pub(super) async fn promoted(app: &App, project: &ProjectRef) -> Result<Reply> {
    let keys = app.api()?.signing_keys(project).await?;
    let Stand::Promoted { old } = Stand::of(&keys, false) else {
        return Ok(reply(true, keys, "", None));
    };
    let command = app.next_command(&format!("auth jwt revoke {}", old.id()), project);
    let until = good_until(app, project, old).await;
    let from = until.map_or_else(String::new, |time| format!(" from {} on", shown(time)));
    let said = format!(
        "The old key `{}` can be revoked{from}, when its last token has run out. Next: `{command}`",
        old.id()
    );
    Ok(reply(true, keys.clone(), &command, until).with_message(said))
}

fn reply(
    done: bool,
    mut keys: Vec<SigningKey>,
    command: &str,
    not_before: Option<Timestamp>,
) -> Reply {
    newest_first(&mut keys);
    let keys: Vec<Value> = keys
        .into_iter()
        .map(|key| Value::Object(key.into_object()))
        .collect();
    let next = match command {
        "" => Value::Null,
        command => json!({"command": command, "not_before_at": not_before.map(shown)}),
    };
    let row = Object::from_iter([
        ("done".to_owned(), json!(done)),
        ("keys".to_owned(), Value::Array(keys)),
        ("next".to_owned(), next),
    ]);
    Reply::item(row, COLUMNS)
}

const COLUMNS: &[Column] = &[
    Column::new("done", "Done"),
    Column::shown("keys", "Keys", Show::Made(keys_in_words)),
    Column::new("next.command", "Next"),
    Column::shown("next.not_before_at", "From", Show::Time),
];

fn keys_in_words(row: &Object) -> String {
    let keys = row.get("keys").and_then(Value::as_array);
    let words = keys.into_iter().flatten().map(|key| {
        let text = |name: &str| key[name].as_str().unwrap_or("?");
        format!("{} {} {}", text("id"), text("algorithm"), text("status"))
    });
    words.collect::<Vec<_>>().join(", ")
}
