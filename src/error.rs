//! Every way in which a run can end badly, and what scripts and people are told of it.
//!
//! An error answers three questions: [`Error::code`] (a stable word), [`Code::exit_status`] and
//! [`Error::hint`]. Who prints it, and in which format, is the business of `output`.

use std::fmt;
use std::io;

use crate::api::ApiError;

/// The result of everything that a command does.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// The stable word for a kind of failure: what scripts branch on beside the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    ApiError,
    Rejected,
    QueryFailed,
    FunctionFailed,
    MalformedResponse,
    JqFailed,
    Internal,
    Usage,
    InvalidInput,
    NoProject,
    Cancelled,
    ConfirmationRequired,
    NotLoggedIn,
    Unauthorized,
    Forbidden,
    PlanRequired,
    NotFound,
    Conflict,
    AlreadyExists,
    ProjectPaused,
    FeatureDisabled,
    RateLimited,
    Network,
    Timeout,
    CircuitOpen,
    Unhealthy,
    CheckFailed,
    PartialFailure,
    Interrupted,
}

impl Code {
    /// Every code with its exit status and its meaning, in the order of the statuses: the page
    /// `help exit-codes` and the test that holds `docs/scripting.md` to it read this table.
    pub(crate) const ALL: &[(Self, &str, u8, &str)] = &[
        (Self::ApiError, "api_error", 1, "the service failed"),
        (
            Self::Rejected,
            "rejected",
            1,
            "the service refused, in a way without a better code",
        ),
        (
            Self::QueryFailed,
            "query_failed",
            1,
            "the database refused a statement",
        ),
        (
            Self::FunctionFailed,
            "function_failed",
            1,
            "an invoked function answered with an error",
        ),
        (
            Self::MalformedResponse,
            "malformed_response",
            1,
            "the answer could not be understood",
        ),
        (
            Self::JqFailed,
            "jq_failed",
            1,
            "the `--jq` expression failed on the data",
        ),
        (
            Self::Internal,
            "internal",
            1,
            "supactl itself failed, or could not write something",
        ),
        (Self::Usage, "usage", 2, "wrong arguments; nothing was sent"),
        (
            Self::InvalidInput,
            "invalid_input",
            2,
            "a value cannot be right; nothing was sent",
        ),
        (Self::NoProject, "no_project", 2, "no project was named"),
        (Self::Cancelled, "cancelled", 3, "answered no"),
        (
            Self::ConfirmationRequired,
            "confirmation_required",
            3,
            "`--yes` is missing where nobody can be asked",
        ),
        (Self::NotLoggedIn, "not_logged_in", 4, "there is no token"),
        (
            Self::Unauthorized,
            "unauthorized",
            4,
            "the token or key was not accepted",
        ),
        (
            Self::Forbidden,
            "forbidden",
            4,
            "the token or key lacks a permission",
        ),
        (
            Self::PlanRequired,
            "plan_required",
            4,
            "the organization's plan does not include it",
        ),
        (Self::NotFound, "not_found", 5, "there is no such thing"),
        (
            Self::Conflict,
            "conflict",
            6,
            "the present state does not allow it",
        ),
        (
            Self::AlreadyExists,
            "already_exists",
            6,
            "the name is taken",
        ),
        (
            Self::ProjectPaused,
            "project_paused",
            6,
            "the project is paused",
        ),
        (
            Self::FeatureDisabled,
            "feature_disabled",
            6,
            "the feature is switched off",
        ),
        (
            Self::RateLimited,
            "rate_limited",
            7,
            "too many requests, after waiting as told",
        ),
        (
            Self::Network,
            "network",
            8,
            "the service could not be reached",
        ),
        (Self::Timeout, "timeout", 8, "no answer in time"),
        (
            Self::CircuitOpen,
            "circuit_open",
            8,
            "not sent: the host failed too often just now",
        ),
        (
            Self::Unhealthy,
            "unhealthy",
            9,
            "a health check came out negative",
        ),
        (
            Self::CheckFailed,
            "check_failed",
            9,
            "a check came out negative",
        ),
        (
            Self::PartialFailure,
            "partial_failure",
            10,
            "some of several targets failed",
        ),
        (Self::Interrupted, "interrupted", 130, "stopped by Ctrl-C"),
    ];

    /// The word itself.
    pub(crate) fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The status that the process ends with.
    pub(crate) fn exit_status(self) -> u8 {
        self.row().2
    }

    fn row(self) -> &'static (Self, &'static str, u8, &'static str) {
        // The table has a row for each variant, which a test checks; the first row stands in so
        // that no release can panic over it.
        Self::ALL
            .iter()
            .find(|row| row.0 == self)
            .unwrap_or(&Self::ALL[0])
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line could not be understood.
    #[error("{message}")]
    Usage {
        message: String,
        hint: Option<String>,
    },
    /// A value that cannot be right: found before anything was sent.
    #[error("{message}")]
    InvalidInput {
        message: String,
        hint: Option<String>,
    },
    /// No project was named anywhere.
    #[error("no project was named")]
    NoProject,
    /// The person answered no.
    #[error("nothing was changed")]
    Cancelled,
    /// A yes is needed, and nobody can be asked.
    #[error("cannot ask for confirmation here: {question}")]
    ConfirmationRequired { question: String },
    /// There is no token.
    #[error("not signed in")]
    NotLoggedIn,
    /// The service refused, failed or could not be reached.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    File { what: String, source: io::Error },
    /// Something could not be written, after all that came before it.
    #[error("{what} could not be written: {source}")]
    Unwritten { what: String, source: io::Error },
    /// The `--jq` expression did not get along with the data.
    #[error("`--jq`: {0}")]
    JqFailed(String),
    /// A failure of the program or of the machine.
    #[error("{0}")]
    Internal(String),
    /// Data came, and still the run ends badly: a check was negative, or some targets failed. The data says which.
    #[error("{message}")]
    Verdict {
        code: Code,
        message: String,
        hint: Option<String>,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Not a failure: a dry run got to a write, which was kept for showing instead of being sent.
    #[error("held back")]
    HeldBack,
}

impl Error {
    /// A value that cannot be right, and why.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidInput {
            message: message.into(),
            hint: None,
        }
    }

    /// The same, with what to type instead.
    pub(crate) fn invalid_with_hint(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::InvalidInput {
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// How a run ends that has data to show and a bad end all the same.
    pub(crate) fn verdict(code: Code, message: impl Into<String>) -> Self {
        Self::Verdict {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// A file that could not be read or written.
    pub(crate) fn file(what: impl Into<String>, source: io::Error) -> Self {
        // What could not be read because of Ctrl-C did not fail.
        if source.kind() == io::ErrorKind::Interrupted {
            return Self::Interrupted;
        }
        Self::File {
            what: what.into(),
            source,
        }
    }

    /// Something that could not be written.
    pub(crate) fn unwritten(what: impl Into<String>, source: io::Error) -> Self {
        Self::Unwritten {
            what: what.into(),
            source,
        }
    }

    /// The same failure, told as coming after something that did happen.
    pub(crate) fn after(self, done: &str) -> Self {
        match self {
            Self::Api(error) => Self::Api(ApiError {
                message: format!("{done}, but it could not be read back: {}", error.message),
                ..error
            }),
            other => other,
        }
    }

    /// The same failure, told together with what had been done when it came.
    pub(crate) fn when(self, done: &str) -> Self {
        let told = |message: String| format!("{done}: {message}");
        match self {
            Self::Api(error) => Self::Api(ApiError {
                message: told(error.message),
                ..error
            }),
            Self::Verdict {
                code,
                message,
                hint,
            } => Self::Verdict {
                code,
                message: told(message),
                hint,
            },
            other => other,
        }
    }

    /// The stable word for this failure.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Usage { .. } => Code::Usage,
            Self::InvalidInput { .. } | Self::File { .. } => Code::InvalidInput,
            Self::NoProject => Code::NoProject,
            Self::Cancelled => Code::Cancelled,
            Self::ConfirmationRequired { .. } => Code::ConfirmationRequired,
            Self::NotLoggedIn => Code::NotLoggedIn,
            Self::Api(error) => error.code,
            Self::JqFailed(_) => Code::JqFailed,
            Self::Internal(_) | Self::Unwritten { .. } | Self::HeldBack => Code::Internal,
            Self::Verdict { code, .. } => *code,
            Self::Interrupted => Code::Interrupted,
        }
    }

    /// What to type next.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::InvalidInput { hint, .. } | Self::Verdict { hint, .. } => hint.clone(),
            Self::NoProject => Some(
                "pass `--project <REF>`, set SUPABASE_PROJECT_ID, link this folder with `supactl link`, \
                 or give the profile a default with `supactl profiles set`"
                    .to_owned(),
            ),
            Self::ConfirmationRequired { .. } => Some("pass `--yes` to go ahead, or `--dry-run` to see what would be sent".to_owned()),
            Self::NotLoggedIn => Some(
                "`supactl login` stores a token, or SUPABASE_ACCESS_TOKEN gives one; \
                 https://supabase.com/dashboard/account/tokens makes them".to_owned(),
            ),
            Self::JqFailed(_) => Some("`-o json` instead of `--jq` shows what the expression gets".to_owned()),
            Self::Api(error) => api_hint(error),
            Self::Cancelled | Self::File { .. } | Self::Unwritten { .. } | Self::Internal(_) | Self::Interrupted | Self::HeldBack => None,
        }
    }
}

/// What a person can do about a failed request.
fn api_hint(error: &ApiError) -> Option<String> {
    if let Some(hint) = &error.hint {
        return Some(hint.clone());
    }
    let hint = match error.code {
        Code::Unauthorized => "the token may have been revoked or mistyped; \
             https://supabase.com/dashboard/account/tokens makes a new one"
            .to_owned(),
        Code::Forbidden => match error.permission {
            Some(permission) => format!(
                "the token may lack the permission `{permission}`, or there is no such project or organization, or it is not yours"
            ),
            None => "the token may lack a permission, or there is no such project or organization, or it is not yours".to_owned(),
        },
        Code::PlanRequired => "https://supabase.com/dashboard/org/_/billing shows the plan and its limits".to_owned(),
        Code::ProjectPaused => "`supactl projects restore <REF>` wakes it up".to_owned(),
        Code::RateLimited => "wait a minute, or let it wait with a higher `--retries`".to_owned(),
        Code::Network => "check the network, the proxy variables, and https://status.supabase.com".to_owned(),
        Code::Timeout => "try again, or allow more time with `--request-timeout`".to_owned(),
        Code::CircuitOpen => "the host failed several times in a row; try again in half a minute".to_owned(),
        // No trouble of the service's: a part that it, or the sandbox, does not have.
        Code::ApiError if error.status == Some(501) => return None,
        Code::ApiError => "https://status.supabase.com shows known trouble".to_owned(),
        _ => return None,
    };
    Some(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_word_and_the_statuses_rise() {
        let words: std::collections::BTreeSet<_> = Code::ALL.iter().map(|row| row.1).collect();
        assert_eq!(words.len(), Code::ALL.len());
        assert!(Code::ALL.windows(2).all(|pair| pair[0].2 <= pair[1].2));
        for row in Code::ALL {
            assert_eq!((row.0.as_str(), row.0.exit_status()), (row.1, row.2));
        }
    }
}
