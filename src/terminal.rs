//! The person at the other end: is there one, what do they answer, what do they see while waiting.
//!
//! Speaks on standard error only; standard output belongs to `output`.

use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::thread;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use secrecy::SecretString;

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
        self.can_confirm(question)?;
        let theme = dialoguer::theme::SimpleTheme;
        let question = crate::output::harmless(question);
        let prompt = dialoguer::Confirm::with_theme(&theme)
            .with_prompt(question)
            .default(false);
        match prompt.interact_opt() {
            Ok(Some(true)) => Ok(()),
            Ok(_) => Err(Error::Cancelled),
            Err(error) => Err(not_asked(error)),
        }
    }

    /// Fails where the question could not be asked later on, for commands that look at the service before
    /// they ask: nothing is sent where nobody can say yes.
    ///
    /// # Errors
    /// [`Error::ConfirmationRequired`] where nobody can be asked.
    pub(crate) fn can_confirm(self, question: &str) -> Result<()> {
        if self.yes || self.dry_run || self.can_ask {
            return Ok(());
        }
        Err(Error::ConfirmationRequired {
            question: question.to_owned(),
        })
    }

    /// Refuses at once where a question that may come up could not be answered.
    ///
    /// # Errors
    /// [`Error::ConfirmationRequired`]
    pub(crate) fn answerable(self, question: &str) -> Result<()> {
        if self.yes || self.dry_run || self.can_ask {
            return Ok(());
        }
        Err(Error::ConfirmationRequired {
            question: question.to_owned(),
        })
    }

    /// Gets a yes for the gravest things, by having the name of what is hit typed.
    ///
    /// # Errors
    /// As [`Terminal::confirm`]; another name than the one asked for is a no.
    pub(crate) fn confirm_by_name(self, question: &str, name: &str) -> Result<()> {
        if self.yes || self.dry_run {
            return Ok(());
        }
        self.can_confirm(question)?;
        let theme = dialoguer::theme::SimpleTheme;
        let prompt = format!("{question}\nType {name} to go ahead");
        let typed: Result<String, _> = dialoguer::Input::with_theme(&theme)
            .with_prompt(crate::output::harmless(&prompt))
            .allow_empty(true)
            .interact_text();
        if typed.map_err(not_asked)?.trim() == name.trim() {
            Ok(())
        } else {
            Err(Error::Cancelled)
        }
    }

    /// Reads a secret that does not show while it is typed; `otherwise` says what to type where
    /// nobody can be asked.
    pub(crate) fn ask_hidden(self, prompt: &str, otherwise: &str) -> Result<SecretString> {
        self.somebody_is_there(otherwise)?;
        let theme = dialoguer::theme::SimpleTheme;
        let typed = dialoguer::Password::with_theme(&theme)
            .with_prompt(prompt)
            .interact();
        typed.map(SecretString::from).map_err(not_asked)
    }

    /// Lets the person choose one of several lines; typing narrows them down.
    pub(crate) fn pick(self, prompt: &str, lines: &[String], otherwise: &str) -> Result<usize> {
        self.somebody_is_there(otherwise)?;
        let theme = dialoguer::theme::SimpleTheme;
        let lines: Vec<_> = lines
            .iter()
            .map(|line| crate::output::harmless(line))
            .collect();
        let picked = dialoguer::FuzzySelect::with_theme(&theme)
            .with_prompt(prompt)
            .items(&lines)
            .interact_opt();
        picked.map_err(not_asked)?.ok_or(Error::Cancelled)
    }

    /// Refuses a question that would never be answered.
    pub(crate) fn somebody_is_there(self, otherwise: &str) -> Result<()> {
        if self.can_ask {
            return Ok(());
        }
        Err(Error::Usage {
            message: "nobody can be asked here".to_owned(),
            hint: Some(otherwise.to_owned()),
        })
    }

    /// Something that turns while one waits; nothing where nobody watches.
    pub(crate) fn spinner(self, what: &str) -> ProgressBar {
        let spinner = if self.draws {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        // Without a length it would be a bar otherwise, which says nothing.
        spinner.set_style(ProgressStyle::default_spinner());
        spinner.set_message(crate::output::harmless(what).into_owned());
        spinner.enable_steady_tick(std::time::Duration::from_millis(120));
        spinner
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

/// Why a question was not answered: Ctrl-C, or a terminal that does not work.
fn not_asked(dialoguer::Error::IO(error): dialoguer::Error) -> Error {
    if error.kind() == io::ErrorKind::Interrupted {
        // The question leaves its line open and the cursor hidden.
        let terminal = console::Term::stderr();
        let _ = terminal
            .show_cursor()
            .and_then(|()| terminal.write_line(""));
        return Error::Interrupted;
    }
    Error::Internal(format!("the question could not be asked: {error}"))
}

/// Whether standard input is a terminal.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the module that reads it"
)]
pub(crate) fn stdin_is_terminal() -> bool {
    io::stdin().is_terminal()
}

/// All of standard input. Ctrl-C ends it as [`io::ErrorKind::Interrupted`].
#[expect(
    clippy::disallowed_methods,
    reason = "this is the module that reads it"
)]
pub(crate) fn read_stdin() -> io::Result<Vec<u8>> {
    unless_interrupted(|| {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        Ok(bytes)
    })
}

/// All of a file that an argument names. It may be a pipe that somebody else fills: Ctrl-C ends that as
/// [`io::ErrorKind::Interrupted`].
pub(crate) fn read_file(file: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let file = file.as_ref();
    if std::fs::metadata(file).map_or(true, |known| known.is_file()) {
        return std::fs::read(file);
    }
    let file = file.to_owned();
    unless_interrupted(move || std::fs::read(file))
}

/// The same of a file that must be text.
pub(crate) fn read_text(file: impl AsRef<Path>) -> io::Result<String> {
    String::from_utf8(read_file(file)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is no text"))
}

/// Does what may block for ever on a thread of its own, and listens for Ctrl-C meanwhile.
///
/// The one thread of the run is held up by it, and once the run has begun no signal ends the program by
/// itself. So another thread listens in its stead. The one that blocks ends with the program.
fn unless_interrupted<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let (done, end) = tokio::sync::oneshot::channel();
    thread::Builder::new().spawn(move || {
        // Nobody listens any more after Ctrl-C.
        let _ = done.send(read());
    })?;
    let listener = thread::Builder::new().spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = tokio::signal::ctrl_c() => Err(io::ErrorKind::Interrupted.into()),
                ended = end => ended.unwrap_or_else(|_| Err(io::Error::other("the reading broke off"))),
            }
        })
    })?;
    listener
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("the reading broke off")))
}
