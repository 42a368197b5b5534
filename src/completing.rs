//! What Tab offers: the words of the program, and names out of answers that were cached.
//!
//! A script of `supactl completions` runs the program at every Tab with [`VARIABLE`] set. Nothing is
//! asked for then: what no earlier run has cached is not offered, and no failure is told.

use std::ffi::OsString;

use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};

use crate::api::{Api, Kind, ProjectRef, Record, SETTINGS};
use crate::app::App;
use crate::cli::Cli;
use crate::config::{self, Config};
use crate::settings::{self, Settings};

/// Set by the scripts, to the name of the shell.
pub(crate) const VARIABLE: &str = "SUPACTL_COMPLETE";

/// Answers a shell that asks what could come next; false where none asks.
pub(crate) fn answered(args: &[OsString]) -> bool {
    if settings::variable(VARIABLE).is_none() {
        return false;
    }
    let folder = std::env::current_dir().ok();
    let tree = CompleteEnv::with_factory(Cli::command).var(VARIABLE);
    // A shell that is not known gets nothing, and there is nobody to tell it to.
    tree.try_complete(apart(args), folder.as_deref())
        .unwrap_or(true)
}

/// The same words, with `sandbox` after `--profile` changed a little: the engine takes it for the
/// command of that name. What is looked up follows the words as they were typed.
fn apart(args: &[OsString]) -> Vec<OsString> {
    let mut args = args.to_vec();
    let finished = args.len().saturating_sub(1);
    for at in 1..finished {
        if args[at - 1] == "--profile" && args[at] == config::SANDBOX {
            args[at].push(" ");
        }
    }
    args
}

/// Offers projects, by reference, with their names.
pub(crate) fn projects() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let found = cached(async |api, _| Some(api.cached_projects().await));
        let rows = found.unwrap_or_default().into_iter();
        rows.filter_map(|project| {
            let name = project.text("name").unwrap_or_default().to_owned();
            Some(offer(project.text("ref")?, &name))
        })
        .collect()
    })
}

/// Offers the buckets of the project that is meant.
pub(crate) fn buckets() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let found = cached(async |api, project| Some(api.cached_buckets(&project?).await));
        let rows = found.unwrap_or_default().into_iter();
        rows.filter_map(|bucket| Some(offer(bucket.text("id")?, "")))
            .collect()
    })
}

/// Offers the settings of the Auth service, each with the `=` after which its value stands.
pub(crate) fn auth_settings() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let settings = SETTINGS.iter();
        settings
            .filter(|setting| setting.kind != Kind::ReadOnly)
            .map(|setting| offer(&format!("{}=", setting.key), setting.about))
            .collect()
    })
}

/// Offers the profiles that there are.
pub(crate) fn profiles() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let config = settings::config_folder().and_then(|folder| Config::read(&folder));
        let written = config.map(|config| config.profiles).unwrap_or_default();
        let built_in = [offer(config::SANDBOX, "built in")];
        let names = written.keys().map(|name| offer(name, ""));
        built_in.into_iter().chain(names).collect()
    })
}

fn offer(value: &str, help: &str) -> CompletionCandidate {
    // Control characters would steer the terminal that shows them.
    let help = crate::output::harmless(help).to_string();
    CompletionCandidate::new(value).help((!help.is_empty()).then(|| help.into()))
}

/// Looks into the cached answers as the command that is being typed would, as far as it can be known.
fn cached<T>(look: impl AsyncFnOnce(&Api, Option<ProjectRef>) -> Option<T>) -> Option<T> {
    let cli = Cli::try_parse_from(typed(std::env::args_os())).ok()?;
    let settings = Settings::resolve(&cli.global, false).ok()?;
    let project = settings
        .target()
        .and_then(|target| settings::as_ref(&target.name));
    let output = settings.output(&cli.global, false).ok()?;
    let terminal = settings::terminal(&cli.global, false);
    let app = App::new(settings, String::new(), terminal, output);
    let api = app.cached_only().ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().ok()?;
    runtime.block_on(look(&api, project))
}

/// The flags among the words that say whose answers are meant, before a command that needs none.
fn typed(args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut words = args.skip_while(|word| word != "--").skip(1);
    let mut typed = vec![OsString::from("supactl")];
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if matches!(&*text, "-p" | "--project" | "--profile") {
            typed.extend([word.clone()].into_iter().chain(words.next()));
        } else if text.starts_with("--project=") || text.starts_with("--profile=") {
            typed.push(word);
        }
    }
    typed.push("whoami".into());
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_and_the_profile_are_found_among_the_words() {
        let found = |line: &str| {
            let words = line.split(' ').map(OsString::from);
            typed(words).join(&OsString::from(" "))
        };
        assert_eq!(found("supactl --project x"), "supactl whoami");
        assert_eq!(
            found("supactl -- supactl storage -p abc buckets get --profile=work "),
            "supactl -p abc --profile=work whoami"
        );
        let line = ["supactl", "--", "supactl", "--profile", "sandbox", ""].map(OsString::from);
        assert_eq!(apart(&line)[4], "sandbox ");
        assert_eq!(
            found("supactl -- supactl --project"),
            "supactl --project whoami"
        );
    }
}
