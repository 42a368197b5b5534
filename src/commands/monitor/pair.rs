//! Two scrapes: what a project says of itself, and what it said before.

use crate::api::{Sample, Scrape};

/// A scrape, and an earlier one to compare it to where there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<'a> {
    now: &'a Scrape<'a>,
    before: Option<&'a Scrape<'a>>,
    /// Between the two, in seconds; above 0 where there are two.
    seconds: f64,
}

impl<'a> Pair<'a> {
    pub(super) fn new(now: &'a Scrape<'a>) -> Self {
        Self {
            now,
            before: None,
            seconds: 0.0,
        }
    }

    /// Compares it to an earlier scrape, so many seconds older.
    pub(super) fn since(self, before: &'a Scrape<'a>, seconds: f64) -> Self {
        Self {
            before: (seconds > 0.0).then_some(before),
            seconds,
            ..self
        }
    }

    /// The seconds that rates are over.
    pub(super) fn seconds(&self) -> Option<f64> {
        self.before.map(|_| self.seconds)
    }

    /// The series of a name, those of read replicas left out.
    fn series(&self, name: &str) -> impl Iterator<Item = &'a Sample<'a>> {
        self.now.series(name).iter().filter(|one| is_primary(one))
    }

    /// All series of a name together.
    pub(super) fn sum(&self, name: &str) -> Option<f64> {
        add(self.series(name).map(|one| one.value))
    }

    /// All series of a name that have this label.
    pub(super) fn sum_of(&self, name: &str, label: &str, value: &str) -> Option<f64> {
        let found = self
            .series(name)
            .filter(|one| one.label(label).as_deref() == Some(value));
        add(found.map(|one| one.value))
    }

    /// The highest of all series of a name.
    pub(super) fn highest(&self, name: &str) -> Option<f64> {
        self.series(name).map(|one| one.value).reduce(f64::max)
    }

    /// How many values a label has.
    pub(super) fn values_of(&self, name: &str, label: &str) -> Option<f64> {
        let mut values: Vec<_> = self
            .series(name)
            .filter_map(|one| one.label(label))
            .collect();
        values.sort_unstable();
        values.dedup();
        let count = u32::try_from(values.len()).ok()?;
        (count > 0).then_some(f64::from(count))
    }

    /// How much a counter went up a second, all its series together.
    pub(super) fn rate(&self, name: &str) -> Option<f64> {
        add(self.rates(name, |_| true)?.into_iter())
    }

    /// The same of the series whose label is another.
    pub(super) fn rate_without(&self, name: &str, label: &str, value: &str) -> Option<f64> {
        self.rate_where(name, label, |one| one != value)
    }

    /// The same of the series whose label is one that is wanted; none of them is no increase.
    pub(super) fn rate_where(
        &self,
        name: &str,
        label: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Option<f64> {
        let rates = self.rates(name, |one| {
            one.label(label).is_some_and(|value| wanted(&value))
        })?;
        Some(rates.into_iter().sum())
    }

    /// The series that went up fastest.
    pub(super) fn highest_rate(&self, name: &str) -> Option<f64> {
        self.rates(name, |_| true)?.into_iter().reduce(f64::max)
    }

    /// What each series went up a second. A counter that fell was reset in between, and then nothing
    /// is known of its name; a series without an earlier value does not count.
    fn rates(&self, name: &str, wanted: impl Fn(&Sample<'_>) -> bool) -> Option<Vec<f64>> {
        let before = self.before?.series(name);
        let mut rates = Vec::new();
        let mut known = false;
        for (index, sample) in self.now.series(name).iter().enumerate() {
            if !is_primary(sample) {
                continue;
            }
            let same = |other: &&Sample<'_>| other.labels() == sample.labels();
            // Series keep their order from scrape to scrape, mostly.
            let earlier = before
                .get(index)
                .filter(same)
                .or_else(|| before.iter().find(same));
            let Some(earlier) = earlier else { continue };
            known = true;
            if sample.value < earlier.value {
                return None;
            }
            if wanted(sample) {
                rates.push((sample.value - earlier.value) / self.seconds);
            }
        }
        known.then_some(rates)
    }
}

/// A replica has the project's reference too, and an identifier of its own.
fn is_primary(sample: &Sample<'_>) -> bool {
    match (
        sample.label("supabase_identifier"),
        sample.label("supabase_project_ref"),
    ) {
        (Some(identifier), Some(project)) => identifier == project,
        _ => true,
    }
}

/// The sum of what there is; nothing has none.
fn add(values: impl Iterator<Item = f64>) -> Option<f64> {
    values.reduce(|sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate(before: &str, now: &str, seconds: f64) -> Option<f64> {
        let (before, now) = (Scrape::read(before), Scrape::read(now));
        Pair::new(&now).since(&before, seconds).rate("c")
    }

    #[test]
    fn a_rate_is_what_was_added_a_second() {
        assert_eq!(rate("c 10", "c 70", 60.0), Some(1.0));
        assert_eq!(
            rate(
                "c{a=\"1\"} 0\nc{a=\"2\"} 5",
                "c{a=\"2\"} 5\nc{a=\"1\"} 60",
                60.0
            ),
            Some(1.0)
        );
        // Nothing was added, which is something else than not knowing.
        assert_eq!(rate("c 10", "c 10", 60.0), Some(0.0));
    }

    #[test]
    fn across_a_reset_nothing_is_known() {
        assert_eq!(rate("c 100", "c 3", 60.0), None);
        assert_eq!(
            rate(
                "c{a=\"1\"} 100\nc{a=\"2\"} 1",
                "c{a=\"1\"} 160\nc{a=\"2\"} 0",
                60.0
            ),
            None
        );
    }

    #[test]
    fn what_was_not_there_before_does_not_count() {
        assert_eq!(
            rate("c{a=\"1\"} 0", "c{a=\"1\"} 60\nc{a=\"2\"} 9000", 60.0),
            Some(1.0)
        );
        assert_eq!(rate("d 1", "c 1", 60.0), None);
        assert_eq!(rate("c NaN", "c 1", 60.0), None);
        assert_eq!(rate("c 1", "c NaN", 60.0), None);
        assert_eq!(rate("c 1", "c 2", 0.0), None);
    }

    #[test]
    fn replicas_are_left_out() {
        let text = "g{supabase_project_ref=\"p\",supabase_identifier=\"p\"} 1\ng{supabase_project_ref=\"p\",supabase_identifier=\"p-r1\"} 5\n";
        let scrape = Scrape::read(text);
        assert_eq!(Pair::new(&scrape).sum("g"), Some(1.0));
        assert_eq!(Pair::new(&scrape).highest("g"), Some(1.0));
    }

    #[test]
    fn labels_are_picked_and_counted() {
        let scrape = Scrape::read("g{m=\"a\",n=\"1\"} 1\ng{m=\"b\",n=\"1\"} 2\n");
        let pair = Pair::new(&scrape);
        assert_eq!(pair.sum_of("g", "m", "b"), Some(2.0));
        assert_eq!(pair.sum_of("g", "m", "c"), None);
        assert_eq!(
            (pair.values_of("g", "m"), pair.values_of("g", "n")),
            (Some(2.0), Some(1.0))
        );
        assert_eq!(pair.seconds(), None);
    }

    proptest! {
        #[test]
        fn no_rate_is_ever_negative(before in prop::collection::vec(0u32..1000, 1..6), now in prop::collection::vec(0u32..1000, 1..6), seconds in 1.0f64..600.0) {
            let text = |values: &[u32]| {
                let lines: Vec<_> = values.iter().enumerate().map(|(index, value)| format!("c{{i=\"{index}\"}} {value}")).collect();
                lines.join("\n")
            };
            let reset = before.iter().zip(&now).any(|(before, now)| now < before);
            match rate(&text(&before), &text(&now), seconds) {
                Some(rate) => prop_assert!(rate >= 0.0 && !reset),
                None => prop_assert!(reset),
            }
        }
    }
}
