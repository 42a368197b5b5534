//! Lines drawn for a terminal of some width: inks, columns, bars and sparklines.
//!
//! Everything can be read without colour: what an ink says, a word or a sign says too.

#![expect(
    dead_code,
    reason = "bars and sparklines are for the metrics, which come next"
)]

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;

use super::safe;
use super::time::Zone;

/// Where something is drawn.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    /// Columns that there are.
    pub(crate) width: usize,
    /// Whether inks show.
    pub(crate) color: bool,
    /// The time that ages count from.
    pub(crate) now: Timestamp,
    /// Times in UTC rather than local.
    pub(crate) utc: bool,
}

/// How a piece of a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    Plain,
    Bold,
    Dim,
    Good,
    Warn,
    Bad,
}

impl Ink {
    /// The basic colours alone: those are legible on light and on dark, as people set them up.
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Bold => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// A line, piece by piece.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Vec<(Ink, String)>);

impl Line {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds text, with nothing in it that would steer a terminal.
    pub(crate) fn text(mut self, ink: Ink, text: &str) -> Self {
        self.0.push((ink, safe::cell(text).into_owned()));
        self
    }

    /// Adds text in a column of so many places: cut or filled up.
    pub(crate) fn column(self, ink: Ink, text: &str, width: usize) -> Self {
        let text = fitted(&safe::cell(text), width);
        let blanks = width.saturating_sub(wide(&text));
        self.text(ink, &text).gap(blanks)
    }

    /// Adds text at the right end of a column of so many places.
    pub(crate) fn right(self, ink: Ink, text: &str, width: usize) -> Self {
        let text = fitted(&safe::cell(text), width);
        let blanks = width.saturating_sub(wide(&text));
        self.gap(blanks).text(ink, &text)
    }

    /// Adds blanks.
    pub(crate) fn gap(mut self, blanks: usize) -> Self {
        self.0.push((Ink::Plain, " ".repeat(blanks)));
        self
    }

    /// Adds another line.
    pub(crate) fn then(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The same line in bold.
    pub(crate) fn bold(mut self) -> Self {
        for (ink, _) in &mut self.0 {
            *ink = Ink::Bold;
        }
        self
    }

    /// The places that it takes.
    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| wide(text)).sum()
    }
}

impl Canvas {
    /// A time of the service, as tables show it.
    pub(crate) fn time(&self, text: &str) -> String {
        Zone::new(self.utc).show(text)
    }

    /// The line as bytes for the terminal, cut where the terminal ends.
    pub(crate) fn paint(&self, line: &Line) -> String {
        let (mut painted, mut plain) = (String::new(), String::new());
        for (ink, text) in &line.0 {
            // Measured as a whole: some characters change the width of the one before.
            let mut text = text.as_str();
            while !text.is_empty() && wide(&format!("{plain}{text}")) > self.width {
                text = shorter(text);
            }
            plain.push_str(text);
            if self.color && *ink != Ink::Plain {
                let style = ink.style();
                painted.push_str(&format!("{style}{text}{style:#}"));
            } else {
                painted.push_str(text);
            }
        }
        painted.trim_end().to_owned()
    }
}

/// A share from 0 to 1 as a bar of so many places: what is full, and the rest.
pub(crate) fn bar(share: f64, width: usize) -> (String, String) {
    let full = rounded(share.clamp(0.0, 1.0) * small(width)).min(width);
    ("█".repeat(full), "░".repeat(width - full))
}

/// Values as a line of bars, the highest as high as a letter. More values than places are joined.
pub(crate) fn sparkline(values: &[f64], width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let joined: Vec<f64> = if values.len() <= width {
        values.to_vec()
    } else {
        (0..width)
            .map(|place| {
                let from = place * values.len() / width;
                let to = (place + 1) * values.len() / width;
                values[from..to].iter().sum::<f64>() / small(to - from)
            })
            .collect()
    };
    let most = joined.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    joined
        .iter()
        .map(|value| BARS[rounded((value / most).clamp(0.0, 1.0) * 7.0).min(7)])
        .collect()
}

/// The text on as many lines as it needs, broken between words; a word wider than a line is cut.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in safe::cell(text).split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if wide(line) + 1 + wide(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.iter().map(|line| fitted(line, width)).collect()
}

/// The places that a text takes on a terminal.
pub(crate) fn wide(text: &str) -> usize {
    console::measure_text_width(text)
}

/// The text, cut to so many places; the cut shows.
fn fitted(text: &str, width: usize) -> String {
    let mut kept = text;
    let mut cut = text.to_owned();
    while wide(&cut) > width && !kept.is_empty() {
        kept = shorter(kept);
        cut = format!("{kept}…");
    }
    if width == 0 { String::new() } else { cut }
}

/// The text without its last character.
fn shorter(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next_back();
    characters.as_str()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "places on a terminal and buckets of a series are few"
)]
fn small(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "neither negative nor large: shares of a width"
)]
fn rounded(value: f64) -> usize {
    value.round() as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canvas(width: usize, color: bool) -> Canvas {
        Canvas {
            width,
            color,
            now: Timestamp::UNIX_EPOCH,
            utc: true,
        }
    }

    #[test]
    fn bars_are_as_long_as_their_share() {
        for (share, shown) in [
            (0.0, "░░░░"),
            (0.5, "██░░"),
            (0.4, "██░░"),
            (1.0, "████"),
            (7.0, "████"),
            (-1.0, "░░░░"),
        ] {
            let (full, rest) = bar(share, 4);
            assert_eq!(format!("{full}{rest}"), shown, "{share}");
        }
    }

    #[test]
    fn a_series_is_as_high_as_its_highest() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 4.0], 10), "▁▃▅█");
        assert_eq!(sparkline(&[1.0, 1.0, 3.0, 5.0], 2), "▃█");
        assert_eq!(sparkline(&[0.0, 0.0, 8.0, 8.0, 8.0, 8.0], 3), "▁██");
        assert_eq!(sparkline(&[0.0, 0.0], 5), "▁▁");
        assert_eq!(sparkline(&[], 5), "");
    }

    #[test]
    fn more_values_than_places_are_joined() {
        assert_eq!(sparkline(&[1.0, 1.0, 2.0, 2.0, 8.0, 8.0], 3), "▂▃█");
        assert_eq!(sparkline(&[0.0, 8.0, 8.0, 8.0, 2.0], 2), "▆█");
        assert_eq!(sparkline(&[0.0, 0.0], 5), "▁▁");
        assert_eq!(sparkline(&[], 5), "");
        assert_eq!(sparkline(&[1.0], 0), "");
    }

    #[test]
    fn a_time_is_shown_as_in_tables() {
        assert_eq!(
            canvas(80, false).time("2026-11-22T09:30:00Z"),
            "2026-11-22 09:30:00Z"
        );
    }

    #[test]
    fn each_ink_has_its_style_where_there_is_colour() {
        for (ink, painted) in [
            (Ink::Plain, "x"),
            (Ink::Bold, "\u{1b}[1mx\u{1b}[0m"),
            (Ink::Dim, "\u{1b}[2mx\u{1b}[0m"),
            (Ink::Good, "\u{1b}[32mx\u{1b}[0m"),
            (Ink::Warn, "\u{1b}[33mx\u{1b}[0m"),
            (Ink::Bad, "\u{1b}[1m\u{1b}[31mx\u{1b}[0m"),
        ] {
            let line = Line::new().text(ink, "x");
            assert_eq!(canvas(80, true).paint(&line), painted, "{ink:?}");
            assert_eq!(canvas(80, false).paint(&line), "x", "{ink:?}");
        }
        let bold = Line::new().text(Ink::Good, "a").text(Ink::Bad, "b").bold();
        assert_eq!(
            canvas(80, true).paint(&bold),
            "\u{1b}[1ma\u{1b}[0m\u{1b}[1mb\u{1b}[0m"
        );
    }

    #[test]
    fn nothing_of_the_service_steers_the_terminal() {
        let line = Line::new().text(Ink::Bad, "a\u{1b}[2Jb\nc");
        assert_eq!(canvas(80, false).paint(&line), "a\\u{1b}[2Jb\\nc");
    }

    #[test]
    fn long_text_is_broken_between_words() {
        assert_eq!(wrapped("one two  three", 7), ["one two", "three"]);
        assert_eq!(wrapped("incomprehensible", 7), ["incomp…"]);
        assert_eq!(wrapped("ab cdefg", 7), ["ab", "cdefg"]);
        assert_eq!(wrapped("ab cd", 4), ["ab", "cd"]);
        assert_eq!(wrapped("ab cd", 5), ["ab cd"]);
        assert!(wrapped("", 7).is_empty());
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(texts in prop::collection::vec("\\PC{0,30}", 0..5), width in 1usize..60) {
            let line = texts.iter().fold(Line::new(), |line, text| line.column(Ink::Warn, text, 12).text(Ink::Dim, text));
            prop_assert!(wide(&canvas(width, false).paint(&line)) <= width);
            let painted = canvas(width, true).paint(&line);
            prop_assert!(wide(&console::strip_ansi_codes(&painted)) <= width);
        }

        #[test]
        fn a_bar_has_its_width(share in -0.5f64..1.5, width in 0usize..60) {
            let (full, rest) = bar(share, width);
            prop_assert_eq!(full.chars().count() + rest.chars().count(), width);
        }
    }
}
