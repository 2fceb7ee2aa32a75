//! Strings in quotes, escaped and of a bounded length.

/// What stands for the rest of a string that was cut.
const MARK: &str = "…";

/// How the characters are written that may not be written as they are.
pub(crate) trait Escape {
    /// A quote, a backslash or a control character.
    fn ascii(out: &mut Vec<u8>, byte: u8);

    /// A character beyond ASCII, which may print as it is.
    fn character(out: &mut Vec<u8>, character: char);

    /// Bytes that are no UTF-8.
    fn invalid(out: &mut Vec<u8>, bytes: &[u8]);
}

/// Appends `value` in quotes. What stands between them has `most` bytes at the most, or as many
/// and the mark of a string that was cut.
#[inline]
pub(super) fn quoted<E: Escape>(out: &mut Vec<u8>, value: &[u8], most: usize) {
    out.push(b'"');
    if value.len() <= most && are_plain(value) {
        out.extend_from_slice(value);
    } else {
        escaped::<E>(out, value, most);
    }
    out.push(b'"');
}

/// A printable character of ASCII other than `"` and `\`.
#[inline]
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') & (byte != b'"') & (byte != b'\\')
}

/// Looks at sixteen bytes at once.
#[inline]
fn are_plain(value: &[u8]) -> bool {
    let (blocks, rest) = value.as_chunks::<16>();
    let all = |bytes: &[u8]| bytes.iter().fold(true, |all, &byte| all & is_plain(byte));
    blocks.iter().all(|block| all(block)) && all(rest)
}

#[cold]
fn escaped<E: Escape>(out: &mut Vec<u8>, value: &[u8], most: usize) {
    let end = out.len() + most;
    // No escape is shorter than what it stands for, so nothing behind this is ever written; that
    // a character is broken here does not show either.
    let value = &value[..value.len().min(most + 4)];
    for chunk in value.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(character) = rest.chars().next() {
            let plain = rest.bytes().take_while(|&byte| is_plain(byte)).count();
            let taken = if plain > 0 {
                let taken = plain.min(end - out.len());
                out.extend_from_slice(&rest.as_bytes()[..taken]);
                if taken < plain {
                    return out.extend_from_slice(MARK.as_bytes());
                }
                taken
            } else {
                let before = out.len();
                match u8::try_from(character) {
                    Ok(byte) if byte.is_ascii() => E::ascii(out, byte),
                    _ => E::character(out, character),
                }
                if is_cut(out, before, end) {
                    return;
                }
                character.len_utf8()
            };
            rest = &rest[taken..];
        }
        let before = out.len();
        if !chunk.invalid().is_empty() {
            E::invalid(out, chunk.invalid());
            if is_cut(out, before, end) {
                return;
            }
        }
    }
}

/// Puts the mark in the place of what was written since `before`, if that goes beyond `end`.
fn is_cut(out: &mut Vec<u8>, before: usize, end: usize) -> bool {
    let cut = out.len() > end;
    if cut {
        out.truncate(before);
        out.extend_from_slice(MARK.as_bytes());
    }
    cut
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::json::Json;
    use super::super::text::Text;
    use super::*;

    fn quote<E: Escape>(value: &[u8], most: usize) -> String {
        let mut out = b"before".to_vec();
        quoted::<E>(&mut out, value, most);
        String::from_utf8(out.split_off(6)).unwrap()
    }

    fn json(text: &str) -> String {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        let value = b"a\"b\\c\r\n\x1b[31m\x00\x7f\xc2\x9b\xff";
        let text = r#""a\"b\\c\r\n\u{1b}[31m\0\u{7f}\u{9b}\xff""#;
        assert_eq!(quote::<Text>(value, 100), text);
        let escaped = "\"a\\\"b\\\\c\\r\\n\\u001b[31m\\u0000\\u007f\\u009b\u{fffd}\"";
        assert_eq!(quote::<Json>(value, 100), escaped);
    }

    #[test]
    fn a_string_is_cut_between_characters_and_escapes() {
        assert_eq!(quote::<Text>(b"12345", 5), "\"12345\"");
        assert_eq!(quote::<Text>(b"123456", 5), "\"12345…\"");
        assert_eq!(quote::<Text>(b"1234\n", 5), "\"1234…\"");
        assert_eq!(quote::<Text>("1234ä".as_bytes(), 5), "\"1234…\"");
        assert_eq!(quote::<Json>(b"12\x1b45", 5), "\"12…\"");
        assert_eq!(quote::<Json>(b"12345678\xff", 10), "\"12345678…\"");
    }

    proptest! {
        #[test]
        fn text_is_quoted_as_debug_does(value: String) {
            prop_assert_eq!(quote::<Text>(value.as_bytes(), 10_000), format!("{value:?}"));
        }

        #[test]
        fn json_gives_the_value_back(value: Vec<u8>) {
            let lossy = String::from_utf8_lossy(&value).into_owned();
            prop_assert_eq!(json(&quote::<Json>(&value, 10_000)), lossy);
        }

        #[test]
        fn what_is_cut_is_the_longest_beginning_that_fits(
            value in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                any::<String>().prop_map(String::into_bytes),
                "[a\"\n]{0,40}".prop_map(String::into_bytes),
            ],
            most in 0_usize..40,
        ) {
            let (whole, cut) = (quote::<Json>(&value, 10_000), quote::<Json>(&value, most));
            if whole.len() - 2 <= most {
                prop_assert_eq!(&cut, &whole);
            } else {
                prop_assert!(cut.len() - 2 <= most + MARK.len());
                let (whole, cut) = (json(&whole), json(&cut));
                let kept = cut.strip_suffix(MARK).unwrap();
                prop_assert!(whole.starts_with(kept));
                let next = whole[kept.len()..].chars().next().unwrap();
                let one_more = format!("{kept}{next}");
                prop_assert!(quote::<Json>(one_more.as_bytes(), 10_000).len() - 2 > most);
            }
        }

        #[test]
        fn nothing_that_is_no_printable_character_comes_out(value: Vec<u8>) {
            for quoted in [quote::<Text>(&value, 64), quote::<Json>(&value, 64)] {
                prop_assert!(!quoted.contains(char::is_control));
            }
        }
    }
}
