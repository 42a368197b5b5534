//! `help`: of the program, of a command, and pages on what commands share.

use clap::{Args, CommandFactory};

use crate::api::{Area, SETTINGS};
use crate::cli::Cli;
use crate::environment::VARIABLES;
use crate::error::{Code, Result};
use crate::output::Reply;
use crate::usage;

/// Show help for a command, or a page on a topic
#[derive(Debug, Args)]
#[command(
    after_help = "Topics:\n  auth-settings  The settings of the Auth service, and what each takes\n  exit-codes     What each exit status and error code means\n  environment    The variables that are read\n  formats        What comes out, and how to pick from it\n\nExamples:\n  supactl help storage buckets create\n  supactl help exit-codes",
    group(usage::prints_bytes())
)]
pub(crate) struct Help {
    /// Words of the command, or a topic
    #[arg(value_name = "COMMAND|TOPIC")]
    words: Vec<String>,
}

/// A page: its name, and what writes it.
type Topic = (&'static str, fn() -> String);

/// The pages.
const TOPICS: &[Topic] = &[
    ("auth-settings", auth_settings),
    ("exit-codes", exit_codes),
    ("environment", environment),
    ("formats", || include_str!("formats.txt").to_owned()),
];

impl Help {
    pub(crate) fn run(&self) -> Result<Reply> {
        if let [word] = self.words.as_slice()
            && let Some((_, page)) = TOPICS.iter().find(|(name, _)| name == word)
        {
            return Ok(Reply::bytes(page().into()));
        }
        let words = usage::find(&Cli::command(), &self.words)?;
        Ok(Reply::bytes(usage::long_help(&words).into()))
    }
}

/// The names of the pages.
pub(crate) fn topics() -> impl Iterator<Item = &'static str> {
    TOPICS.iter().map(|(name, _)| *name)
}

fn exit_codes() -> String {
    let mut page = "Exit statuses and error codes

The status tells the kind of failure, the code which one it is. Both are the same
in every release. The code stands on standard error as `error[CODE]: ...`, and
with `-o json` and `-o yaml` in `error.code` on standard output. With statuses 9
and 10 there is data as well.

STATUS  CODE                   MEANING
     0                         done
"
    .to_owned();
    for (_, word, status, meaning) in Code::ALL {
        page.push_str(&format!("{status:>6}  {word:<21}  {meaning}\n"));
    }
    page
}

fn auth_settings() -> String {
    let mut page = "Settings of the Auth service

`supactl auth service config --set KEY=VALUE` changes one; null clears it where
nothing else is said. A setting that is marked protects less when it changes that
way: such a change needs a yes, and `--allow-weaker` where nobody can be asked.
"
    .to_owned();
    for (area, word, about) in Area::ALL {
        page.push_str(&format!("\n{word}: {about}\n"));
        for setting in SETTINGS.iter().filter(|setting| setting.area == *area) {
            let never_null = if setting.is_nullable() {
                ""
            } else {
                "; never null"
            };
            page.push_str(&format!(
                "\n  {}\n      {}\n      {}{never_null}\n",
                setting.key,
                setting.about,
                setting.takes()
            ));
            if let Some(when) = setting.weaker.words() {
                page.push_str(&format!("      protects less {when}\n"));
            }
        }
    }
    page
}

fn environment() -> String {
    let mut page = "Environment variables

A flag wins over its variable, a variable over the profile. A variable that is
empty counts as not set.
"
    .to_owned();
    for variable in VARIABLES {
        let flag = match variable.flag {
            Some(flag) => format!("  ({flag})"),
            None => String::new(),
        };
        page.push_str(&format!(
            "\n{}{flag}\n    {}\n",
            variable.name, variable.meaning
        ));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_fit_a_terminal() {
        for (name, page) in TOPICS {
            let page = page();
            assert!(page.ends_with('\n'), "{name}");
            for line in page.lines() {
                assert!(line.chars().count() <= 100, "{name}: {line}");
                assert_eq!(line, line.trim_end(), "{name}");
            }
        }
    }

    #[test]
    fn every_topic_is_listed() {
        let mut tree = crate::command();
        let top = tree.render_long_help().to_string();
        let help = crate::command();
        let help = help.find_subcommand("help").unwrap();
        let own = help.get_after_help().unwrap().to_string();
        for name in topics() {
            assert!(top.contains(&format!("supactl help {name}")), "{name}");
            assert!(own.contains(name), "{name}");
        }
    }

    #[test]
    fn every_code_is_on_its_page() {
        let page = exit_codes();
        for (_, word, status, meaning) in Code::ALL {
            assert!(page.lines().any(|line| {
                let mut parts = line.split_whitespace();
                parts.next() == Some(&status.to_string())
                    && parts.next() == Some(word)
                    && line.ends_with(meaning)
            }));
        }
    }
}
