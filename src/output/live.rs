//! A picture that is drawn over and over in the same place, on the terminal's other screen.

use std::io::{self, Write};
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::{cursor, queue, terminal};

use super::Output;
use super::canvas::{Canvas, Line};
use crate::error::{Error, Result};

/// The shortest time for which the terminal is looked at: it is not looked at for none.
const LEAST: Duration = Duration::from_millis(1);

/// What somebody did who watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// They have seen enough.
    Leaves,
    /// Ctrl-C: the terminal no longer makes a signal of it.
    Interrupts,
    /// The picture has to be drawn anew: another size, or another part of it.
    Moves,
}

/// The other screen. What was on the terminal before comes back when it is dropped, however the run ends.
pub(crate) struct Live {
    output: Output,
    /// Lines that are above the top of the screen.
    skipped: usize,
    /// Lines that cannot be seen at the bottom of the screen, at most.
    below: usize,
}

impl Live {
    /// Puts the other screen up.
    pub(crate) fn enter(output: &Output) -> Result<Self> {
        terminal::enable_raw_mode().map_err(failed)?;
        // From here on dropping it leads back.
        let live = Self {
            output: output.clone(),
            skipped: 0,
            below: 0,
        };
        let mut out = io::stdout().lock();
        queue!(out, terminal::EnterAlternateScreen, cursor::Hide)
            .and_then(|()| out.flush())
            .map_err(failed)?;
        Ok(live)
    }

    /// The screen as it is now.
    pub(crate) fn canvas(&self, now: jiff::Timestamp) -> Canvas {
        let columns = terminal::size().map_or(80, |(columns, _)| columns);
        Canvas {
            width: usize::from(columns.max(1)),
            color: self.output.color,
            now,
            utc: self.output.utc,
        }
    }

    /// Draws lines from the top, and one that stays at the bottom, which is told whether there is more
    /// than fits.
    pub(crate) fn draw(
        &mut self,
        canvas: &Canvas,
        lines: &[Line],
        foot: impl FnOnce(bool) -> Line,
    ) -> Result<()> {
        let rows = terminal::size().map_or(24, |(_, rows)| usize::from(rows));
        let room = rows.saturating_sub(1);
        self.below = lines.len().saturating_sub(room);
        self.skipped = self.skipped.min(self.below);
        let foot = foot(self.below > 0);
        let mut out = io::stdout().lock();
        let mut draw = || -> io::Result<()> {
            // In one go, so that nobody sees half of it.
            queue!(out, terminal::BeginSynchronizedUpdate, cursor::MoveTo(0, 0))?;
            let shown = lines.iter().skip(self.skipped).take(room);
            for line in shown {
                write!(out, "{}", canvas.paint(line))?;
                queue!(out, terminal::Clear(terminal::ClearType::UntilNewLine))?;
                out.write_all(b"\r\n")?;
            }
            queue!(out, terminal::Clear(terminal::ClearType::FromCursorDown))?;
            let bottom = u16::try_from(room).unwrap_or(u16::MAX);
            queue!(out, cursor::MoveTo(0, bottom))?;
            write!(out, "{}", canvas.paint(&foot))?;
            queue!(
                out,
                terminal::Clear(terminal::ClearType::UntilNewLine),
                terminal::EndSynchronizedUpdate
            )?;
            out.flush()
        };
        draw().map_err(failed)
    }

    /// What was done since the last look, if anything.
    pub(crate) fn deed(&mut self) -> Result<Option<Deed>> {
        while event::poll(LEAST).map_err(failed)? {
            let deed = match event::read().map_err(failed)? {
                Event::Resize(_, _) => Some(Deed::Moves),
                Event::Key(key) if key.kind != KeyEventKind::Release => self.key(key),
                _ => None,
            };
            if deed.is_some() {
                return Ok(deed);
            }
        }
        Ok(None)
    }

    fn key(&mut self, key: KeyEvent) -> Option<Deed> {
        if let Some(deed) = ending(key) {
            return Some(deed);
        }
        let page = terminal::size().map_or(24, |(_, rows)| usize::from(rows).saturating_sub(2));
        self.skipped = scrolled(key.code, self.skipped, self.below, page)?;
        Some(Deed::Moves)
    }
}

/// What a key ends.
fn ending(key: KeyEvent) -> Option<Deed> {
    match key.code {
        KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => {
            Some(Deed::Interrupts)
        }
        KeyCode::Char('q') | KeyCode::Esc => Some(Deed::Leaves),
        _ => None,
    }
}

/// How many lines are above the top of the screen after a key that scrolls.
fn scrolled(key: KeyCode, skipped: usize, below: usize, page: usize) -> Option<usize> {
    let skipped = match key {
        KeyCode::Down | KeyCode::Char('j') => skipped + 1,
        KeyCode::Up | KeyCode::Char('k') => skipped.saturating_sub(1),
        KeyCode::PageDown | KeyCode::Char(' ') => skipped + page,
        KeyCode::PageUp => skipped.saturating_sub(page),
        KeyCode::Home => 0,
        KeyCode::End => below,
        _ => return None,
    };
    Some(skipped.min(below))
}

impl Drop for Live {
    fn drop(&mut self) {
        leave();
    }
}

/// Gives the terminal back where a picture has it: a panic ends the program without dropping anything.
pub(crate) fn give_back() {
    if terminal::is_raw_mode_enabled().unwrap_or(false) {
        leave();
    }
}

fn leave() {
    // Nobody is left to tell where this fails.
    let mut out = io::stdout().lock();
    let _ = queue!(out, cursor::Show, terminal::LeaveAlternateScreen).and_then(|()| out.flush());
    let _ = terminal::disable_raw_mode();
}

fn failed(error: io::Error) -> Error {
    Error::file("the terminal", error)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use portable_pty::{CommandBuilder, PtySize, native_pty_system};

    use super::*;

    #[test]
    fn keys_scroll_within_what_there_is() {
        for (key, to) in [
            (KeyCode::Down, 6),
            (KeyCode::Char('j'), 6),
            (KeyCode::Up, 4),
            (KeyCode::Char('k'), 4),
            (KeyCode::PageDown, 8),
            (KeyCode::Char(' '), 8),
            (KeyCode::PageUp, 2),
            (KeyCode::Home, 0),
            (KeyCode::End, 20),
        ] {
            assert_eq!(scrolled(key, 5, 20, 3), Some(to), "{key:?}");
            let bounded = scrolled(key, 0, 0, 3);
            assert_eq!(bounded, Some(0), "{key:?}");
        }
        assert_eq!(scrolled(KeyCode::Char('x'), 5, 20, 3), None);
    }

    #[test]
    fn ctrl_c_interrupts_and_q_leaves() {
        let ends = |code, modifiers| ending(KeyEvent::new(code, modifiers));
        for letter in ['c', 'd'] {
            let key = KeyCode::Char(letter);
            assert_eq!(ends(key, KeyModifiers::CONTROL), Some(Deed::Interrupts));
            assert_eq!(ends(key, KeyModifiers::NONE), None);
        }
        for key in [KeyCode::Char('q'), KeyCode::Esc] {
            assert_eq!(ends(key, KeyModifiers::NONE), Some(Deed::Leaves));
        }
        assert_eq!(ends(KeyCode::Down, KeyModifiers::NONE), None);
    }

    const NAME: &str = "output::live::tests::a_panic_gives_the_terminal_back";

    /// Runs itself at a terminal, where it panics in front of a picture.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "how the program at the terminal is told that it is the one"
    )]
    fn a_panic_gives_the_terminal_back() {
        if std::env::var_os("SUPACTL_TEST_PANICS").is_some() {
            crate::report_panics();
            let output = crate::settings::plain_output(None, None);
            let _live = Live::enter(&output).unwrap();
            panic!("in front of a picture");
        }
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args([NAME, "--exact", "--nocapture"]);
        command.env("SUPACTL_TEST_PANICS", "1");
        let mut child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut seen = Vec::new();
        // Linux ends it with an error.
        let _ = pair
            .master
            .try_clone_reader()
            .unwrap()
            .read_to_end(&mut seen);
        assert_eq!(child.wait().unwrap().exit_code(), 1);
        let seen = String::from_utf8_lossy(&seen);
        let at = |what: &str| {
            seen.find(what)
                .unwrap_or_else(|| panic!("no {what:?} in {seen:?}"))
        };
        assert!(at("\u{1b}[?1049h") < at("\u{1b}[?1049l"), "{seen:?}");
        assert!(at("\u{1b}[?1049l") < at("error[internal"), "{seen:?}");
        // Lines begin at the left again.
        assert!(seen.ends_with("\r\n"), "{seen:?}");
    }
}
