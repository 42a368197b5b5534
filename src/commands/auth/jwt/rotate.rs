//! `auth jwt rotate`

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::one_of;
use super::rotation::{Stand, good_until, ready_at, shown};
use crate::api::signing_keys::not_before;
use crate::api::{
    Algorithm, ApiError, KeyStatus, Object, ProjectRef, Record, SigningKey, Uuid, newest_first,
};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::{Column, Reply, Show};

/// Let a new key sign, a step at a time
///
/// Looks at where the keys are, shows the steps that are left, asks, and goes as far as is safe now:
///
///   1. the project's JWT secret becomes a signing key, where it is none yet;
///   2. a new key is made, in standby;
///   3. 20 minutes later, when every cache of public keys knows it, it signs. Nobody is signed out: the
///      key before it signs no more, and its tokens stay good;
///   4. when its last token has run out, the old key can be revoked. That is never done here.
///
/// It ends with the command to type next, and from when on. Interrupted anywhere, typing it again goes
/// on from there.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  supactl auth jwt rotate\n  supactl auth jwt rotate --wait --yes"
)]
pub(crate) struct Rotate {
    /// How the new key signs
    #[arg(long, default_value = "ES256", value_parser = one_of(&[Algorithm::Es256, Algorithm::Rs256]))]
    algorithm: Algorithm,

    /// Begin another rotation although the old key of the last one still verifies
    #[arg(long)]
    again: bool,

    /// Wait until the next step is safe, up to half an hour, rather than ending before it
    #[arg(long)]
    wait: bool,

    #[command(flatten)]
    write: WriteArgs,
}

impl Rotate {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let question = format!(
            "Rotate the signing key of project {}?",
            app.project_in_question()?
        );
        app.terminal().can_confirm(&question)?;
        let project = app.project_to_change().await?;
        let keys = app.api()?.signing_keys(&project).await?;
        let stand = Stand::of(&keys, self.again);
        if let Stand::Promoted { .. } = stand {
            let again = app.next_command("auth jwt rotate --again", &project);
            let reply = promoted(app, &project).await?;
            return Ok(reply.with_message(format!("`{again}` begins another rotation before that")));
        }
        if let Stand::Waiting { standby, .. } = stand
            && !self.wait
            && !app.settings().dry_run
        {
            let now = app.now()?;
            let ready = ready_at(standby, now);
            if now < ready {
                return Ok(waiting(app, &project, keys.clone(), ready));
            }
        }
        for line in plan(&stand, self.algorithm) {
            app.say(&line);
        }
        app.terminal().confirm(&question)?;
        self.go(app, &project, &stand).await
    }

    /// All steps that are safe now.
    async fn go(&self, app: &App, project: &ProjectRef, stand: &Stand<'_>) -> Result<Reply> {
        let api = app.api()?;
        if let Stand::JwtSecret { .. } = stand {
            let imported = self.patiently(app, async || api.import_jwt_secret(project).await);
            if let Some(key) = kept_going(imported.await)? {
                app.say(&format!(
                    "Imported the JWT secret as signing key `{}`",
                    key.id()
                ));
            }
        }
        let standby = match stand {
            Stand::JwtSecret { standby: Some(key) } | Stand::Waiting { standby: key, .. } => {
                (*key).clone()
            }
            _ => {
                let made = self.patiently(app, async || {
                    api.create_signing_key(project, self.algorithm, None).await
                });
                let Some(key) = kept_going(made.await)? else {
                    return Ok(Reply::nothing());
                };
                app.say(&format!("Created signing key `{}`, in standby", key.id()));
                key
            }
        };
        let id: Uuid = standby.id().parse().map_err(|_| {
            ApiError::new(
                Code::MalformedResponse,
                format!(
                    "the service gave the key in standby no usable id: `{}`",
                    standby.id()
                ),
            )
        })?;
        let now = app.now()?;
        let ready = ready_at(&standby, now);
        if now < ready && !app.settings().dry_run {
            if !self.wait {
                let keys = api.signing_keys(project).await?;
                return Ok(waiting(app, project, keys, ready));
            }
            pause_until(app, ready, "every cache of public keys knows the new key").await?;
        }
        let signing = self.patiently(app, async || {
            api.use_signing_key(project, &id, KeyStatus::InUse).await
        });
        if kept_going(signing.await)?.is_none() {
            return Ok(Reply::nothing());
        }
        let done = format!("Signing key `{id}` signs now");
        app.say(&done);
        promoted(app, project)
            .await
            .map_err(|error| error.after(&done))
    }

    /// Takes a step, with `--wait` as often as the service says from when on it takes it.
    async fn patiently<T>(&self, app: &App, step: impl AsyncFn() -> Result<T>) -> Result<T> {
        let mut waited = 0;
        loop {
            match step().await {
                Err(Error::Api(error))
                    if self.wait && waited < 3 && not_before(&error).is_some() =>
                {
                    waited += 1;
                    let time = not_before(&error).unwrap_or(Timestamp::MIN);
                    pause_until(app, time, "the service takes changes of keys again").await?;
                }
                done => return done,
            }
        }
    }
}

/// A dry run shows the steps after one that it held back, too.
fn kept_going<T>(step: Result<T>) -> Result<Option<T>> {
    match step {
        Ok(done) => Ok(Some(done)),
        Err(Error::HeldBack) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The steps that are left, for the person who is asked.
fn plan(stand: &Stand<'_>, algorithm: Algorithm) -> Vec<String> {
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
fn waiting(app: &App, project: &ProjectRef, keys: Vec<SigningKey>, ready: Timestamp) -> Reply {
    let command = app.next_command("auth jwt rotate", project);
    reply(false, keys, &command, Some(ready)).with_message(format!(
        "The new key may sign from {} on, when every cache of public keys knows it. Next: `{command}`",
        shown(ready)
    ))
}

/// A new key signs: what is left is to revoke the old one.
async fn promoted(app: &App, project: &ProjectRef) -> Result<Reply> {
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

/// Waits, and says what for.
async fn pause_until(app: &App, time: Timestamp, what: &str) -> Result<()> {
    let left = Duration::try_from(time.duration_since(app.now()?)).unwrap_or(Duration::ZERO);
    app.say(&format!("Waiting until {}, when {what}", shown(time)));
    let spinner = app.terminal().spinner("Waiting");
    let paused = app.pause(left).await;
    spinner.finish_and_clear();
    paused.map_err(|error| Error::file("the sandbox's clock", error))
}
