//! Lines of `tracing` without anything that does not print.
//!
//! `tracing-subscriber` escapes fields that are strings, but in text not what is written by its
//! `Display`, and in JSON only what JSON forbids. A terminal obeys more than that: U+009B begins a
//! sequence as ESC does, U+202E turns the rest of the line around.

use std::borrow::Cow;

use crate::access::{Escape, Json, Text};

use super::Format;

/// `line`, which ends with a line feed, as one line of what prints: the rest is escaped.
pub(super) fn visible(line: &[u8], format: Format) -> Cow<'_, [u8]> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    if text.iter().all(|byte| is_plain(*byte)) {
        return Cow::Borrowed(line);
    }
    let mut out = Vec::with_capacity(line.len() + line.len() / 4);
    match format {
        Format::Text => escape::<Text>(text, &mut out),
        Format::Json => escape::<Json>(text, &mut out),
    }
    out.push(b'\n');
    Cow::Owned(out)
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// Whatever prints is no syntax to be touched: quotes and backslashes are in their places already.
fn escape<E: Escape>(text: &[u8], out: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            match u8::try_from(character) {
                Ok(byte) if is_plain(byte) => out.push(byte),
                Ok(byte) if byte.is_ascii() => E::ascii(out, byte),
                Ok(_) | Err(_) => E::character(out, character),
            }
        }
        if !chunk.invalid().is_empty() {
            E::invalid(out, chunk.invalid());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, format: Format) -> String {
        String::from_utf8(visible(line.as_bytes(), format).into_owned()).unwrap()
    }

    #[test]
    fn a_line_that_prints_is_left_as_it_is() {
        for line in ["a \"plain\\n\" line\n", "größer als α\n", "\n"] {
            for format in [Format::Text, Format::Json] {
                assert_eq!(shown(line, format), line);
            }
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let line = "a\nb\r\u{1b}[2J\u{9b}m\u{85}\u{202e}\u{7f}\n";
        let text = "a\\nb\\r\\u{1b}[2J\\u{9b}m\\u{85}\\u{202e}\\u{7f}\n";
        assert_eq!(shown(line, Format::Text), text);
        let json = "a\\nb\\r\\u001b[2J\\u009bm\\u0085\\u202e\\u007f\n";
        assert_eq!(shown(line, Format::Json), json);
    }
}
