//! Answers that go wrong on purpose, for trying how a script takes them.

use std::str::FromStr;

use super::server::{Asked, Told};

/// An answer that goes wrong on purpose: `429@GET /v1/projects`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    status: u16,
    method: String,
    path: String,
    how_often: Often,
}

#[derive(Debug, Clone, PartialEq)]
enum Often {
    Always,
    /// So many times more.
    Times(u32),
    /// In so many of a hundred requests; the second number counts them.
    Percent(u32, u32),
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refusal = || {
            format!(
                "`{text}` is not a fault: write `429@GET /v1/projects`, `503x2@GET /v1/projects` for the first two only, \
                 or `503%10@GET /v1/projects` for a tenth of them"
            )
        };
        let number = |text: &str| text.parse::<u32>().map_err(|_| refusal());
        let (what, request) = text.split_once('@').ok_or_else(refusal)?;
        let (status, how_often) = if let Some((status, times)) = what.split_once('x') {
            (status, Often::Times(number(times)?))
        } else if let Some((status, percent)) = what.split_once('%') {
            (status, Often::Percent(number(percent)?, 0))
        } else {
            (what, Often::Always)
        };
        let status: u16 = status.parse().map_err(|_| refusal())?;
        let (method, path) = request.split_once(' ').ok_or_else(refusal)?;
        if !(400..600).contains(&status)
            || !path.starts_with('/')
            || matches!(how_often, Often::Percent(101.., _))
        {
            return Err(refusal());
        }
        Ok(Self {
            status,
            method: method.to_ascii_uppercase(),
            path: path.to_owned(),
            how_often,
        })
    }
}

impl Fault {
    /// Whether it is this request's turn to go wrong.
    pub(super) fn strikes(&mut self, asked: &Asked) -> bool {
        if asked.method != self.method || !asked.path.contains(&self.path) {
            return false;
        }
        match &mut self.how_often {
            Often::Always => true,
            Often::Times(0) => false,
            Often::Times(left) => {
                *left -= 1;
                true
            }
            Often::Percent(percent, count) => {
                // Steps by the golden section: spread evenly, and the same in every run.
                *count = count.wrapping_add(0x9e37_79b9);
                u64::from(*count) * 100 < u64::from(*percent) << 32
            }
        }
    }

    pub(super) fn answer(&self) -> Told {
        let mut told = Told::message(self.status, "this went wrong on purpose (`--fault`)");
        if self.status == 429 {
            told.headers.push(("x-ratelimit-reset", "1".to_owned()));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn asked(method: &str) -> Asked {
        Asked::new(method, "/v1/projects", Vec::new(), Bytes::new())
    }

    #[test]
    fn faults_strike_where_and_as_often_as_they_are_told() {
        let mut fault: Fault = "503x2@get /v1/projects".parse().unwrap();
        assert!(!fault.strikes(&asked("POST")));
        assert!(fault.strikes(&asked("GET")) && fault.strikes(&asked("GET")));
        assert!(!fault.strikes(&asked("GET")), "twice only");
        let mut some: Fault = "500%10@GET /".parse().unwrap();
        let struck = (0..1000).filter(|_| some.strikes(&asked("GET"))).count();
        assert!((95..=105).contains(&struck), "{struck}");
        for bad in [
            "",
            "429",
            "429@GET",
            "200@GET /x",
            "x@GET /x",
            "429@GET x",
            "429xy@GET /x",
            "429%101@GET /x",
            "429%@GET /x",
        ] {
            assert!(bad.parse::<Fault>().is_err(), "{bad}");
        }
    }
}
