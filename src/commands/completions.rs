//! `completions`

use clap::{Args, ValueEnum};
use clap_complete::env::Shells;

use crate::completing;
use crate::error::{Error, Result};
use crate::output::Reply;
use crate::usage;

/// Print the script that completes commands, flags and names in a shell
///
/// The script goes to standard output; where a shell looks for it is for you to say. It asks supactl
/// at every Tab, so that it never grows old. Names of projects and buckets come out of answers that
/// were kept: nothing is sent for them.
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

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

impl Completions {
    pub(crate) fn run(&self) -> Result<Reply> {
        let name = self.shell.to_possible_value().unwrap_or_default();
        let failed = |why: &dyn std::fmt::Display| {
            Error::Internal(format!("no script for {}: {why}", name.get_name()))
        };
        let shells = Shells::builtins();
        let shell = shells
            .completer(name.get_name())
            .ok_or_else(|| failed(&"it is not known"))?;
        let mut script = Vec::new();
        // Written into memory, so that a closed pipe is met by `output` and not in there.
        shell
            .write_registration(
                completing::VARIABLE,
                "supactl",
                "supactl",
                "supactl",
                &mut script,
            )
            .map_err(|error| failed(&error))?;
        Ok(Reply::bytes(script.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_gets_a_script_that_asks_the_program() {
        for shell in Shell::value_variants() {
            let script = Completions { shell: *shell }.run().unwrap().text();
            assert!(
                script.contains(completing::VARIABLE) && script.contains("supactl"),
                "{shell:?}"
            );
        }
    }
}
