//! Runs programs from spawn to exit, and holds what that took against a budget.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each command runs. Enough for the median to stay within a tenth of a millisecond.
const ROUNDS: usize = 300;

/// Runs before the first that counts: they bring the program into memory.
const WARM_UP: usize = 5;

/// A command to measure.
pub(crate) struct Case {
    name: String,
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

/// What the runs of a command took, in order of length.
pub(crate) struct Times(Vec<Duration>);

impl Case {
    /// The program that is being measured, with nothing but these variables set.
    pub(crate) fn supactl(line: &str, environment: &[(&'static str, String)]) -> Self {
        Self {
            environment: environment.to_vec(),
            ..Self::new(Path::new(env!("CARGO_BIN_EXE_supactl")), line)
        }
    }

    /// Another program to compare it with, where it is installed.
    pub(crate) fn installed(name: &str, line: &str) -> Option<Self> {
        let path = std::env::var_os("PATH")?;
        let program = std::env::split_paths(&path)
            .map(|folder| folder.join(name))
            .find(|program| program.is_file())?;
        Some(Self::new(&program, line))
    }

    fn new(program: &Path, line: &str) -> Self {
        let name = program.file_stem().unwrap_or_default().to_string_lossy();
        Self {
            name: format!("{name} {line}"),
            program: program.to_owned(),
            arguments: line.split_whitespace().map(str::to_owned).collect(),
            environment: Vec::new(),
        }
    }

    /// The same under another name in what is printed.
    pub(crate) fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", std::env::temp_dir())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn run(&self) -> Duration {
        let mut command = self.command(&self.program);
        command.args(&self.arguments);
        let started = Instant::now();
        let status = command.status().expect("the program starts");
        let took = started.elapsed();
        assert!(status.success(), "{} failed: {status}", self.name);
        took
    }

    /// Most memory that one run had resident, in kilobytes, as the `time` of GNU or of BSD tells it.
    pub(crate) fn peak_memory_kb(&self) -> Option<u64> {
        let time = Path::new("/usr/bin/time");
        for (flags, bytes_per_unit) in [(&["-f", "%M"][..], 1024), (&["-l"], 1)] {
            let mut command = self.command(time);
            command.args(flags).arg(&self.program).args(&self.arguments);
            let Ok(output) = command.stderr(Stdio::piped()).output() else {
                continue;
            };
            let text = String::from_utf8_lossy(&output.stderr).into_owned();
            let line = text
                .lines()
                .rev()
                .find(|line| bytes_per_unit > 1 || line.contains("maximum resident set size"));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            if let (true, Some(number)) = (output.status.success(), number) {
                return Some(number * bytes_per_unit / 1024);
            }
        }
        None
    }
}

/// Runs all commands in turn, so that a slow moment of the machine is no single one's.
pub(crate) fn measure(cases: &[Case]) -> Vec<Times> {
    measure_some(cases, ROUNDS)
}

/// The same with fewer runs, for what takes long.
pub(crate) fn measure_some(cases: &[Case], rounds: usize) -> Vec<Times> {
    let (warm_up, rounds) = if counts() { (WARM_UP, rounds) } else { (0, 1) };
    let mut all: Vec<Vec<Duration>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 0..warm_up + rounds {
        for (case, times) in cases.iter().zip(&mut all) {
            let took = case.run();
            if round >= warm_up {
                times.push(took);
            }
        }
    }
    let all: Vec<Times> = all.into_iter().map(Times::sorted).collect();
    println!(
        "{:44} {:>9} {:>9} {:>9}   ms, {rounds} runs",
        "", "median", "min", "max"
    );
    for (case, times) in cases.iter().zip(&all) {
        let [median, min, max] = [times.median(), times.0[0], times.0[times.0.len() - 1]]
            .map(|time| time.as_secs_f64() * 1e3);
        println!("{:44} {median:9.2} {min:9.2} {max:9.2}", case.name);
    }
    all
}

impl Times {
    fn sorted(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    pub(crate) fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }

    pub(crate) fn median_ms(&self) -> f64 {
        self.median().as_secs_f64() * 1e3
    }
}

/// Whether this is `cargo bench`. `cargo test --benches` only asks whether it runs.
fn counts() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Says whether a figure is within its budget.
pub(crate) fn budget(what: &str, figure: Option<f64>, most: f64, unit: &str) {
    match figure {
        Some(figure) if !counts() => {
            println!("budget not judged, of a debug build: {what}: {figure:.2} {unit}");
        }
        Some(figure) => {
            let verdict = if figure <= most { "ok" } else { "MISSED" };
            println!("budget {verdict:6} {what}: {figure:.2} of {most} {unit}");
        }
        None => println!("budget ?      {what}: cannot be measured here"),
    }
}
