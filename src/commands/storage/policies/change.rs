//! A change of policies: what would be made, replaced and dropped, and what became of it.

use serde_json::{Value, json};

use super::buckets;
use crate::api::{Api, NewPolicy, Object, Policy, PolicyTable, ProjectRef, Record};
use crate::app::App;
use crate::error::{Error, Result};

/// What is to be done, found by looking at what is there.
pub(super) struct Plan {
    make: Vec<NewPolicy>,
    /// What goes, by pruning.
    drop: Vec<Policy>,
    /// What is there under the names of `make`.
    previous: Vec<Policy>,
    /// Those that are already as they should be.
    unchanged: Vec<String>,
}

impl Plan {
    /// Compares what is wanted with what is there; `prune` is the bucket whose other policies go.
    pub(super) fn new(wanted: Vec<NewPolicy>, there: &[Policy], prune: Option<&str>) -> Self {
        let mut plan = Self {
            make: Vec::new(),
            drop: Vec::new(),
            previous: Vec::new(),
            unchanged: Vec::new(),
        };
        let named = |policy: &Policy, name: &str, table: PolicyTable| {
            policy.text("name") == Some(name) && policy.table() == table
        };
        for policy in there {
            let same = |wanted: &NewPolicy| named(policy, &wanted.name, wanted.table);
            match wanted.iter().find(|wanted| same(wanted)) {
                Some(wanted) if wanted.is(policy) => plan.unchanged.push(wanted.name.clone()),
                Some(_) => plan.previous.push(policy.clone()),
                None if prune.is_some_and(|bucket| policy.is_of_alone(bucket)) => {
                    plan.drop.push(policy.clone());
                }
                None => {}
            }
        }
        plan.make = wanted
            .into_iter()
            .filter(|wanted| {
                !there
                    .iter()
                    .any(|policy| named(policy, &wanted.name, wanted.table) && wanted.is(policy))
            })
            .collect();
        plan
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.make.is_empty() && self.drop.is_empty()
    }

    /// Whether something that is there would not be there any more.
    pub(super) fn takes_away(&self) -> bool {
        !self.previous.is_empty() || !self.drop.is_empty()
    }

    /// A line for each policy that it is about.
    pub(super) fn told(&self) -> String {
        let mut lines = Vec::new();
        for policy in &self.make {
            let what = if self.before(policy).is_some() {
                "replace"
            } else {
                "create"
            };
            lines.push(format!(
                "{what} `{}`: {} for {}",
                policy.name,
                policy.command.word(),
                policy.roles.join(", ")
            ));
        }
        for policy in &self.drop {
            lines.push(format!(
                "drop `{}` ({})",
                policy.text("name").unwrap_or_default(),
                buckets(policy.object())
            ));
        }
        for name in &self.unchanged {
            lines.push(format!("`{name}` stays as it is"));
        }
        lines.join("\n")
    }

    fn before(&self, made: &NewPolicy) -> Option<&Policy> {
        self.previous
            .iter()
            .find(|policy| policy.text("name") == Some(&made.name) && policy.table() == made.table)
    }

    /// Does it in one transaction, and reads back what is there then: `{policy, previous}` for each.
    pub(super) async fn carry_out(&self, app: &App, project: &ProjectRef) -> Result<Vec<Object>> {
        let api: &Api = app.api()?;
        let drop: Vec<(String, PolicyTable)> = self
            .drop
            .iter()
            .filter_map(|policy| Some((policy.text("name")?.to_owned(), policy.table())))
            .collect();
        api.set_policies(project, &self.make, &drop).await?;
        let there = api
            .policies(project)
            .await
            .map_err(|error: Error| error.after("The policies were set"))?;
        let pair = |policy: Option<&Policy>, previous: Option<&Policy>| {
            let value = |policy: Option<&Policy>| {
                policy.map_or(Value::Null, |policy| Value::Object(policy.object().clone()))
            };
            Object::from_iter([
                ("policy".to_owned(), json!(value(policy))),
                ("previous".to_owned(), value(previous)),
            ])
        };
        let made = self.make.iter().map(|made| {
            let now = there.iter().find(|policy| {
                policy.text("name") == Some(&made.name) && policy.table() == made.table
            });
            pair(now, self.before(made))
        });
        let dropped = self.drop.iter().map(|policy| pair(None, Some(policy)));
        Ok(made.chain(dropped).collect())
    }
}
