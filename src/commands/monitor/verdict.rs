//! One word for a whole project, made of single checks.

use clap::ValueEnum;
use serde_json::json;

use crate::api::Object;
use crate::error::Error;

/// What one check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Healthy,
    /// Worth a look, and no illness.
    Warning,
    Starting,
    Unhealthy,
    Paused,
    /// It could not be found out.
    Unknown,
}

impl State {
    pub(super) const ALL: [(Self, &str); 6] = [
        (Self::Healthy, "healthy"),
        (Self::Warning, "warning"),
        (Self::Starting, "starting"),
        (Self::Unhealthy, "unhealthy"),
        (Self::Paused, "paused"),
        (Self::Unknown, "unknown"),
    ];

    pub(super) fn as_str(self) -> &'static str {
        let row = Self::ALL.iter().find(|row| row.0 == self);
        row.map_or("unknown", |row| row.1)
    }
}

/// How much a check matters to the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// The project's own status: nothing else counts while it is paused or starting.
    Project,
    /// Nothing works without it.
    Core,
    /// Something works without it.
    Part,
}

/// One check.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) state: State,
    pub(super) weight: Weight,
    pub(super) detail: Option<String>,
    /// How long the request took that told it.
    pub(super) latency_ms: Option<u64>,
    /// What told it, as the end of a path of the Management API.
    pub(super) source: &'static str,
    /// Why it is unknown, where a request failed.
    pub(super) cause: Option<Error>,
}

/// States of a project that do not change by themselves.
const OVER: [&str; 6] = [
    "INACTIVE",
    "INIT_FAILED",
    "REMOVED",
    "GOING_DOWN",
    "RESTORE_FAILED",
    "PAUSE_FAILED",
];

impl Check {
    /// Whether it tells of a state that waiting does not change.
    pub(super) fn is_over(&self) -> bool {
        self.weight == Weight::Project
            && self
                .detail
                .as_deref()
                .is_some_and(|status| OVER.contains(&status))
    }

    /// The row that is shown, and the element of `checks`.
    pub(super) fn row(&self) -> Object {
        Object::from_iter([
            ("name".to_owned(), json!(self.name)),
            ("state".to_owned(), json!(self.state.as_str())),
            ("detail".to_owned(), json!(self.detail)),
            ("latency_ms".to_owned(), json!(self.latency_ms)),
            ("source".to_owned(), json!(self.source)),
        ])
    }
}

/// The word for the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Healthy,
    Degraded,
    Starting,
    Down,
    Paused,
    Undetermined,
}

impl Verdict {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Starting => "starting",
            Self::Down => "down",
            Self::Paused => "paused",
            Self::Undetermined => "undetermined",
        }
    }
}

/// The first verdict that is too bad to pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// Anything but healthy
    Degraded,
    /// Down or paused; degraded and starting pass
    Down,
}

impl FailOn {
    /// Whether a gate opens. What could not be determined never passes.
    pub(super) fn passes(self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Healthy => true,
            Verdict::Degraded | Verdict::Starting => self == Self::Down,
            Verdict::Down | Verdict::Paused | Verdict::Undetermined => false,
        }
    }
}

/// What makes a verdict: a state of a weight. The first row that any check fits decides.
///
/// The project's own status comes first, since its services fail while it is paused or starting.
/// What is unknown counts before that which it could be worse than.
const ORDER: &[(State, &[Weight], Verdict)] = &[
    (State::Paused, &[Weight::Project], Verdict::Paused),
    (State::Unhealthy, &[Weight::Project], Verdict::Down),
    (State::Starting, &[Weight::Project], Verdict::Starting),
    (State::Unhealthy, &[Weight::Core], Verdict::Down),
    (
        State::Unknown,
        &[Weight::Project, Weight::Core],
        Verdict::Undetermined,
    ),
    (
        State::Starting,
        &[Weight::Core, Weight::Part],
        Verdict::Starting,
    ),
    (State::Unhealthy, &[Weight::Part], Verdict::Degraded),
    (State::Unknown, &[Weight::Part], Verdict::Undetermined),
];

/// The verdict, and the checks that it rests on, by their places.
pub(super) fn judge(checks: &[&Check]) -> (Verdict, Vec<usize>) {
    for (state, weights, verdict) in ORDER {
        let fits = |check: &Check| check.state == *state && weights.contains(&check.weight);
        let deciding: Vec<usize> = (0..checks.len())
            .filter(|index| fits(checks[*index]))
            .collect();
        if !deciding.is_empty() {
            return (*verdict, deciding);
        }
    }
    (Verdict::Healthy, Vec::new())
}

/// The verdict in words.
pub(super) fn reason(checks: &[&Check], deciding: &[usize]) -> String {
    if deciding.is_empty() {
        return match checks.len() {
            1 => "the one check is healthy".to_owned(),
            count => format!("{count} checks, nothing found"),
        };
    }
    // What several checks say alike is said once.
    let mut told: Vec<(Vec<&str>, &Check)> = Vec::new();
    for check in deciding.iter().map(|index| checks[*index]) {
        match told.last_mut() {
            Some((names, one)) if (one.state, &one.detail) == (check.state, &check.detail) => {
                names.push(&check.name);
            }
            _ => told.push((vec![&check.name], check)),
        }
    }
    let words = told.into_iter().map(|(names, check)| {
        let state = check.state.as_str();
        let is = if names.len() == 1 { "is" } else { "are" };
        let names = names.join(", ");
        match &check.detail {
            Some(detail) if check.weight == Weight::Project && check.cause.is_none() => {
                format!("its status is {detail}")
            }
            Some(detail) => format!("{names} {is} {state}: {detail}"),
            None => format!("{names} {is} {state}"),
        }
    });
    words.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: State, weight: Weight) -> Check {
        Check {
            name: "x".to_owned(),
            state,
            weight,
            detail: None,
            latency_ms: None,
            source: "health",
            cause: None,
        }
    }

    /// The verdict in other words than the table's: what the project, the worst core service and the
    /// worst part add up to.
    fn expected(project: State, core: State, part: State) -> Verdict {
        use State::{Paused, Starting, Unhealthy, Unknown};
        match (project, core, part) {
            (Paused, _, _) => Verdict::Paused,
            (Unhealthy, _, _) => Verdict::Down,
            (Starting, _, _) => Verdict::Starting,
            _ if core == Unhealthy => Verdict::Down,
            _ if project == Unknown || core == Unknown => Verdict::Undetermined,
            _ if core == Starting || part == Starting => Verdict::Starting,
            _ if part == Unhealthy => Verdict::Degraded,
            _ if part == Unknown => Verdict::Undetermined,
            _ => Verdict::Healthy,
        }
    }

    #[test]
    fn every_combination_has_its_verdict() {
        for (project, _) in State::ALL {
            for (core, _) in State::ALL {
                for (part, _) in State::ALL {
                    // No service says of itself that it is paused.
                    if core == State::Paused || part == State::Paused {
                        continue;
                    }
                    let healthy = || check(State::Healthy, Weight::Core);
                    let mut checks = vec![
                        check(part, Weight::Part),
                        healthy(),
                        check(core, Weight::Core),
                        check(project, Weight::Project),
                    ];
                    let expected = expected(project, core, part);
                    assert_eq!(
                        judge(&checks.iter().collect::<Vec<_>>()).0,
                        expected,
                        "{project:?} {core:?} {part:?}"
                    );
                    // Neither order nor more healthy checks matter.
                    checks.reverse();
                    checks.insert(1, healthy());
                    assert_eq!(
                        judge(&checks.iter().collect::<Vec<_>>()).0,
                        expected,
                        "{project:?} {core:?} {part:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn nothing_but_knowing_that_all_is_well_is_healthy() {
        for (state, _) in State::ALL {
            for weight in [Weight::Project, Weight::Core, Weight::Part] {
                let checks = [check(State::Healthy, Weight::Project), check(state, weight)];
                let healthy = judge(&checks.iter().collect::<Vec<_>>()).0 == Verdict::Healthy;
                let well = matches!(state, State::Healthy | State::Warning)
                    || (state == State::Paused && weight != Weight::Project);
                assert_eq!(healthy, well, "{state:?} {weight:?}");
            }
        }
    }

    #[test]
    fn a_gate_opens_for_what_it_was_told_to() {
        for (verdict, degraded, down) in [
            (Verdict::Healthy, true, true),
            (Verdict::Degraded, false, true),
            (Verdict::Starting, false, true),
            (Verdict::Down, false, false),
            (Verdict::Paused, false, false),
            (Verdict::Undetermined, false, false),
        ] {
            assert_eq!(FailOn::Degraded.passes(verdict), degraded, "{verdict:?}");
            assert_eq!(FailOn::Down.passes(verdict), down, "{verdict:?}");
        }
    }
}
