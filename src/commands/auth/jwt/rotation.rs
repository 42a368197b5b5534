//! What the keys of a project say of a rotation, and from when on its next step is safe.
//!
//! Nothing is remembered between runs: where a rotation stands is read from the keys alone, so that it
//! goes on wherever it was interrupted.

use std::time::Duration;

use jiff::Timestamp;

use super::COLUMNS;
use crate::api::signing_keys::{JWKS_CACHES, LONGEST_TOKEN, TOKEN_MARGIN};
use crate::api::{ApiError, KeyStatus, ProjectRef, SigningKey, Uuid};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::output::Reply;

/// Where a rotation stands.
#[derive(Debug, PartialEq)]
pub(super) enum Stand<'a> {
    /// The project signs with its JWT secret, which is no signing key yet.
    JwtSecret { standby: Option<&'a SigningKey> },
    /// A key signs, and none is there to follow it.
    Alone { signing: &'a SigningKey },
    /// A key waits for the day on which it signs.
    Waiting {
        signing: &'a SigningKey,
        standby: &'a SigningKey,
    },
    /// A new key signs, and tokens of the one before it are still good.
    Promoted { old: &'a SigningKey },
}

impl<'a> Stand<'a> {
    /// Reads it from the keys. A key that signed before is a rotation that is not over yet, unless
    /// `again` says that the next one begins all the same.
    pub(super) fn of(keys: &'a [SigningKey], again: bool) -> Self {
        let with = |status| keys.iter().filter(move |key| key.is(status));
        let standby = with(KeyStatus::Standby).next();
        let Some(signing) = with(KeyStatus::InUse).next() else {
            return Self::JwtSecret { standby };
        };
        if let Some(standby) = standby {
            return Self::Waiting { signing, standby };
        }
        // The last one that signed: its tokens are good the longest.
        let old = with(KeyStatus::PreviouslyUsed).max_by_key(|key| key.changed_at());
        match old {
            Some(old) if !again => Self::Promoted { old },
            _ => Self::Alone { signing },
        }
    }
}

/// From when on a key in standby may sign: every cache of public keys knows it by then. One of an
/// unknown age may be new.
pub(super) fn ready_at(standby: &SigningKey, now: Timestamp) -> Timestamp {
    let known = standby.changed_at().unwrap_or(now);
    known.checked_add(JWKS_CACHES).unwrap_or(Timestamp::MAX)
}

/// When the last token of a key runs out that stopped signing when its status changed.
///
/// Without the right to read how long tokens live, the longest life that the service allows counts.
pub(super) async fn good_until(
    app: &App,
    project: &ProjectRef,
    old: &SigningKey,
) -> Option<Timestamp> {
    let life = app.api().ok()?.token_life(project).await;
    let life = life.unwrap_or_else(|error| {
        app.say(&format!(
            "How long tokens live could not be read ({error}): 7 days are assumed, the most that there is"
        ));
        Duration::from_secs(LONGEST_TOKEN)
    });
    old.changed_at()?.checked_add(life + TOKEN_MARGIN).ok()
}

/// A time as messages and data have it, rounded up: a second early is too early.
pub(super) fn shown(time: Timestamp) -> String {
    let second = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    let time = Timestamp::from_second(second).unwrap_or(time);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Changes what a key is used for, and shows the key as it is then.
pub(super) async fn changed(
    app: &App,
    project: &ProjectRef,
    id: &Uuid,
    status: KeyStatus,
    word: &str,
) -> Result<Reply> {
    let api = app.api()?;
    api.use_signing_key(project, id, status).await?;
    let done = format!("{word} signing key `{id}`");
    let key = api
        .signing_key(project, id)
        .await
        .map_err(|error| error.after(&done))?;
    Ok(Reply::item(key, COLUMNS).with_message(done))
}

/// What the present state of a key does not allow.
pub(super) fn conflict(message: String, hint: impl Into<String>) -> Error {
    ApiError::new(Code::Conflict, message)
        .with_hint(hint)
        .into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::api::Record;

    fn keys(statuses: &[&str]) -> Vec<SigningKey> {
        let key = |(number, status): (usize, &&str)| {
            let time = format!("2026-11-01T00:{number:02}:00Z");
            SigningKey::read(json!({"id": number, "status": status, "updated_at": time}))
        };
        statuses.iter().enumerate().map(key).collect()
    }

    /// Where a rotation stands, and the id of the key that it is about.
    fn stand(statuses: &[&str], again: bool) -> (&'static str, String) {
        let keys = keys(statuses);
        let (word, key) = match Stand::of(&keys, again) {
            Stand::JwtSecret { standby } => ("secret", standby),
            Stand::Alone { signing } => ("alone", Some(signing)),
            Stand::Waiting { standby, .. } => ("waiting", Some(standby)),
            Stand::Promoted { old } => ("promoted", Some(old)),
        };
        (word, key.map(|key| key.id().to_owned()).unwrap_or_default())
    }

    #[test]
    fn where_a_rotation_stands_is_read_from_the_keys_alone() {
        for (statuses, first, again) in [
            (&[][..], ("secret", ""), ("secret", "")),
            (&["standby"], ("secret", "0"), ("secret", "0")),
            (&["revoked"], ("secret", ""), ("secret", "")),
            (&["in_use"], ("alone", "0"), ("alone", "0")),
            (&["in_use", "revoked"], ("alone", "0"), ("alone", "0")),
            (&["in_use", "standby"], ("waiting", "1"), ("waiting", "1")),
            (
                &["previously_used", "in_use"],
                ("promoted", "0"),
                ("alone", "1"),
            ),
            (
                &["previously_used", "previously_used", "in_use"],
                ("promoted", "1"),
                ("alone", "2"),
            ),
            (
                &["previously_used", "in_use", "standby"],
                ("waiting", "2"),
                ("waiting", "2"),
            ),
            (&["in_use", "a_new_word"], ("alone", "0"), ("alone", "0")),
        ] {
            for (again, wanted) in [(false, first), (true, again)] {
                let found = stand(statuses, again);
                assert_eq!((found.0, found.1.as_str()), wanted, "{statuses:?} {again}");
            }
        }
    }

    #[test]
    fn times_are_rounded_up() {
        let key = |time: &str| SigningKey::read(json!({"updated_at": time}));
        let now = "2026-12-01T00:00:00Z".parse().unwrap();
        let ready = |time: &str| shown(ready_at(&key(time), now));
        assert_eq!(ready("2026-11-01T00:00:00Z"), "2026-11-01T00:20:00Z");
        assert_eq!(ready("2026-11-01T00:00:00.001Z"), "2026-11-01T00:20:01Z");
        assert_eq!(ready("soon"), "2026-12-01T00:20:00Z", "it may be new");
    }

    proptest! {
        #[test]
        fn any_keys_are_understood(statuses in proptest::collection::vec("standby|in_use|previously_used|revoked|x", 0..6), again: bool) {
            let statuses: Vec<_> = statuses.iter().map(String::as_str).collect();
            let (word, _) = stand(&statuses, again);
            prop_assert_eq!(word == "secret", !statuses.contains(&"in_use"));
            prop_assert_eq!(word == "waiting", statuses.contains(&"in_use") && statuses.contains(&"standby"));
            prop_assert!(word != "promoted" || !again);
        }
    }
}
