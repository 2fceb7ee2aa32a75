//! The alternate screen of a terminal, which is given back however the program ends.

use std::io::{self, Write as _};
use std::panic;

use super::line::Line;
use super::terminal::Terminal;
use super::trouble::Trouble;

/// The other screen; no cursor; what is too long is not wrapped (xterm's private modes 1049, 25, 7).
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";

/// The alternate screen, while this lives.
pub(super) struct Screen {
    terminal: Terminal,
}

impl Screen {
    /// Turns to it.
    ///
    /// # Errors
    /// Where nobody reads what is written.
    pub(super) fn enter(terminal: Terminal) -> Result<Self, Trouble> {
        // A panic is told before anything is dropped, and what is told on this screen is lost.
        let earlier = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            leave();
            earlier(panic);
        }));
        let screen = Self { terminal };
        terminal.raw(ENTER)?;
        Ok(screen)
    }

    /// Shows these lines and nothing else.
    ///
    /// # Errors
    /// Where nobody reads them.
    pub(super) fn show(&self, lines: &[Line]) -> Result<(), Trouble> {
        self.terminal.raw(&frame(lines, self.terminal.colours()))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// In one write from the upper left corner on, without clearing first: nothing flickers.
fn frame(lines: &[Line], colours: bool) -> String {
    let mut out = "\x1b[H".to_owned();
    for (row, line) in lines.iter().enumerate() {
        if row > 0 {
            out.push_str("\r\n");
        }
        line.write(colours, &mut out);
        out.push_str("\x1b[K");
    }
    out.push_str("\x1b[J");
    out
}

fn leave() {
    let mut out = io::stdout().lock();
    let _ = out.write_all(LEAVE.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::super::line::Style;
    use super::*;

    #[test]
    fn a_frame_ends_each_line_and_does_not_scroll() {
        let lines = [Line::of(Style::Plain, "a"), Line::of(Style::Bad, "b")];
        assert_eq!(frame(&lines, false), "\x1b[Ha\x1b[K\r\nb\x1b[K\x1b[J");
        assert_eq!(frame(&lines, true), "\x1b[Ha\x1b[K\r\n\x1b[31mb\x1b[0m\x1b[K\x1b[J");
    }
}
