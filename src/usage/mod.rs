//! What was typed, as far as it could be understood: for help, and for saying what is wrong with it.

mod leaf;

use std::cmp::Reverse;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, ValueEnum};

pub(crate) use leaf::{
    Leaf, leaf, no_shape, prints_bytes, prints_bytes_unasked, prints_bytes_unshaped,
};

use crate::cli::Cli;
use crate::commands::help;
use crate::error::{Error, Result};
use crate::output::Format;

/// What can be read of a command line that is wrong.
pub(crate) struct Typed {
    /// The words of the command, as far as they are ones.
    pub(crate) words: Vec<String>,
    /// The commands that could have followed.
    pub(crate) next: Vec<String>,
    pub(crate) format: Option<Format>,
    /// All that is no flag, in the order typed.
    arguments: Vec<String>,
}

impl Typed {
    /// Follows the words through the tree and picks up the format on the way.
    pub(crate) fn guess(root: &Command, args: &[OsString]) -> Self {
        let mut words = Vec::new();
        let mut arguments = Vec::new();
        let mut at = root;
        let mut format = None;
        let mut filtered = false;
        let mut args = args.iter().skip(1).map(|arg| arg.to_string_lossy());
        while let Some(arg) = args.next() {
            if arg == "--" {
                break;
            }
            if let Some((flag, value)) = flag(root, at, &arg) {
                if !flag.get_action().takes_values() {
                    continue;
                }
                // A value that happens to be the name of a command is none.
                let value = value
                    .map(str::to_owned)
                    .or_else(|| args.next().map(std::borrow::Cow::into_owned));
                match flag.get_id().as_str() {
                    "format" => {
                        format = value
                            .and_then(|value| Format::from_str(&value, true).ok())
                            .or(format);
                    }
                    "jq" => filtered = true,
                    _ => {}
                }
            } else if !arg.starts_with('-') {
                if let Some(command) = at.find_subcommand(&*arg) {
                    words.push(command.get_name().to_owned());
                    at = command;
                }
                arguments.push(arg.into_owned());
            }
        }
        let next = below(at).map(str::to_owned).collect();
        Self {
            words,
            next,
            // An expression is for data: with one, nothing of a failure goes to standard output.
            format: if filtered {
                Some(Format::Table)
            } else {
                format
            },
            arguments,
        }
    }
}

/// The names of the commands that a group shows.
pub(crate) fn below(at: &Command) -> impl Iterator<Item = &str> {
    at.get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(Command::get_name)
}

/// The flag that an argument is, with the value that is attached to it.
fn flag<'a, 'b>(
    root: &'a Command,
    at: &'a Command,
    arg: &'b str,
) -> Option<(&'a Arg, Option<&'b str>)> {
    let known = || root.get_arguments().chain(at.get_arguments());
    if let Some(long) = arg.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let flag = known().find(|flag| {
            flag.get_long() == Some(name)
                || flag
                    .get_all_aliases()
                    .is_some_and(|aliases| aliases.contains(&name))
        })?;
        return Some((flag, value));
    }
    // Several letters may share a dash; the first that takes a value takes all that is left.
    let mut last = None;
    let letters = arg.strip_prefix('-')?;
    for (index, letter) in letters.char_indices() {
        let flag = known().find(|flag| flag.get_short() == Some(letter))?;
        let rest = letters[index + letter.len_utf8()..].trim_start_matches('=');
        last = Some((flag, (!rest.is_empty()).then_some(rest)));
        if flag.get_action().takes_values() {
            break;
        }
    }
    last
}

/// The words of the command that was meant, each by its own name rather than an alias.
///
/// # Errors
/// [`Error::Usage`] for a word that is no command, with those that were perhaps meant.
pub(crate) fn find(root: &Command, words: &[String]) -> Result<Vec<String>> {
    let mut at = root;
    let mut found = Vec::new();
    for word in words {
        let Some(command) = at.find_subcommand(word) else {
            let mut meant = meant(root, words, word);
            if words.len() == 1 {
                // Topics are no commands, and close all the same.
                let topic = help::topics()
                    .filter_map(|topic| Some((distance(word, topic)?, topic)))
                    .min();
                if let Some((_, topic)) = topic {
                    meant.insert(0, format!("supactl help {topic}"));
                    meant.truncate(1);
                }
            }
            let all = "`supactl --help` shows the commands and topics";
            return Err(Error::Usage {
                message: format!("there is no command or topic `{}`", words.join(" ")),
                hint: Some(match did_you_mean(&meant) {
                    Some(question) => format!("{question} {all}"),
                    None => all.to_owned(),
                }),
            });
        };
        found.push(command.get_name().to_owned());
        at = command;
    }
    Ok(found)
}

/// The help that `--help` shows for a command.
pub(crate) fn long_help(words: &[String]) -> String {
    let name = std::iter::once("supactl");
    let asked = name
        .chain(words.iter().map(String::as_str))
        .chain(std::iter::once("--help"));
    match described(Cli::command(), words).try_get_matches_from(asked) {
        Err(error) => error.render().to_string(),
        Ok(_) => String::new(),
    }
}

/// The tree to read these arguments by: a command in it is made when it is typed, and no other is.
pub(crate) fn tree(args: &[OsString]) -> Command {
    let tree = Cli::command();
    match args.iter().rposition(|arg| may_ask_help(arg)) {
        Some(asked) => {
            let words = Typed::guess(&tree, &args[..asked]).words;
            described(tree, &words)
        }
        None => tree,
    }
}

/// Makes a command of the tree, whose flags are known then.
pub(crate) fn make(tree: &mut Command, words: &[String]) {
    let place = words
        .iter()
        .try_fold(tree, |at, word| at.find_subcommand_mut(word));
    if let Some(command) = place.filter(|command| !command.has_subcommands()) {
        command.build();
    }
}

/// Whether an argument is `--help`, or short flags of which one may be `-h`.
fn may_ask_help(arg: &OsStr) -> bool {
    let arg = arg.to_string_lossy();
    match arg.strip_prefix('-') {
        Some("-help") => true,
        Some(letters) => !letters.starts_with('-') && letters.contains('h'),
        None => false,
    }
}

/// The tree in which each group on the way to a command, and it if it is one, can say what the
/// commands in it do: those are made for that.
fn described(at: Command, words: &[String]) -> Command {
    let at = at.mut_subcommands(|below| {
        // A group can say it already.
        if below.get_about().is_some() {
            return below;
        }
        let mut made = below.clone();
        made.build();
        match made.get_about() {
            Some(about) => below.about(about.clone()),
            None => below,
        }
    });
    match words {
        [] => at,
        [word, rest @ ..] => at.mut_subcommand(word, |below| described(below, rest)),
    }
}

/// Whether clap's "error" is what was asked for.
pub(crate) fn is_help(error: &clap::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    )
}

/// Shows help or the version.
pub(crate) fn show(error: &clap::Error) -> ExitCode {
    let mut out = std::io::stdout().lock();
    // A closed pipe is no failure.
    let _ = write!(out, "{}", error.render()).and_then(|()| out.flush());
    ExitCode::SUCCESS
}

/// Shows the help of the whole program.
pub(crate) fn show_help() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let help = described(Cli::command(), &[]).render_help();
    let _ = write!(out, "{help}").and_then(|()| out.flush());
    ExitCode::SUCCESS
}

/// Says what is wrong with a command line, and what to type instead.
pub(crate) fn explain(error: &clap::Error, typed: &Typed, root: &Command) -> Error {
    let called = if typed.words.is_empty() {
        "supactl".to_owned()
    } else {
        format!("supactl {}", typed.words.join(" "))
    };
    if matches!(
        error.kind(),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        return Error::Usage {
            message: format!("`{called}` needs a command: {}", typed.next.join(", ")),
            hint: Some(format!("`{called} --help` says what each does")),
        };
    }
    let message = message(error);
    let all = if typed.next.is_empty() {
        format!("`{called} --help` shows all that it takes")
    } else {
        format!("`{called} --help` shows the commands")
    };
    let hint = match did_you_mean(&suggestions(error, typed, root)) {
        Some(question) => format!("{question} {all}"),
        None => all,
    };
    match error.kind() {
        // The flag is right and what it was given is not.
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            Error::invalid_with_hint(message, hint)
        }
        _ => Error::Usage {
            message,
            hint: Some(hint),
        },
    }
}

/// What is wrong, in our words where we have some for it.
fn message(error: &clap::Error) -> String {
    let told = |kind| match error.get(kind) {
        Some(ContextValue::String(one)) => vec![one.as_str()],
        Some(ContextValue::Strings(several)) => several.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    };
    // A flag without the name of its value, which says nothing here.
    let name = |argument: &str| match argument.split_once(' ') {
        Some((flag, _)) if flag.starts_with('-') => format!("`{flag}`"),
        _ => format!("`{argument}`"),
    };
    let arguments = told(ContextKind::InvalidArg);
    let argument = arguments.first().map(|argument| name(argument));
    let value = told(ContextKind::InvalidValue).first().copied();
    match (error.kind(), argument) {
        (ErrorKind::InvalidSubcommand, _) => {
            let word = told(ContextKind::InvalidSubcommand).join(" ");
            format!("there is no command `{word}`")
        }
        (ErrorKind::UnknownArgument, Some(flag)) if flag.starts_with("`-") => {
            format!("there is no flag {flag}")
        }
        (ErrorKind::UnknownArgument, Some(word)) => format!("{word} is one argument too many"),
        (ErrorKind::MissingRequiredArgument, Some(_)) => {
            if let [choice] = arguments.as_slice()
                && let Some(choice) = choice.strip_prefix('<')
                && choice.contains('|')
            {
                let choice = choice.strip_suffix('>').unwrap_or(choice);
                return format!("one of these is missing: `{choice}`");
            }
            let names: Vec<_> = arguments.iter().map(|argument| name(argument)).collect();
            let verb = if names.len() == 1 { "is" } else { "are" };
            format!("{} {verb} missing", names.join(", "))
        }
        (ErrorKind::ArgumentConflict, Some(one)) if !told(ContextKind::PriorArg).is_empty() => {
            let others: Vec<_> = told(ContextKind::PriorArg).into_iter().map(name).collect();
            format!("{one} does not go with {}", others.join(", "))
        }
        (ErrorKind::InvalidValue, Some(of)) => {
            let takes = told(ContextKind::ValidValue).join(", ");
            match value {
                Some(value) if !value.is_empty() => {
                    format!("{of} cannot be `{value}`: it takes {takes}")
                }
                _ => format!("{of} needs a value: {takes}"),
            }
        }
        (ErrorKind::ValueValidation, Some(of)) => {
            let reason = std::error::Error::source(error).map(ToString::to_string);
            match (reason, value) {
                // Most reasons name the value; a number that is out of its range does not.
                (Some(reason), Some(value)) if !reason.contains(value) => {
                    format!("{of} cannot be `{value}`: {reason}")
                }
                (Some(reason), _) => format!("{of}: {reason}"),
                (None, value) => format!("{of} cannot be `{}`", value.unwrap_or_default()),
            }
        }
        _ => {
            let rendered = error.render().to_string();
            let said = rendered.strip_prefix("error: ").unwrap_or(&rendered);
            let said = said.split("\n\n").next().unwrap_or_default();
            said.lines().map(str::trim).collect::<Vec<_>>().join(" ")
        }
    }
}

/// What was perhaps meant: commands by our own measure, flags and values by clap's.
fn suggestions(error: &clap::Error, typed: &Typed, root: &Command) -> Vec<String> {
    if let Some(ContextValue::String(puzzling)) = error.get(ContextKind::InvalidSubcommand) {
        return meant(root, &typed.arguments, puzzling);
    }
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(|kind| error.get(kind));
    match suggested {
        Some(ContextValue::String(one)) => vec![one.clone()],
        // The likeliest is the last.
        Some(ContextValue::Strings(several)) => several.last().cloned().into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The commands that were perhaps meant by some words, of which one is not understood: those that
/// have most of the words in them, in whatever order and nearly right.
fn meant(root: &Command, typed: &[String], puzzling: &str) -> Vec<String> {
    let mut paths = Vec::new();
    collect(root, &mut Vec::new(), &mut paths);
    let mut ranked: Vec<_> = paths
        .iter()
        .filter_map(|path| {
            let mut left: Vec<&str> = typed.iter().map(String::as_str).collect();
            let (mut matched, mut off) = (0_usize, 0);
            for command in path {
                let nearest = left
                    .iter()
                    .enumerate()
                    .filter_map(|(index, word)| Some((command_distance(word, command)?, index)))
                    .min();
                if let Some((distance, index)) = nearest {
                    left.remove(index);
                    matched += 1;
                    off += distance;
                }
            }
            let rank = (Reverse(matched), path.len() - matched, off);
            (matched > 0 && !left.contains(&puzzling)).then_some((rank, path))
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let best = ranked.first().map(|(rank, _)| *rank);
    ranked
        .iter()
        .take_while(|(rank, _)| Some(*rank) == best)
        .map(|(_, path)| {
            let names = path.iter().map(|command| command.get_name());
            std::iter::once("supactl")
                .chain(names)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

/// Every command of the tree with the groups that lead to it.
fn collect<'a>(at: &'a Command, path: &mut Vec<&'a Command>, paths: &mut Vec<Vec<&'a Command>>) {
    for command in at
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        path.push(command);
        paths.push(path.clone());
        collect(command, path, paths);
        path.pop();
    }
}

/// How far a word is from the nearest name of a command.
fn command_distance(word: &str, command: &Command) -> Option<usize> {
    std::iter::once(command.get_name())
        .chain(command.get_all_aliases())
        .filter_map(|name| distance(word, name))
        .min()
}

/// How far a word is from a name, if it may be a slip for it: 0 is the name itself, 1 its beginning
/// or its plural.
pub(crate) fn distance(word: &str, name: &str) -> Option<usize> {
    let word = word.to_lowercase();
    if word == name {
        return Some(0);
    }
    let begins = word.len() >= 3 && name.starts_with(&word);
    if begins || word.strip_suffix('s') == Some(name) {
        return Some(1);
    }
    let distance = strsim::damerau_levenshtein(&word, name);
    let allowed = (word.chars().count().min(name.chars().count()) / 3).max(1);
    (word.len() >= 3 && distance <= allowed).then_some(1 + distance)
}

/// The question, for at most three things: more are no help.
fn did_you_mean(meant: &[String]) -> Option<String> {
    let question = match meant {
        [] => return None,
        [one] => format!("`{one}`"),
        [one, other] => format!("`{one}` or `{other}`"),
        [one, other, third, ..] => format!("`{one}`, `{other}` or `{third}`"),
    };
    Some(format!("did you mean {question}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Typed {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Typed::guess(&crate::command(), &args)
    }

    fn hint(line: &str) -> String {
        let tree = crate::command();
        let error = Cli::command()
            .try_get_matches_from(line.split(' '))
            .unwrap_err();
        explain(&error, &typed(line), &tree)
            .hint()
            .unwrap_or_default()
    }

    #[test]
    fn a_slip_gets_the_command_that_was_meant() {
        for (line, meant) in [
            ("supactl storge", "`supactl storage`"),
            (
                "supactl storage buckets lst",
                "`supactl storage buckets list`",
            ),
            ("supactl storge bucket ls", "`supactl storage buckets list`"),
            ("supactl list projects", "`supactl projects list`"),
            ("supactl buckets list", "`supactl storage buckets list`"),
            (
                "supactl -p x buckets create avatars",
                "`supactl storage buckets create`",
            ),
            ("supactl proj", "`supactl projects`"),
            ("supactl project list", "`supactl projects list`"),
            ("supactl projects list --fromat json", "`--format`"),
            ("supactl projects list -o jsn", "`json`"),
        ] {
            let hint = hint(line);
            assert!(
                hint.starts_with(&format!("did you mean {meant}?")),
                "{line}: {hint}"
            );
        }
        for line in [
            "supactl xyzzy",
            "supactl storage xyzzy",
            "supactl projects list x",
        ] {
            assert!(!hint(line).contains("did you mean"), "{line}");
        }
    }

    #[test]
    fn a_group_says_what_its_commands_do_wherever_help_is_asked_for() {
        for line in [
            "supactl --help storage",
            "supactl -vh doctor",
            "supactl -h storage buckets --help",
            "supactl db extensions -h",
            "supactl -h",
            "supactl storage --help",
            "supactl -p x storage buckets -h",
            "supactl -ph storage buckets --help list",
        ] {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            let tree = tree(&args).term_width(1000).max_term_width(1000);
            let error = tree.try_get_matches_from(&args).unwrap_err();
            let help = error.render().to_string();
            let commands = help
                .lines()
                .skip_while(|line| *line != "Commands:")
                .skip(1)
                .take_while(|line| !line.is_empty());
            for command in commands {
                assert!(command.trim().contains("  "), "{line}: {command}");
            }
            assert!(help.contains("Commands:"), "{line}: {help}");
        }
        // What only looks like a question is read as it is meant.
        let args = ["supactl", "-ph", "doctor", "-ojson"].map(OsString::from);
        assert!(tree(&args).try_get_matches_from(&args).is_ok());
    }

    #[test]
    fn values_of_flags_are_no_commands() {
        let typed = typed("supactl --profile storage --jq list -ojson -vp buckets projects");
        assert_eq!(typed.words, ["projects"]);
        assert_eq!(typed.arguments, ["projects"]);
        // With an expression nothing of a failure goes to standard output.
        assert_eq!(typed.format, Some(Format::Table));
        for line in [
            "a -o yaml",
            "a -oyaml",
            "a -o=yaml",
            "a --format=yaml",
            "a --output yaml",
        ] {
            assert_eq!(
                super::tests::typed(line).format,
                Some(Format::Yaml),
                "{line}"
            );
        }
    }

    #[test]
    fn commands_are_found_by_any_of_their_names() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let tree = crate::command();
        assert_eq!(
            find(&tree, &words("storage bucket ls")).unwrap(),
            words("storage buckets list")
        );
        assert!(find(&tree, &[]).unwrap().is_empty());
        let hint = |line| find(&tree, &words(line)).unwrap_err().hint().unwrap();
        assert!(hint("formts").starts_with("did you mean `supactl help formats`?"));
        assert!(
            hint("storage buckts list").starts_with("did you mean `supactl storage buckets list`?")
        );
        assert!(!hint("xyzzy").contains("did you mean"));
    }
}
