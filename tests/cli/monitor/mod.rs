/// `monitor health`: the verdict, the gate, waiting.
mod health;
/// `monitor metrics`: figures, rates, conditions, sources that fail.
mod metrics;
/// `--watch`: in place, as records, as changes; and the way out of it.
mod watch;
