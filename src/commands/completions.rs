//! `completions`

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

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
        let words: Vec<String> = super::help::first_words(&tree).collect();
        for name in ["help", "man"] {
            let words = words.clone();
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
