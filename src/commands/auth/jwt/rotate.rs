//! `auth jwt rotate`

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::one_of;
use super::rotation::{Stand, ready_at, shown};
use super::told::{plan, promoted, waiting};
use crate::api::signing_keys::not_before;
use crate::api::{Algorithm, ApiError, KeyStatus, ProjectRef, Uuid};
use crate::app::App;
use crate::cli::WriteArgs;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// How long `--wait` waits in all: 20 minutes for caches, and 5 for the service's own rest.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Rotate the signing key, one safe step at a time
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
        let patience = Patience {
            app,
            project,
            until: app.now()?.checked_add(LONGEST).unwrap_or(Timestamp::MAX),
        };
        if let Stand::JwtSecret { .. } = stand {
            let imported = self.patiently(&patience, async || api.import_jwt_secret(project).await);
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
                let made = self.patiently(&patience, async || {
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
            let what = "every cache of public keys knows the new key";
            patience.pause_until(ready, what).await?;
        }
        let signing = self.patiently(&patience, async || {
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
    async fn patiently<T>(
        &self,
        patience: &Patience<'_>,
        step: impl AsyncFn() -> Result<T>,
    ) -> Result<T> {
        let mut waited = 0;
        loop {
            match step().await {
                Err(Error::Api(error))
                    if self.wait && waited < 3 && not_before(&error).is_some() =>
                {
                    waited += 1;
                    let time = not_before(&error).unwrap_or(Timestamp::MIN);
                    let what = "the service takes changes of keys again";
                    patience.pause_until(time, what).await?;
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

/// How long a run waits, and for which project.
struct Patience<'a> {
    app: &'a App,
    project: &'a ProjectRef,
    until: Timestamp,
}

impl Patience<'_> {
    /// Waits, and says what for; not at all where that would take too long.
    async fn pause_until(&self, time: Timestamp, what: &str) -> Result<()> {
        let app = self.app;
        if time > self.until {
            let message = format!(
                "{what} from {} on, and `--wait` waits for half an hour at most",
                shown(time)
            );
            let command = app.next_command("auth jwt rotate --wait", self.project);
            return Err(ApiError::new(Code::Timeout, message)
                .with_hint(format!("`{command}` goes on from there"))
                .into());
        }
        let left = Duration::try_from(time.duration_since(app.now()?)).unwrap_or(Duration::ZERO);
        app.say(&format!("Waiting until {}, when {what}", shown(time)));
        let spinner = app.terminal().spinner("Waiting");
        let paused = app.pause(left).await;
        spinner.finish_and_clear();
        paused.map_err(|error| Error::file("the sandbox's clock", error))
    }
}
