//! Lines that are too long, cut so that what is left can be read.

/// What ends a line that was cut.
const TEXT_MARK: &str = "… (cut)\n";

/// What ends a JSON object that was cut between two members.
const JSON_MARK: &str = ",\"cut\":true}\n";

/// What ends a JSON object that was cut within a string.
const JSON_STRING_MARK: &str = "…\",\"cut\":true}\n";

/// Appends the beginning of `line` and a mark, `most` bytes at the most.
pub(super) fn cut_text(line: &[u8], most: usize, out: &mut Vec<u8>) {
    let end = whole_characters(line, most.saturating_sub(TEXT_MARK.len()));
    out.extend_from_slice(&line[..end]);
    out.extend_from_slice(TEXT_MARK.as_bytes());
}

/// Appends the beginning of `line`, one JSON object without white space, closed where it was cut
/// and with a member `cut`: `most` bytes at the most. A long string is cut short; whatever else
/// does not fit is left out.
pub(super) fn cut_json(line: &[u8], most: usize, out: &mut Vec<u8>) {
    let most = most.saturating_sub(JSON_STRING_MARK.len()).min(line.len());
    let mut depth = 0_u32;
    let mut in_string = false;
    let mut is_value = false;
    // Where the object can be closed: after its last whole member, or in a string of its own.
    let mut member = 0;
    let mut within = None;
    let mut at = 0;
    while at < most {
        let byte = line[at];
        let mut next = at + 1;
        match byte {
            b'\\' if in_string => {
                next = if line.get(at + 1) == Some(&b'u') { at + 6 } else { at + 2 };
            }
            b'"' => {
                in_string = !in_string;
                within = None;
            }
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            b':' if !in_string => is_value = true,
            b',' if !in_string && depth == 1 => {
                member = at;
                is_value = false;
            }
            _ => {}
        }
        if next > most {
            break;
        }
        if in_string && is_value && depth == 1 {
            within = Some(next);
        }
        at = next;
    }
    match within {
        Some(end) => {
            out.extend_from_slice(&line[..whole_characters(line, end)]);
            out.extend_from_slice(JSON_STRING_MARK.as_bytes());
        }
        None if member > 0 => {
            out.extend_from_slice(&line[..member]);
            out.extend_from_slice(JSON_MARK.as_bytes());
        }
        None => {
            out.push(b'{');
            out.extend_from_slice(&JSON_MARK.as_bytes()[1..]);
        }
    }
}

/// The longest beginning of at most `end` bytes that does not end within a character.
fn whole_characters(text: &[u8], end: usize) -> usize {
    if end >= text.len() {
        return text.len();
    }
    let is_continuation = |at: usize| text[at] & 0xc0 == 0x80;
    (0..=end).rev().find(|&at| !is_continuation(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn cut(how: fn(&[u8], usize, &mut Vec<u8>), line: &str, most: usize) -> String {
        let mut out = Vec::new();
        how(line.as_bytes(), most, &mut out);
        assert!(out.len() <= most);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_text_is_cut_between_characters_and_marked() {
        assert_eq!(cut(cut_text, "aaäää\n", 13), "aa… (cut)\n");
        assert_eq!(cut(cut_text, "aaäää\n", 14), "aaä… (cut)\n");
    }

    #[test]
    fn a_long_string_of_an_object_is_cut_short() {
        let line = r#"{"level":"INFO","panic":"it went\nwrong","target":"here"}"#;
        assert_eq!(
            cut(cut_json, line, 50),
            "{\"level\":\"INFO\",\"panic\":\"it went…\",\"cut\":true}\n"
        );
    }

    #[test]
    fn a_member_that_is_no_string_is_left_out() {
        let line = r#"{"level":"INFO","spans":[{"name":"a long name"}],"target":"here"}"#;
        assert_eq!(cut(cut_json, line, 55), "{\"level\":\"INFO\",\"cut\":true}\n");
    }

    proptest! {
        #[test]
        fn an_object_stays_an_object_wherever_it_is_cut(
            members in prop::collection::vec((".{0,8}", ".{0,30}", any::<u16>()), 1..6),
            most in 40_usize..200,
        ) {
            let mut object = Map::new();
            for (key, text, number) in members {
                object.insert(format!("n{key}"), json!(number));
                object.insert(format!("o{key}"), json!([{ key.as_str(): text.as_str() }]));
                object.insert(key, Value::String(text));
            }
            let line = serde_json::to_string(&object).unwrap();
            let text = cut(cut_json, &line, most.min(line.len()).max(40));
            let left: Map<String, Value> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(&left["cut"], &Value::Bool(true));
            for (key, value) in left.iter().filter(|(key, _)| *key != "cut") {
                let whole = &object[key];
                let begins = match (value.as_str(), whole.as_str()) {
                    (Some(cut), Some(whole)) => {
                        whole.starts_with(cut.strip_suffix('…').unwrap_or(cut))
                    }
                    _ => false,
                };
                prop_assert!(value == whole || begins, "{} of {}", value, whole);
            }
        }
    }
}
