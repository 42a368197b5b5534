//! A change of settings: what would change, whether that is agreed to, and whether it took effect.

use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use crate::api::{Object, ProjectRef, Setting, is_digest_of, is_unset, same};
use crate::app::App;
use crate::cli::{WriteArgs, duration};
use crate::error::{Code, Error, Result};
use crate::waiting::{Look, until_done};

/// Settings that the service takes together only.
const TOGETHER: [&str; 2] = ["oauth_server_enabled", "oauth_server_authorization_path"];

/// Most characters of a value in a line of the plan.
const EXCERPT: usize = 60;

/// Flags of every command that changes settings.
#[derive(Debug, Args)]
pub(super) struct ChangeArgs {
    /// Agree to less protection, besides `--yes`, where nobody can be asked
    #[arg(long)]
    allow_weaker: bool,

    /// Longest time to wait for the change to take effect
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1m")]
    timeout: Duration,

    #[command(flatten)]
    write: WriteArgs,
}

/// One setting that would change.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    key: String,
    old: Value,
    new: Value,
    /// It protects less.
    weaker: bool,
    /// Whoever signs in this way cannot any more.
    cuts_off: bool,
}

impl Change {
    /// As it is shown, in a plan and in data: secrets as whether they are set.
    fn shown(&self) -> Object {
        let shown = |value: &Value| Setting::shown_by_name(&self.key, value);
        Object::from_iter([
            ("key".to_owned(), json!(self.key)),
            ("old".to_owned(), shown(&self.old)),
            ("new".to_owned(), shown(&self.new)),
            ("weaker".to_owned(), json!(self.weaker)),
        ])
    }
}

/// What would change, in the order in which it was asked for.
#[derive(Debug, PartialEq)]
pub(super) struct Plan {
    changes: Vec<Change>,
    unchanged: Vec<String>,
    /// Settings that do not change and are sent all the same, beside one that needs them.
    beside: Object,
}

/// What became of it.
pub(super) struct Done {
    /// The changes, for the data.
    pub(super) data: Object,
    /// All settings as they were read back.
    pub(super) config: Object,
    /// Some did not take effect.
    pub(super) verdict: Option<Error>,
}

impl Plan {
    /// Compares what is wanted with what there is.
    ///
    /// # Errors
    /// For a digest in the place of a secret.
    pub(super) fn new(
        project: &ProjectRef,
        config: &Object,
        wanted: &[(String, Value)],
    ) -> Result<Self> {
        let mut plan = Self {
            changes: Vec::new(),
            unchanged: Vec::new(),
            beside: Object::new(),
        };
        for (key, new) in wanted {
            let setting = Setting::find(key);
            let old = config.get(key).cloned().unwrap_or(Value::Null);
            let secret = Setting::hides(key, new) && !is_unset(new);
            if secret && old == *new {
                return Err(Error::invalid_with_hint(
                    format!("`{key}`: this is the digest that the service shows, not the secret"),
                    "leave it out to keep the secret as it is",
                ));
            }
            let unchanged = if secret {
                is_digest_of(&old, project, new.as_str().unwrap_or_default())
            } else {
                same(&old, new) && config.contains_key(key)
            };
            if unchanged {
                plan.unchanged.push(key.clone());
                continue;
            }
            plan.changes.push(Change {
                weaker: setting.is_some_and(|setting| setting.weakens(&old, new)),
                cuts_off: is_provider(key) && old == json!(true) && *new != json!(true),
                key: key.clone(),
                old,
                new: new.clone(),
            });
        }
        Ok(plan)
    }

    /// The same with what the service wants beside a change, which must be among what is wanted.
    pub(super) fn completed(mut self, wanted: &[(String, Value)]) -> Result<Self> {
        let changes = |key: &str| self.changes.iter().any(|change| change.key == key);
        let [one, other] = TOGETHER;
        let missing = match (changes(one), changes(other)) {
            (true, false) => other,
            (false, true) => one,
            _ => return Ok(self),
        };
        let Some((key, value)) = wanted.iter().find(|(key, _)| key == missing) else {
            return Err(Error::invalid_with_hint(
                format!("`{one}` and `{other}` are taken together only"),
                format!("add `--set {missing}=…`"),
            ));
        };
        self.beside.insert(key.clone(), value.clone());
        Ok(self)
    }

    /// The changes as rows.
    pub(super) fn rows(&self) -> Vec<Object> {
        self.changes.iter().map(Change::shown).collect()
    }

    /// How many settings would change.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Exactly what is sent.
    fn body(&self) -> Object {
        let changes = self.changes.iter();
        let changes = changes.map(|change| (change.key.clone(), change.new.clone()));
        changes.chain(self.beside.clone()).collect()
    }

    /// The settings as they would be.
    pub(super) fn applied_to(&self, config: &Object) -> Object {
        let mut config = config.clone();
        config.extend(self.body());
        config
    }

    /// The lines of the plan: old and new, and what is weaker.
    fn lines(&self) -> String {
        let lines: Vec<_> = self
            .changes
            .iter()
            .map(|change| {
                let mark = if change.weaker {
                    "  (less protection)"
                } else {
                    ""
                };
                format!("  {}{mark}", in_short(&change.shown()))
            })
            .collect();
        lines.join("\n")
    }

    /// Gets the yes that this needs, before anything is sent.
    fn agree(&self, app: &App, project: &ProjectRef, args: &ChangeArgs) -> Result<()> {
        let keys = |mark: fn(&Change) -> bool| {
            let marked = self.changes.iter().filter(|change| mark(change));
            marked
                .map(|change| change.key.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        let weaker = keys(|change| change.weaker);
        let cut_off = keys(|change| change.cuts_off);
        let terminal = app.terminal();
        if !weaker.is_empty() {
            let less = format!("this leaves project {project} less protected: {weaker}");
            if !terminal.can_ask && !terminal.dry_run && !args.allow_weaker {
                return Err(Error::Verdict {
                    code: Code::ConfirmationRequired,
                    message: less,
                    hint: Some("pass `--allow-weaker` and `--yes` to go ahead, or `--dry-run` to see what would be sent".to_owned()),
                });
            }
            terminal.confirm(&format!("T{}. Go ahead?", &less[1..]))?;
        }
        if cut_off.is_empty() {
            return Ok(());
        }
        terminal.confirm(&format!(
            "Switch off {cut_off} in project {project}? Whoever signs in that way cannot any more"
        ))
    }

    /// Shows the plan, gets a yes where it needs one, sends exactly the changes, and waits until they
    /// have taken effect.
    pub(super) async fn carry_out(
        self,
        app: &App,
        project: &ProjectRef,
        config: Object,
        args: &ChangeArgs,
    ) -> Result<Done> {
        let mut data = Object::from_iter([
            ("changed".to_owned(), json!(self.rows())),
            ("unchanged".to_owned(), json!(self.unchanged)),
        ]);
        if self.changes.is_empty() {
            return Ok(Done {
                data,
                config,
                verdict: None,
            });
        }
        app.say(&self.lines());
        self.agree(app, project, args)?;
        let api = app.api()?;
        api.change_auth_config(project, self.body()).await?;
        let mut read = None;
        let looked = until_done(app, "Auth settings", args.timeout, async || {
            let config = api.auth_config_now(project).await?;
            let waiting = self.not_taken(&config);
            read = Some(config.clone());
            if waiting.is_empty() {
                return Ok(Look::Done(config));
            }
            Ok(Look::Going(format!(
                "the change of {} is not to be seen yet, which may take a minute",
                waiting.join(", ")
            )))
        });
        match (looked.await, read) {
            (Ok(config), _) => Ok(Done {
                data,
                config,
                verdict: None,
            }),
            (Err(Error::Api(error)), Some(config)) if error.code == Code::Timeout => {
                let waiting = self.not_taken(&config);
                data.insert("not_taken".to_owned(), json!(waiting));
                let verdict = Error::Verdict {
                    code: Code::CheckFailed,
                    message: format!("did not take effect: {}", waiting.join(", ")),
                    hint: Some("the service ignores what it does not know, and what the plan does not include; `--timeout` waits longer".to_owned()),
                };
                Ok(Done {
                    data,
                    config,
                    verdict: Some(verdict),
                })
            }
            (Err(error), _) => Err(error.after("the settings were sent")),
        }
    }

    /// The changes that are not to be seen in the settings. Of a secret only that there is one can be seen.
    fn not_taken(&self, config: &Object) -> Vec<&str> {
        let taken = |change: &Change| {
            let now = config.get(&change.key).unwrap_or(&Value::Null);
            if Setting::hides(&change.key, &change.new) {
                is_unset(now) == is_unset(&change.new)
            } else {
                same(now, &change.new)
            }
        };
        let changes = self.changes.iter();
        changes
            .filter(|change| !taken(change))
            .map(|change| change.key.as_str())
            .collect()
    }
}

/// Whether a key switches a provider on and off.
fn is_provider(key: &str) -> bool {
    key.starts_with("external_") && key.ends_with("_enabled") || key == "saml_enabled"
}

/// A change in a line: `jwt_exp: 3600 → 7200`.
fn in_short(change: &Object) -> String {
    let value = |key: &str| {
        let value = change.get(key).unwrap_or(&Value::Null);
        let text = match value {
            Value::String(text) if matches!(text.as_str(), "set" | "unset") => text.clone(),
            other => other.to_string(),
        };
        match text.char_indices().nth(EXCERPT) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    };
    let key = change
        .get("key")
        .and_then(Value::as_str)
        .unwrap_or_default();
    format!("{key}: {} → {}", value("old"), value("new"))
}

/// The changes of some data in a cell.
pub(super) fn cell(data: &Object) -> String {
    let changes = data.get("changed").and_then(Value::as_array);
    let changes = changes.into_iter().flatten().filter_map(Value::as_object);
    changes.map(in_short).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::api::{Kind, SETTINGS};

    fn project() -> ProjectRef {
        "abcdefghijklmnopqrst".parse().unwrap()
    }

    /// A value that a setting takes.
    fn value(setting: &'static Setting) -> BoxedStrategy<Value> {
        match setting.kind {
            Kind::Flag => any::<bool>().prop_map(|flag| json!(flag)).boxed(),
            Kind::Whole(from, to) => (from..=to.min(from + 3))
                .prop_map(|number| json!(number))
                .boxed(),
            Kind::Number(..) => (0..4).prop_map(|number| json!(number)).boxed(),
            Kind::Choice(words) => proptest::sample::select(words)
                .prop_map(|word| json!(word))
                .boxed(),
            Kind::Secret => "[a-z]{1,3}".prop_map(|text| json!(text)).boxed(),
            Kind::Text | Kind::Template | Kind::NoComma => {
                "[a-c]{1,2}".prop_map(|text| json!(text)).boxed()
            }
            _ => Just(Value::Null).boxed(),
        }
    }

    /// Settings and values for them.
    fn values() -> impl Strategy<Value = Vec<(String, Value)>> {
        let one = (0..SETTINGS.len()).prop_flat_map(|at| {
            let key = SETTINGS[at].key.to_owned();
            value(&SETTINGS[at]).prop_map(move |value| (key.clone(), value))
        });
        proptest::collection::btree_map(0..SETTINGS.len(), one, 0..40).prop_map(|map| {
            map.into_values()
                .collect::<std::collections::BTreeMap<_, _>>()
                .into_iter()
                .collect()
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn exactly_what_changes_is_sent(present in values(), wanted in values()) {
            let config: Object = present.into_iter().collect();
            let Ok(plan) = Plan::new(&project(), &config, &wanted) else {
                // A secret that is what the service shows.
                return Ok(());
            };
            let body = plan.body();
            for (key, value) in &wanted {
                let changes = config.get(key).is_none_or(|old| !same(old, value));
                prop_assert_eq!(body.get(key).is_some(), changes, "{}", key);
                prop_assert!(body.get(key).is_none_or(|sent| sent == value));
                prop_assert!(changes || plan.unchanged.contains(key));
            }
            prop_assert!(body.keys().all(|key| wanted.iter().any(|(known, _)| known == key)));
            // Carried out, there is nothing left to do; secrets are told as digests then.
            let mut after = plan.applied_to(&config);
            after.retain(|key, _| !Setting::find(key).is_some_and(Setting::is_secret));
            let open: Vec<_> = wanted.into_iter().filter(|(key, _)| after.contains_key(key)).collect();
            prop_assert_eq!(Plan::new(&project(), &after, &open).unwrap().len(), 0);
        }

        #[test]
        fn no_secret_is_ever_shown(secret in "[A-Za-z0-9]{12,40}") {
            for setting in SETTINGS.iter().filter(|setting| setting.kind == Kind::Secret) {
                let wanted = [(setting.key.to_owned(), json!(secret))];
                for old in [json!(null), json!("0123456789abcdef")] {
                    let config = Object::from_iter([(setting.key.to_owned(), old)]);
                    let plan = Plan::new(&project(), &config, &wanted).unwrap();
                    let shown = format!("{} {}", plan.lines(), json!(plan.rows()));
                    prop_assert!(!shown.contains(&secret) && !shown.contains("0123456789abcdef"), "{}", shown);
                    // Neither by `--dry-run`, nor by `-vv`.
                    let masked = crate::api::mask::json(&Value::Object(plan.body())).to_string();
                    prop_assert!(!masked.contains(&secret), "{}", masked);
                }
            }
        }
    }

    #[test]
    fn a_secret_that_is_there_already_is_left_alone() {
        // HMAC-SHA256 of "hush" under the reference, as the service tells it.
        let config = Object::from_iter([(
            "smtp_pass".to_owned(),
            json!("690d21bc9d0fa98ede29158aa1478b49d678faca6432a123c7f39e94b53f8d01"),
        )]);
        let same = Plan::new(
            &project(),
            &config,
            &[("smtp_pass".to_owned(), json!("hush"))],
        )
        .unwrap();
        assert_eq!(same.len(), 0);
        let other = Plan::new(
            &project(),
            &config,
            &[("smtp_pass".to_owned(), json!("hushed"))],
        )
        .unwrap();
        assert_eq!(other.rows()[0]["old"], "set");
        let digest = Plan::new(
            &project(),
            &config,
            &[("smtp_pass".to_owned(), config["smtp_pass"].clone())],
        );
        assert!(digest.unwrap_err().to_string().contains("digest"));
    }

    #[test]
    fn halves_are_not_sent() {
        let [one, other] = TOGETHER;
        let config = Object::from_iter([
            (one.to_owned(), json!(false)),
            (other.to_owned(), json!("/consent")),
        ]);
        let half = [(one.to_owned(), json!(true))];
        let plan = Plan::new(&project(), &config, &half).unwrap();
        assert!(plan.completed(&half).is_err());
        let whole = [half[0].clone(), (other.to_owned(), json!("/consent"))];
        let plan = Plan::new(&project(), &config, &whole)
            .unwrap()
            .completed(&whole)
            .unwrap();
        assert_eq!(plan.body().len(), 2);
    }
}
