//! A line for a terminal: pieces of text in styles, of a known width.
//!
//! Whatever is put into a line is made safe first: names, paths and texts of panics come from
//! outside, and a terminal obeys what it is shown.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

/// What stands for the rest of a line that was cut.
const MARK: char = '…';

/// How a piece looks where there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// Of less weight than what it stands beside.
    Dim,
    /// What heads something.
    Bold,
    /// At work, or passing.
    Good,
    /// Not at work, for now.
    Warning,
    /// Failed.
    Bad,
    /// Changed a moment ago.
    Marked,
}

impl Style {
    /// Select Graphic Rendition (ECMA-48, section 8.3.117).
    fn begin(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Dim => "\x1b[2m",
            Self::Bold => "\x1b[1m",
            Self::Good => "\x1b[32m",
            Self::Warning => "\x1b[33m",
            Self::Bad => "\x1b[31m",
            Self::Marked => "\x1b[1;7m",
        }
    }
}

/// A line without its end.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pieces: Vec<(Style, String)>,
    width: usize,
}

impl Line {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A line of one piece.
    pub(super) fn of(style: Style, text: &str) -> Self {
        let mut line = Self::new();
        line.push(style, text);
        line
    }

    /// Its columns on the terminal.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Appends a text, with everything escaped that is not plainly a character to be seen.
    pub(super) fn push(&mut self, style: Style, text: &str) {
        if text.is_empty() {
            return;
        }
        let text = safe(text);
        self.width += width(&text);
        match self.pieces.last_mut() {
            Some((last, piece)) if *last == style => piece.push_str(&text),
            _ => self.pieces.push((style, text)),
        }
    }

    /// Appends blanks up to a column; at least one where there is something already.
    pub(super) fn pad(&mut self, column: usize) {
        let blanks = column.saturating_sub(self.width).max(usize::from(self.width > 0));
        self.push(Style::Plain, &" ".repeat(blanks));
    }

    /// Appends another line.
    pub(super) fn append(&mut self, other: Self) {
        self.width += other.width;
        self.pieces.extend(other.pieces);
    }

    /// The line in at most `most` columns: what was cut off is marked.
    #[must_use]
    pub(super) fn cut(mut self, most: usize) -> Self {
        if self.width <= most {
            return self;
        }
        let mut left = most.saturating_sub(1);
        let mut kept = Vec::new();
        for (style, text) in self.pieces.drain(..) {
            let all = width(&text);
            if all <= left {
                left -= all;
                kept.push((style, text));
                continue;
            }
            let mut piece = String::new();
            for character in text.chars() {
                let Some(rest) = left.checked_sub(columns(character)) else { break };
                left = rest;
                piece.push(character);
            }
            if most > 0 {
                piece.push(MARK);
            }
            kept.push((style, piece));
            break;
        }
        let width = kept.iter().map(|(_, text)| width(text)).sum();
        Self { pieces: kept, width }
    }

    /// Writes it, in colours or without.
    pub(super) fn write(&self, colours: bool, out: &mut String) {
        let end = self.pieces.iter().rposition(|(style, text)| {
            matches!(style, Style::Marked) || !text.trim_end().is_empty()
        });
        let shown = end.map_or(0, |end| end + 1);
        for (index, (style, text)) in self.pieces[..shown].iter().enumerate() {
            let last = index + 1 == shown && *style != Style::Marked;
            let text = if last { text.trim_end() } else { text };
            let begin = if colours { style.begin() } else { "" };
            let end = if begin.is_empty() { "" } else { "\x1b[0m" };
            let _ = write!(out, "{begin}{text}{end}");
        }
    }
}

/// Lines as a text, each with its end.
pub(super) fn text(lines: &[Line], colours: bool) -> String {
    let mut out = String::new();
    for line in lines {
        line.write(colours, &mut out);
        out.push('\n');
    }
    out
}

/// The text with control characters, and whatever else could rewrite a terminal's line, escaped.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\'' | '"' | '\\') {
            out.push(character);
        } else {
            out.extend(character.escape_debug());
        }
    }
    out
}

/// The columns of a text that is safe.
fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// JSON that a terminal can be shown: what it would obey can only stand in strings, where it is
/// escaped.
pub(super) fn safe_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        // Of ASCII only DEL: the others are escaped by the rules of JSON, or are blanks.
        if character == '\x7f' || (!character.is_ascii() && character.escape_debug().len() > 1) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(line: &Line) -> String {
        let mut out = String::new();
        line.write(false, &mut out);
        out
    }

    #[test]
    fn nothing_that_a_terminal_obeys_gets_into_a_line() {
        let line = Line::of(Style::Plain, "a\x1b[2J\r\n\u{9b}31m\u{202e}\"ä\\");
        assert_eq!(plain(&line), "a\\u{1b}[2J\\r\\n\\u{9b}31m\\u{202e}\"ä\\");
        assert_eq!(line.width(), plain(&line).chars().count());
    }

    #[test]
    fn a_line_is_cut_by_columns_and_marked() {
        let mut line = Line::of(Style::Bold, "abc");
        line.push(Style::Plain, "漢字def");
        assert_eq!(line.width(), 10);
        assert_eq!(plain(&line.clone().cut(10)), "abc漢字def");
        assert_eq!(plain(&line.clone().cut(6)), "abc漢…");
        assert_eq!(plain(&line.clone().cut(7)), "abc漢…");
        assert_eq!(plain(&line.clone().cut(1)), "…");
        assert_eq!(plain(&line.clone().cut(0)), "");
        assert_eq!(line.cut(7).width(), 6);
    }

    #[test]
    fn colours_surround_a_piece_and_blanks_at_the_end_are_left_out() {
        let mut line = Line::of(Style::Bad, "down");
        line.pad(10);
        let mut out = String::new();
        line.write(true, &mut out);
        assert_eq!(out, "\x1b[31mdown\x1b[0m");
    }

    #[test]
    fn json_stays_the_same_json() {
        let json = "{\"a\":\"ä\u{9b}\u{7f}\u{202e}漢😀\\u001b\"}\n";
        let safe = safe_json(json);
        assert!(!safe.chars().any(|character| matches!(character, '\u{7f}'..='\u{9f}')));
        assert!(!safe.contains('\u{202e}'));
        let read = |text| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(read(&safe), read(json));
    }
}
