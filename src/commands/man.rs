//! `man`

use std::io;

use clap::Args;
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, bold, roman};

use crate::environment::VARIABLES;
use crate::error::{Code, Error, Result};
use crate::output::Reply;
use crate::usage;

/// Print the man page of the program, or of one command
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  supactl man | man -l -\n  supactl man storage buckets list > supactl-storage-buckets-list.1",
    group(usage::prints_bytes())
)]
pub(crate) struct Man {
    /// Words of the command
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
}

impl Man {
    pub(crate) fn run(&self) -> Result<Reply> {
        let tree = crate::command();
        let words = usage::find(&tree, &self.words)?;
        let command = words
            .iter()
            .try_fold(&tree, |at, word| at.find_subcommand(word));
        let command =
            command.ok_or_else(|| Error::Internal("the tree lost a command".to_owned()))?;
        let page = Page::new(command.clone())
            .source(format!("supactl {}", env!("CARGO_PKG_VERSION")))
            .manual("supactl manual");
        let mut bytes = Vec::new();
        page.render(&mut bytes)
            .and_then(|()| {
                if words.is_empty() {
                    more(&mut bytes)
                } else {
                    Ok(())
                }
            })
            .map_err(|error| Error::Internal(format!("no man page: {error}")))?;
        Ok(Reply::bytes(bytes.into()))
    }
}

/// What only the page of the whole program has: statuses and variables.
fn more(page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (_, word, status, meaning) in Code::ALL {
        roff.control("TP", []);
        roff.text([bold(format!("{status}")), roman(" "), roman(*word)]);
        roff.text([roman(*meaning)]);
    }
    roff.control("SH", ["ENVIRONMENT"]);
    for variable in VARIABLES {
        roff.control("TP", []);
        roff.text([bold(variable.name)]);
        roff.text([roman(variable.meaning)]);
    }
    roff.to_writer(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(words: &[&str]) -> Result<String> {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Man { words }.run().map(|reply| reply.text())
    }

    #[test]
    fn the_page_of_the_program_has_statuses_and_variables() {
        let page = page(&[]).unwrap();
        for part in [
            "EXIT STATUS",
            "not_found",
            "ENVIRONMENT",
            "SUPABASE_ACCESS_TOKEN",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn a_command_has_a_page_under_its_whole_name() {
        let list = page(&["storage", "bucket", "ls"]).unwrap();
        assert!(list.contains(".TH supactl-storage-buckets-list 1"));
        assert!(list.contains("\\-\\-search") && list.contains("\\-\\-project"));
        assert!(list.contains("supactl storage buckets list"));
        assert!(page(&["nothing"]).is_err());
    }
}
