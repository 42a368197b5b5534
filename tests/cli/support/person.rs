//! A person at a terminal: reads until something is asked, types, and sees the end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use regex::Regex;

use super::Screen;

/// `ICANON` of termios, which is not the same bit everywhere.
const LINE_EDITING: u32 = if cfg!(target_os = "linux") {
    0x2
} else {
    0x100
};

/// `ECHO` of termios, the same bit everywhere.
const ECHO: u32 = 0x8;

/// Somebody who watches one run of the program.
pub(crate) struct Person {
    child: Box<dyn Child + Send + Sync>,
    reader: Box<dyn Read + Send>,
    writer: Box<dyn Write + Send>,
    terminal: Box<dyn MasterPty + Send>,
    seen: Vec<u8>,
    folder: PathBuf,
}

impl Person {
    pub(super) fn sits_down(
        arguments: &[OsString],
        variables: &BTreeMap<String, OsString>,
        folder: &Path,
        columns: u16,
        world: &Path,
    ) -> Self {
        let size = PtySize {
            rows: 24,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_supactl"));
        command.args(arguments);
        command.env_clear();
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(folder);
        let child = pair.slave.spawn_command(command).unwrap();
        // Only the program holds the other end now, so that its end is the end of what there is to read.
        drop(pair.slave);
        Self {
            child,
            reader: pair.master.try_clone_reader().unwrap(),
            writer: pair.master.take_writer().unwrap(),
            terminal: pair.master,
            seen: Vec::new(),
            folder: world.to_owned(),
        }
    }

    /// Reads until this has been shown.
    pub(crate) fn reads(mut self, text: &str) -> Self {
        while !plain(&self.seen).contains(text) {
            assert!(
                self.reads_on(),
                "it ended without showing `{text}`:\n{}",
                plain(&self.seen)
            );
        }
        self
    }

    /// Presses keys once the program takes them one by one. Until then Ctrl-C is the terminal's to
    /// handle, and what was typed is shown twice.
    pub(crate) fn types(mut self, keys: &str) -> Self {
        while !self.takes_single_keys() {
            std::thread::yield_now();
        }
        self.presses(keys)
    }

    /// Types what must not be seen, once the terminal shows nothing of it.
    pub(crate) fn types_hidden(mut self, text: &str) -> Self {
        while !self.hides_typing() {
            std::thread::yield_now();
        }
        self.presses(text)
    }

    /// Whether the terminal does not show what is typed, or the program has ended.
    fn hides_typing(&mut self) -> bool {
        let ended = self.child.try_wait().unwrap().is_some();
        let shows = self
            .terminal
            .get_termios()
            .is_some_and(|settings| settings.local_flags.bits() & ECHO != 0);
        ended || !shows
    }

    /// Presses keys whether or not the program asks for any.
    pub(crate) fn presses(mut self, keys: &str) -> Self {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
        self
    }

    /// Makes the window another size.
    pub(crate) fn resizes(self, columns: u16, rows: u16) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.terminal.resize(size).unwrap();
        self
    }

    /// Does something else meanwhile.
    pub(crate) fn meanwhile(self, deed: impl FnOnce()) -> Self {
        deed();
        self
    }

    /// Whether the program has switched off the terminal's own editing of lines, or has ended.
    fn takes_single_keys(&mut self) -> bool {
        let ended = self.child.try_wait().unwrap().is_some();
        let line_editing = self
            .terminal
            .get_termios()
            .is_some_and(|settings| settings.local_flags.bits() & LINE_EDITING != 0);
        ended || !line_editing
    }

    /// Watches to the end.
    pub(crate) fn sees_the_end(mut self) -> Screen {
        while self.reads_on() {}
        let status = self.child.wait().unwrap();
        let code = status
            .signal()
            .is_none()
            .then(|| i32::try_from(status.exit_code()).unwrap());
        Screen::of_terminal(plain(&self.seen), code, &self.folder)
    }

    /// The bytes that came, with everything meant for the terminal.
    pub(crate) fn sees_all_bytes(mut self) -> Vec<u8> {
        while self.reads_on() {}
        self.child.wait().unwrap();
        self.seen
    }

    fn reads_on(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.reader.read(&mut bytes) {
            Ok(0) => false,
            Ok(count) => {
                self.seen.extend_from_slice(&bytes[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            // How Linux says that the other end is closed.
            Err(_) => false,
        }
    }
}

/// The text on the terminal. A line that is written over counts as a line of its own.
fn plain(bytes: &[u8]) -> String {
    static STEERING: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("\x1b\\[[0-9;?]*[A-Za-z]").unwrap());
    let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
    STEERING.replace_all(&text, "").replace('\r', "\n")
}
