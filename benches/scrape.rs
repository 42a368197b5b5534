//! How long a scrape of a project's metrics takes to read: some 300 KB, once a minute.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

#[expect(
    dead_code,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "programs are not run here"
)]
mod measure;
#[expect(dead_code, reason = "only the reading is measured")]
#[path = "../src/api/prometheus.rs"]
mod prometheus;

use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

use measure::budget;
use prometheus::Scrape;

/// What a scrape of a project with many tables has.
const BYTES: usize = 300_000;

const ROUNDS: usize = 300;

fn main() {
    let text = scrape();
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let started = Instant::now();
            black_box(Scrape::read(black_box(&text)));
            started.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{} KB: {:.2} to {:.2} ms",
        text.len() / 1000,
        times[0],
        times[ROUNDS - 1]
    );
    budget("reading a scrape", Some(times[ROUNDS / 2]), 2.0, "ms");
}

/// Families of a few series each, with the labels that every series of the service has.
fn scrape() -> String {
    let mut text = String::with_capacity(BYTES + 1000);
    for family in 0.. {
        let name = format!("node_family_{family}_bytes_total");
        let _ = writeln!(
            text,
            "# HELP {name} Statistic {family} of a device.\n# TYPE {name} counter"
        );
        for device in 0..6 {
            let _ = writeln!(
                text,
                "{name}{{supabase_project_ref=\"abcdefghijklmnopqrst\",supabase_identifier=\"abcdefghijklmnopqrst\",service_type=\"db\",device=\"nvme{device}\"}} {}",
                22_412_345_344_u64 * (family + device + 1)
            );
            if text.len() > BYTES {
                return text;
            }
        }
    }
    text
}
