//! Conditions that a figure must not meet: `cpu_percent>90`, `api.p95_ms >= 1000`.

use std::fmt;
use std::str::FromStr;

use super::figures::{FIGURES, Figure, Group};

/// `[GROUP.]KEY OPERATOR NUMBER`.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) figure: &'static Figure,
    operator: Operator,
    than: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// The longer ones first: each is looked for in this order.
const OPERATORS: [(&str, Operator); 4] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    (">", Operator::Above),
    ("<", Operator::Below),
];

/// What may follow a number, and what it is multiplied by.
const UNITS: [(&str, f64); 8] = [
    ("%", 1.0),
    ("ms", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
];

impl Condition {
    /// Whether a value is as bad as it says.
    pub(super) fn is_met(&self, value: f64) -> bool {
        match self.operator {
            Operator::AtLeast => value >= self.than,
            Operator::AtMost => value <= self.than,
            Operator::Above => value > self.than,
            Operator::Below => value < self.than,
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = OPERATORS.iter().find(|row| row.1 == self.operator);
        write!(
            formatter,
            "{}.{} {} {}",
            self.figure.group.as_str(),
            self.figure.key,
            word.map_or("", |row| row.0),
            self.than
        )
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = OPERATORS
            .iter()
            .find_map(|(word, operator)| Some((text.split_once(word)?, *operator)));
        let Some(((name, number), operator)) = found else {
            return Err(format!(
                "`{text}` is no condition: write a figure, `>`, `>=`, `<` or `<=`, and a number, such as `cpu_percent>90`"
            ));
        };
        let number = number.trim();
        let (digits, unit) = UNITS
            .iter()
            .find_map(|(word, unit)| Some((number.strip_suffix(word)?.trim(), *unit)))
            .unwrap_or((number, 1.0));
        let than: f64 = digits
            .parse()
            .ok()
            .filter(|than: &f64| than.is_finite())
            .ok_or_else(|| format!("`{number}` in `{text}` is no number"))?;
        Ok(Self {
            figure: figure(name.trim())?,
            operator,
            than: than * unit,
        })
    }
}

/// The figure of a name, which needs its group in front where several groups have it.
fn figure(name: &str) -> Result<&'static Figure, String> {
    let full = |figure: &Figure| format!("{}.{}", figure.group.as_str(), figure.key);
    let found: Vec<&'static Figure> = FIGURES
        .iter()
        .filter(|figure| figure.key == name || full(figure) == name)
        .collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => {
            let near = FIGURES
                .iter()
                .map(|figure| (strsim::jaro_winkler(name, figure.key), figure))
                .max_by(|one, other| one.0.total_cmp(&other.0));
            Err(match near {
                Some((likeness, figure)) if likeness > 0.8 => {
                    format!(
                        "there is no figure `{name}`; did you mean `{}`?",
                        full(figure)
                    )
                }
                _ => format!("there is no figure `{name}`; `supactl monitor metrics` shows them"),
            })
        }
        several => {
            let names: Vec<_> = several.iter().map(|figure| full(figure)).collect();
            Err(format!(
                "several groups have `{name}`: write `{}`",
                names.join("` or `")
            ))
        }
    }
}

/// The groups that conditions need beside those that were asked for.
pub(super) fn groups(conditions: &[Condition]) -> impl Iterator<Item = Group> {
    conditions.iter().map(|condition| condition.figure.group)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<Condition>()
            .map(|condition| condition.to_string())
    }

    #[test]
    fn conditions_are_read_as_people_write_them() {
        for (text, read_as) in [
            ("cpu_percent>90", "compute.cpu_percent > 90"),
            (" compute.cpu_percent >= 90 % ", "compute.cpu_percent >= 90"),
            (
                "cache_hit_percent<99.5%",
                "database.cache_hit_percent < 99.5",
            ),
            ("size_bytes>8GB", "database.size_bytes > 8000000000"),
            ("api.p95_ms>1000ms", "api.p95_ms > 1000"),
            (
                "functions.invocations_count<=1k",
                "functions.invocations_count <= 1000",
            ),
            ("load_1>-1", "compute.load_1 > -1"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(read_as), "{text}");
        }
    }

    #[test]
    fn what_is_no_condition_is_told_why() {
        for (text, why) in [
            ("cpu_percent", "is no condition"),
            ("cpu_percent=90", "is no condition"),
            ("cpu_percent>", "`` in `cpu_percent>` is no number"),
            ("cpu_percent>much", "`much`"),
            ("cpu_percent>NaN", "is no number"),
            ("cpu_percnt>90", "did you mean `compute.cpu_percent`?"),
            ("happiness<5", "`supactl monitor metrics` shows them"),
            ("p95_ms>5", "write `api.p95_ms` or `functions.p95_ms`"),
            ("network.cpu_percent>5", "there is no figure"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
    }

    proptest! {
        #[test]
        fn a_value_is_on_one_side(value in -1e6f64..1e6, than in -1e6f64..1e6) {
            let met = |operator: &str| format!("load_1{operator}{than}").parse::<Condition>().unwrap().is_met(value);
            prop_assert_eq!(met(">"), !met("<="));
            prop_assert_eq!(met("<"), !met(">="));
            prop_assert!(!(met(">") && met("<")));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = read(&text);
        }
    }
}
