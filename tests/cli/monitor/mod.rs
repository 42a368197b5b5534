/// `monitor health`: the verdict, the gate, waiting.
mod health;
/// `monitor metrics`: figures, rates, conditions, sources that fail.
mod metrics;
