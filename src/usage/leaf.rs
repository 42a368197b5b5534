//! The command that was typed, and whether it prints bytes as they are.

use clap::parser::ValueSource;
use clap::{ArgGroup, ArgMatches, Command};

use crate::error::Error;

/// The group that marks what prints bytes as they are, where no format makes sense.
const BYTES: &str = "prints_bytes";

/// Marks a command that always prints bytes: `#[command(group(usage::prints_bytes()))]`.
///
/// A command that does so only with some flag puts that flag into the group instead:
/// `#[arg(long, group = "prints_bytes")]`.
pub(crate) fn prints_bytes() -> ArgGroup {
    ArgGroup::new(BYTES)
}

/// The group that marks a command that prints bytes as they are as long as no shape is asked for.
const BYTES_UNSHAPED: &str = "prints_bytes_unshaped";

/// Marks such a command: `#[command(group(usage::prints_bytes_unshaped()))]`.
pub(crate) fn prints_bytes_unshaped() -> ArgGroup {
    ArgGroup::new(BYTES_UNSHAPED)
}

/// The command that was typed.
pub(crate) struct Leaf {
    /// Its words.
    pub(crate) words: String,
    /// It may change something.
    pub(crate) changes: bool,
    /// It is only to be tried.
    pub(crate) dry_run: bool,
    /// It prints bytes as they are.
    pub(crate) bytes: bool,
    /// The same where no shape is asked for.
    pub(crate) bytes_unshaped: bool,
}

/// Finds the command that was typed.
pub(crate) fn leaf(root: &Command, matches: &ArgMatches) -> Leaf {
    let mut words = Vec::new();
    let (mut command, mut at) = (root, matches);
    while let Some((name, below)) = at.subcommand() {
        words.push(name);
        at = below;
        command = command.find_subcommand(name).unwrap_or(command);
    }
    let dry_run = at.try_get_one::<bool>("dry_run").ok().flatten().copied();
    let bytes = command
        .get_groups()
        .find(|group| *group.get_id() == BYTES)
        .is_some_and(|group| {
            let mut flags = group.get_args().peekable();
            flags.peek().is_none()
                || flags
                    .any(|flag| at.value_source(flag.as_str()) == Some(ValueSource::CommandLine))
        });
    let mut groups = command.get_groups();
    Leaf {
        bytes_unshaped: bytes || groups.any(|group| *group.get_id() == BYTES_UNSHAPED),
        words: words.join(" "),
        changes: dry_run.is_some(),
        dry_run: dry_run.unwrap_or(false),
        bytes,
    }
}

/// Whether the command with these words prints bytes where no shape is asked for. What is wrong with the
/// rest of its line does not matter.
pub(crate) fn prints_bytes_unasked(root: &Command, words: &[String]) -> bool {
    let command = words
        .iter()
        .try_fold(root, |at, word| at.find_subcommand(word));
    command.is_some_and(|command| {
        command.get_groups().any(|group| {
            *group.get_id() == BYTES_UNSHAPED
                || *group.get_id() == BYTES && group.get_args().next().is_none()
        })
    })
}

/// A format was asked for where bytes are printed.
pub(crate) fn no_shape(words: &str, flag: &str) -> Error {
    Error::Usage {
        message: format!("`{words}` prints bytes as they are: `{flag}` does not go with it"),
        hint: Some("`supactl help formats` tells what has a format".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    #[test]
    fn bytes_are_known_from_the_command_or_from_a_flag() {
        let tree = || {
            Command::new("supactl")
                .subcommand(Command::new("always").group(prints_bytes()))
                .subcommand(
                    Command::new("sometimes")
                        .arg(Arg::new("sql").long("sql").num_args(0).group(BYTES)),
                )
                .subcommand(Command::new("unshaped").group(prints_bytes_unshaped()))
        };
        for (line, bytes, unshaped) in [
            (&["supactl", "always"][..], true, true),
            (&["supactl", "sometimes", "--sql"], true, true),
            (&["supactl", "sometimes"], false, false),
            (&["supactl", "unshaped"], false, true),
        ] {
            let mut tree = tree();
            let matches = tree.try_get_matches_from_mut(line).unwrap();
            assert_eq!(
                prints_bytes_unasked(&tree, &[line[1].to_owned()]),
                matches!(line[1], "always" | "unshaped"),
            );
            let leaf = leaf(&tree, &matches);
            assert_eq!(
                (leaf.bytes, leaf.bytes_unshaped),
                (bytes, unshaped),
                "{line:?}"
            );
        }
    }
}
