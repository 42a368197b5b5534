//! Bytes for standard output that come bit by bit, such as the answer of a function.

use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;

use super::Output;
use crate::error::{Error, Result};

/// Standard output for bytes as they are.
pub(crate) struct Raw {
    terminal: bool,
    /// The last byte ended a line, or there was none.
    at_line_start: bool,
}

impl Output {
    /// Begins to print bytes as they come.
    pub(crate) fn raw(&self) -> Raw {
        Raw {
            terminal: self.terminal,
            at_line_start: true,
        }
    }
}

impl Raw {
    /// Prints bytes at once. Breaks off when the reader has seen enough (`| head`), which is no failure.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<ControlFlow<()>> {
        let Some(last) = bytes.last() else {
            return Ok(ControlFlow::Continue(()));
        };
        self.at_line_start = *last == b'\n';
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
            Err(error) => Err(Error::unwritten("standard output", error)),
        }
    }

    /// Ends a line that was left open, where a person would find the next one behind it.
    pub(crate) fn end(mut self) -> Result<()> {
        if self.terminal && !self.at_line_start {
            let _ = self.write(b"\n")?;
        }
        Ok(())
    }
}
