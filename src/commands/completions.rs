//! `completions`

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use super::help;
use crate::error::{Error, Result};
use crate::output::Reply;
use crate::usage;

/// Print the script that completes commands and flags in a shell
///
/// The script goes to standard output; where a shell looks for it is for you to say.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl completions bash > ~/.local/share/bash-completion/completions/supactl\n  supactl completions zsh > ~/.zfunc/_supactl\n  supactl completions fish > ~/.config/fish/completions/supactl.fish\n  supactl completions powershell >> $PROFILE",
    group(usage::prints_bytes())
)]
pub(crate) struct Completions {
    /// Shell that it is for
    #[arg(hide_possible_values = false)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<Reply> {
        let mut tree = crate::command();
        let commands: Vec<String> = usage::below(&tree).map(str::to_owned).collect();
        let mut pages = commands.clone();
        pages.extend(help::topics().map(str::to_owned));
        for (name, words) in [("help", pages), ("man", commands)] {
            tree = tree.mut_subcommand(name, |command| {
                command.mut_arg("words", |argument| {
                    argument.value_parser(PossibleValuesParser::new(words))
                })
            });
        }
        let mut script = Vec::new();
        // Written into memory, so that a closed pipe is met by `output` and not in there.
        clap_complete::aot::generate(self.shell, &mut tree, "supactl", &mut script);
        if script.is_empty() {
            return Err(Error::Internal(format!("no script for {}", self.shell)));
        }
        Ok(Reply::bytes(script.into()))
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_gets_a_script_that_knows_commands_and_topics() {
        for shell in Shell::value_variants() {
            let reply = Completions { shell: *shell }.run().unwrap();
            let script = reply.text();
            assert!(
                script.contains("buckets") && script.contains("jq"),
                "{shell}"
            );
            // Not every generator knows the values of arguments.
            if matches!(shell, Shell::Bash | Shell::Zsh) {
                assert!(
                    script.contains("exit-codes") && script.contains("ndjson"),
                    "{shell}"
                );
            }
        }
    }
}
