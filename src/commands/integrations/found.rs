//! What was found of an integration, in words that scripts may rely on.

use serde_json::{Value, json};

use crate::api::Object;
use crate::api::integrations::Integration;
use crate::error::{Code, Error, Result};
use crate::output::{Column, Show};

/// In how far there is an integration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Installed,
    /// Some of it is there, and some is not.
    Incomplete,
    Available,
    /// The database image does not have what it is made of.
    Unavailable,
    NotInPlan,
    Forbidden,
    Unknown,
    DashboardOnly,
}

impl Status {
    /// Every status with its word.
    pub(super) const ALL: &[(Self, &str)] = &[
        (Self::Installed, "installed"),
        (Self::Incomplete, "incomplete"),
        (Self::Available, "available"),
        (Self::Unavailable, "unavailable"),
        (Self::NotInPlan, "not_in_plan"),
        (Self::Forbidden, "forbidden"),
        (Self::Unknown, "unknown"),
        (Self::DashboardOnly, "dashboard_only"),
    ];

    pub(super) fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|row| row.0 == self)
            .map_or("", |row| row.1)
    }
}

/// One thing that must hold. Nothing where it could not be found out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) ok: Option<bool>,
    pub(super) detail: String,
}

impl Check {
    pub(super) fn new(
        name: impl Into<String>,
        ok: Option<bool>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            ok,
            detail: detail.into(),
        }
    }
}

/// What was found.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) status: Status,
    pub(super) checks: Vec<Check>,
    /// What it consists of, where it can be there several times.
    pub(super) items: Vec<Object>,
    /// Why no more could be found out.
    pub(super) reason: Option<String>,
}

impl Examined {
    pub(super) fn new(status: Status, checks: Vec<Check>) -> Self {
        Self {
            status,
            checks,
            items: Vec::new(),
            reason: None,
        }
    }

    pub(super) fn unknown(reason: &Reason) -> Self {
        Self {
            reason: Some(reason.text.clone()),
            ..Self::new(reason.status, Vec::new())
        }
    }

    /// The checks that came out badly.
    pub(super) fn failed(&self) -> Vec<&str> {
        let failed = self.checks.iter().filter(|check| check.ok == Some(false));
        failed.map(|check| check.name.as_str()).collect()
    }

    /// The data of `status` and `setup`.
    pub(super) fn data(&self, integration: &Integration) -> Object {
        let checks: Vec<_> = self
            .checks
            .iter()
            .map(|check| json!({"name": check.name, "ok": check.ok, "detail": check.detail}))
            .collect();
        Object::from_iter([
            ("name".to_owned(), json!(integration.name)),
            ("status".to_owned(), json!(self.status.word())),
            ("checks".to_owned(), json!(checks)),
            ("items".to_owned(), json!(self.items)),
        ])
    }
}

/// How one integration is shown.
pub(super) const COLUMNS: &[Column] = &[
    Column::new("name", "Name"),
    Column::new("status", "Status"),
    Column::shown("checks", "Checks", Show::Made(checks)),
    Column::new("items", "Items"),
];

fn checks(row: &Object) -> String {
    let checks = row
        .get("checks")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let told = checks.map(|check| {
        let word = match check["ok"].as_bool() {
            Some(true) => "ok",
            Some(false) => "FAILED",
            None => "unknown",
        };
        let detail = check["detail"].as_str().unwrap_or_default();
        let name = check["name"].as_str().unwrap_or_default();
        if detail.is_empty() {
            format!("{name}: {word}")
        } else {
            format!("{name}: {word} ({detail})")
        }
    });
    told.collect::<Vec<_>>().join("; ")
}

/// Why something could not be found out.
#[derive(Debug, Clone)]
pub(super) struct Reason {
    pub(super) status: Status,
    pub(super) text: String,
}

/// What one integration among many may fail with; everything else concerns them all.
pub(super) fn tolerated(error: Error) -> Result<Reason> {
    let status = match error.code() {
        Code::PlanRequired => Status::NotInPlan,
        Code::Forbidden => Status::Forbidden,
        Code::ApiError
        | Code::Rejected
        | Code::QueryFailed
        | Code::MalformedResponse
        | Code::NotFound
        | Code::Conflict
        | Code::FeatureDisabled => Status::Unknown,
        _ => return Err(error),
    };
    Ok(Reason {
        status,
        text: error.to_string(),
    })
}
