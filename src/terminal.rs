//! The person at the other end: is there one, what do they answer, what do they see while waiting.
//!
//! Speaks on standard error only; standard output belongs to `output`.

use std::io::{self, IsTerminal, Read};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::{Error, Result};

/// Who can be asked, and what was answered beforehand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Somebody sits there: standard input and standard error are terminals, and this is no CI.
    pub(crate) can_ask: bool,
    /// `--yes`.
    pub(crate) yes: bool,
    /// `--dry-run`: nothing will happen, so nothing needs a yes.
    pub(crate) dry_run: bool,
    /// Standard error is a terminal that may be drawn on.
    pub(crate) draws: bool,
}

impl Terminal {
    /// Gets a yes for something that destroys or cuts people off.
    ///
    /// # Errors
    /// [`Error::Cancelled`] for a no, [`Error::ConfirmationRequired`] where nobody can be asked.
    pub(crate) fn confirm(self, question: &str) -> Result<()> {
        if self.yes || self.dry_run {
            return Ok(());
        }
        if !self.can_ask {
            return Err(Error::ConfirmationRequired {
                question: question.to_owned(),
            });
        }
        let theme = dialoguer::theme::SimpleTheme;
        let question = crate::output::harmless(question);
        let prompt = dialoguer::Confirm::with_theme(&theme)
            .with_prompt(question)
            .default(false);
        match prompt.interact_opt() {
            Ok(Some(true)) => Ok(()),
            Ok(_) => Err(Error::Cancelled),
            Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => {
                // The question leaves its line open and the cursor hidden.
                let terminal = console::Term::stderr();
                let _ = terminal
                    .show_cursor()
                    .and_then(|()| terminal.write_line(""));
                Err(Error::Interrupted)
            }
            Err(error) => Err(Error::Internal(format!(
                "the question could not be asked: {error}"
            ))),
        }
    }

    /// A bar that counts up while something is done many times; nothing where nobody watches.
    pub(crate) fn counter(self, what: &'static str) -> ProgressBar {
        let bar = if self.draws {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        // The template is a constant that parses; without it the bar is plain.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {human_pos} {msg}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar
    }
}

/// Whether standard input is a terminal.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the module that reads it"
)]
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// All of standard input.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the module that reads it"
)]
pub(crate) fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
