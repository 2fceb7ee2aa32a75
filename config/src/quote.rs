//! Text from outside, made safe to print.

use std::fmt::Write as _;

/// What is quoted back of a value, in characters: enough to recognise it, too little to flood a log.
const SHOWN: usize = 60;

/// The text in double quotes, cut to [`SHOWN`] characters, with control characters (and whatever
/// else could rewrite a terminal's line) escaped.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    let mut characters = text.chars();
    for character in characters.by_ref().take(SHOWN) {
        // Inside double quotes an apostrophe needs no escape.
        if character == '\'' {
            out.push(character);
        } else {
            let _ = write!(out, "{}", character.escape_debug());
        }
    }
    out.push_str(if characters.next().is_some() { "…\"" } else { "\"" });
    out
}

/// The text without quotes and uncut, for names of files and variables.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\'' | '"') {
            out.push(character);
        } else {
            let _ = write!(out, "{}", character.escape_debug());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_long_values_are_cut() {
        assert_eq!(quote("a\x1b[31m\"\u{202e}\0"), r#""a\u{1b}[31m\"\u{202e}\0""#);
        assert_eq!(quote(&"ä".repeat(61)), format!("\"{}…\"", "ä".repeat(60)));
        assert_eq!(escape("a\n'b'.toml"), r"a\n'b'.toml");
    }
}
