//! Where the output goes.

use std::io::{self, IsTerminal as _, Write as _};

use super::drawing::Frame;
use super::line::{Line, safe_json, text};
use super::trouble::Trouble;

/// What a terminal has that does not tell its size.
const USUAL: (usize, usize) = (80, 24);

/// Standard output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    is_terminal: bool,
    colours: bool,
}

impl Terminal {
    /// Standard output as it was given: colours only on a terminal, and not where `NO_COLOR` is set
    /// (no-color.org).
    pub(super) fn new() -> Self {
        let is_terminal = io::stdout().is_terminal();
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_terminal, colours: is_terminal && !unwanted }
    }

    pub(super) fn is_terminal(self) -> bool {
        self.is_terminal
    }

    pub(super) fn colours(self) -> bool {
        self.colours
    }

    /// Columns and rows, now; none where it is no terminal.
    pub(super) fn size(self) -> Option<(usize, usize)> {
        let size = || {
            let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
            let size = (usize::from(size.ws_col), usize::from(size.ws_row));
            (size.0 > 0 && size.1 > 0).then_some(size)
        };
        self.is_terminal.then(|| size().unwrap_or(USUAL))
    }

    /// Columns of a line: those of the terminal, or no end of them.
    pub(super) fn width(self) -> usize {
        self.size().map_or(usize::MAX, |(columns, _)| columns)
    }

    /// The frame of a drawing above the prompt that follows it; of all there is for what is no
    /// terminal.
    pub(super) fn frame(self) -> Frame {
        match self.size() {
            Some((width, rows)) => Frame { width, rows: Some(rows.saturating_sub(1)) },
            None => Frame { width: usize::MAX, rows: None },
        }
    }

    /// Writes lines.
    ///
    /// # Errors
    /// Where nobody reads them.
    pub(super) fn lines(self, lines: &[Line]) -> Result<(), Trouble> {
        self.raw(&text(lines, self.colours))
    }

    /// Writes an answer as it came, as one line.
    ///
    /// # Errors
    /// Where nobody reads it.
    pub(super) fn json(self, answer: &[u8]) -> Result<(), Trouble> {
        let mut text = safe_json(String::from_utf8_lossy(answer).trim_end());
        text.push('\n');
        self.raw(&text)
    }

    /// Writes a text that is safe.
    ///
    /// # Errors
    /// Where nobody reads it.
    pub(super) fn raw(self, text: &str) -> Result<(), Trouble> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }
}
