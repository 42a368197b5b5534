//! `monitor metrics`

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde_json::Value;

use super::figures::{FIGURES, Figure, Group, Source};
use super::gather::{Asked, Gathered};
use super::sheet;
use super::threshold::{self, Condition};
use super::watch::{WatchArgs, Watched};
use crate::api::{Object, ProjectRef};
use crate::app::App;
use crate::cli::duration;
use crate::error::{Code, Error, Result};
use crate::output::{Drawing, Reply};

/// Show figures of a project: compute, memory, disk, database, requests, latency
///
/// The service measures once a minute, so rates (CPU, disk and network throughput, transactions) take
/// two samples. The last one is kept, so that the next run has its rates at once; `--sample` waits for
/// a second one instead. What cannot be had is listed with its reason, and the rest still comes.
///
/// A condition of `--fail-on` is a figure, `>`, `>=`, `<` or `<=`, and a number, which may have a unit
/// (`%`, `ms`, `k`, `M`, `G`, `kB`, `MB`, `GB`). A figure is named by its key in `-o json`, with its
/// group in front where several groups have it: `api.p95_ms`. If any condition is met, the exit status
/// is 9; a figure that is not known fails too.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl monitor metrics\n  supactl monitor metrics --group compute,database --sample 60s\n  supactl monitor metrics --fail-on 'cpu_percent>90,cache_hit_percent<95' --fail-on 'api.p95_ms>1000'\n  supactl monitor metrics --watch\n  supactl monitor metrics --prometheus > metrics.prom"
)]
pub(crate) struct Metrics {
    /// Time that requests, errors and latency are told for
    #[arg(long, value_enum, default_value = "1h", value_name = "TIME")]
    period: Period,

    /// Wait this long for a second sample, 60s at least
    #[arg(long, value_name = "TIME", value_parser = sample, conflicts_with = "watch")]
    sample: Option<Duration>,

    /// Groups to show, with commas between them [default: all]
    #[arg(
        long = "group",
        value_enum,
        value_delimiter = ',',
        value_name = "GROUPS"
    )]
    groups: Vec<Group>,

    /// End with exit status 9 where a figure is so: `cpu_percent>90`
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "CONDITIONS",
        conflicts_with = "watch"
    )]
    fail_on: Vec<Condition>,

    /// Print the text that Prometheus reads, as it comes
    #[arg(long, group = "prints_bytes", conflicts_with_all = ["sample", "groups", "fail_on", "watch"])]
    prometheus: bool,

    #[command(flatten)]
    watch: WatchArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Period {
    #[value(name = "15min")]
    QuarterHour,
    #[value(name = "1h")]
    Hour,
    #[value(name = "24h")]
    Day,
    #[value(name = "7d")]
    Week,
}

impl Period {
    fn length(self) -> Duration {
        match self {
            Self::QuarterHour => Duration::from_mins(15),
            Self::Hour => Duration::from_hours(1),
            Self::Day => Duration::from_hours(24),
            Self::Week => Duration::from_hours(7 * 24),
        }
    }

    /// The word of the usage endpoint.
    fn interval(self) -> &'static str {
        match self {
            Self::QuarterHour => "15min",
            Self::Hour => "1hr",
            Self::Day => "1day",
            Self::Week => "7day",
        }
    }
}

/// How often the service measures.
const MEASURED_EVERY: Duration = Duration::from_secs(60);

/// How long to wait on where the second sample is the first once more, and how often.
const LATE: Duration = Duration::from_secs(15);
const LATE_TIMES: u32 = 4;

fn sample(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time < MEASURED_EVERY {
        return Err("the service measures once a minute: wait `60s` or longer".to_owned());
    }
    Ok(time)
}

impl Metrics {
    pub(crate) async fn run(self, app: &App) -> Result<Reply> {
        let api = app.api()?;
        if !self.fail_on.is_empty() {
            // A gate rests on nothing cached.
            api.read_fresh();
        }
        let project = app.project().await?;
        if self.prometheus {
            let text = super::gather::scrape(api, &project).await?;
            return Ok(Reply::bytes(text.into()));
        }
        let asked = self.asked();
        if let Some(every) = self.watch.watch {
            let watching = Watching {
                project,
                asked,
                gathered: Gathered::default(),
                asked_at: Vec::new(),
            };
            return Box::pin(self.watch.run(app, every, watching)).await;
        }
        let mut gathered = Gathered::default();
        gathered.ask(app, &project, &asked, &Source::ALL).await?;
        if let Some(error) = gathered.take_failure_of_all() {
            return Err(error);
        }
        if let Some(wait) = self.wait(&gathered) {
            second_sample(app, &project, &asked, &mut gathered, wait).await?;
        }
        let reply = Reply::drawn(gathered.data(&asked, app.now()?), &sheet::DRAWING);
        Ok(match verdict(&self.fail_on, &gathered) {
            Some(error) => reply.with_verdict(error),
            None => reply,
        })
    }

    fn asked(&self) -> Asked {
        let wanted = |group: &Group| {
            self.groups.is_empty()
                || self.groups.contains(group)
                || threshold::groups(&self.fail_on).any(|one| one == *group)
        };
        Asked {
            groups: Group::value_variants()
                .iter()
                .copied()
                .filter(wanted)
                .collect(),
            period: self.period.length(),
            interval: self.period.interval(),
        }
    }

    /// How long to wait for a second sample, if there is to be one.
    fn wait(&self, gathered: &Gathered) -> Option<Duration> {
        let needed = self.fail_on.iter().any(|condition| {
            condition.figure.is_rate && gathered.value(condition.figure).is_none()
        });
        match self.sample {
            _ if !gathered.has_scrape() => None,
            Some(time) => Some(time),
            None if needed && !gathered.has_pair() => Some(MEASURED_EVERY),
            None => None,
        }
    }
}

/// A project whose figures are watched.
struct Watching {
    project: ProjectRef,
    asked: Asked,
    gathered: Gathered,
    /// When each source was last asked.
    asked_at: Vec<(Source, Instant)>,
}

/// How long a source is left alone: the logs and the scrape have ten questions a minute, of which a
/// look at the logs takes three, and neither has anything new to tell more often.
fn rest(source: Source) -> Duration {
    match source {
        Source::Database => Duration::ZERO,
        Source::Scrape => Duration::from_secs(20),
        Source::Usage | Source::Gateway | Source::Services | Source::Functions => {
            Duration::from_secs(60)
        }
    }
}

impl Watched for Watching {
    fn title(&self) -> String {
        format!("Metrics of {}", self.project)
    }

    fn drawing(&self) -> &'static Drawing {
        &sheet::DRAWING
    }

    async fn look(&mut self, app: &App) -> Result<()> {
        let first = self.asked_at.is_empty();
        let mut due = Vec::from(Source::ALL);
        due.retain(|source| {
            let last = self.asked_at.iter().find(|(asked, _)| asked == source);
            last.is_none_or(|(_, at)| at.elapsed() >= rest(*source))
        });
        self.asked_at.retain(|(source, _)| !due.contains(source));
        let now = Instant::now();
        self.asked_at
            .extend(due.iter().map(|source| (*source, now)));
        self.gathered
            .ask(app, &self.project, &self.asked, &due)
            .await?;
        match self.gathered.take_failure_of_all() {
            Some(error) if first => Err(error),
            _ => Ok(()),
        }
    }

    fn data(&self, now: Timestamp) -> Object {
        self.gathered.data(&self.asked, now)
    }

    fn values(&self, data: &Object) -> Vec<(String, Value)> {
        let told = |figure: &Figure| {
            let value = data.get(figure.group.as_str())?.get(figure.key)?;
            let name = format!("{}.{}", figure.group.as_str(), figure.key);
            (!value.is_null()).then(|| (name, value.clone()))
        };
        FIGURES.iter().filter_map(told).collect()
    }
}

/// Waits, and asks for the scrape once more, until it is a new one.
async fn second_sample(
    app: &App,
    project: &ProjectRef,
    asked: &Asked,
    gathered: &mut Gathered,
    wait: Duration,
) -> Result<()> {
    let first = gathered.measured_at();
    app.say(&format!(
        "Waiting {} s for the second sample",
        wait.as_secs()
    ));
    let mut pause = wait;
    for _ in 0..=LATE_TIMES {
        app.pause(pause)
            .await
            .map_err(|error| Error::file("the sandbox's clock", error))?;
        gathered.ask(app, project, asked, &[Source::Scrape]).await?;
        if gathered.measured_at() > first {
            break;
        }
        pause = LATE;
    }
    Ok(())
}

/// The error of the conditions that are met, and of those that nobody can tell.
fn verdict(conditions: &[Condition], gathered: &Gathered) -> Option<Error> {
    let mut met = Vec::new();
    let mut unknown: Option<(Code, String)> = None;
    for condition in conditions {
        let value = gathered.value(condition.figure);
        // What is no number, such as a share of nothing, is not known either.
        match value.filter(|value| value.is_finite()) {
            Some(value) if condition.is_met(value) => {
                met.push(format!(
                    "{condition}: it is {}",
                    super::figures::told(value)
                ));
            }
            Some(_) => {}
            None => {
                let code = gathered.code(condition.figure);
                unknown.get_or_insert((code, format!("{condition}: the figure is not known")));
            }
        }
    }
    match (met.as_slice(), unknown) {
        ([], None) => None,
        ([], Some((code, message))) => Some(Error::verdict(code, message)),
        (met, _) => Some(Error::verdict(Code::CheckFailed, met.join("; "))),
    }
}
