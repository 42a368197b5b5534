//! How long the program takes to start where it has nothing to do.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, finds programs, and may fail"
)]

mod measure;

use measure::{Case, budget, measure};

/// Starts of the program, each with its budget in milliseconds.
const STARTS: &[(&str, f64)] = &[
    ("--version", 3.0),
    ("--help", 3.0),
    ("storage buckets --help", 3.0),
];

fn main() {
    let mut cases: Vec<Case> = STARTS
        .iter()
        .map(|(line, _)| Case::supactl(line, &[]))
        .collect();
    // What starting any program takes, and what the official one takes.
    let others = [("true", "", 0.0), ("supabase", "--version", 100.0)];
    let mut ratios = Vec::new();
    for (name, line, factor) in others {
        if let Some(case) = Case::installed(name, line) {
            ratios.push((cases.len(), name, factor));
            cases.push(case.called(&format!("({name} {line})")));
        }
    }
    let memory = cases[1].peak_memory_kb();
    let times = measure(&cases);
    println!();
    for ((line, most), times) in STARTS.iter().zip(&times) {
        budget(line, Some(times.median_ms()), *most, "ms");
    }
    for (index, name, factor) in ratios.into_iter().filter(|(_, _, factor)| *factor > 0.0) {
        let part = times[0].median_ms() * factor / times[index].median_ms();
        let what = format!("--version, {factor} times as fast as {name}");
        budget(&what, Some(part), 1.0, "of its time");
    }
    budget("memory of --help", memory.map(to_mb), 15.0, "MB");
}

#[expect(clippy::cast_precision_loss, reason = "kilobytes of this program fit")]
fn to_mb(kilobytes: u64) -> f64 {
    kilobytes as f64 / 1000.0
}
