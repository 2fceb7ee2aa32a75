//! Patterns of keys, as `KEYS`, `SCAN` and `CONFIG GET` take them.

/// Whether `text` as a whole fits `pattern`: `*` is any bytes, `?` any byte, `[a-z]` and `[^a-z]`
/// a byte of a class, and a backslash takes the next byte as it is.
///
/// Takes at most as many steps as the product of the lengths: only the last `*` is ever tried
/// again, as whatever an earlier one could take, it can as well.
pub(crate) fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    let mut star: Option<(&[u8], &[u8])> = None;
    loop {
        if let [b'*', after @ ..] = pattern {
            star = Some((after, text));
            pattern = after;
            continue;
        }
        match (one(pattern, text.first().copied()), text) {
            (Some(after), [_, rest @ ..]) => {
                pattern = after;
                text = rest;
            }
            (_, []) if pattern.is_empty() => return true,
            // The last star takes one byte more.
            _ => match star {
                Some((after, [_, rest @ ..])) => {
                    star = Some((after, rest));
                    pattern = after;
                    text = rest;
                }
                Some((_, [])) | None => return false,
            },
        }
    }
}

/// What is left of `pattern` if its first element takes `byte`.
fn one(pattern: &[u8], byte: Option<u8>) -> Option<&[u8]> {
    let byte = byte?;
    match pattern {
        [] => None,
        [b'?', rest @ ..] => Some(rest),
        [b'[', b'^', class @ ..] => {
            let (found, rest) = class_has(class, byte);
            (!found).then_some(rest)
        }
        [b'[', class @ ..] => {
            let (found, rest) = class_has(class, byte);
            found.then_some(rest)
        }
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => (*literal == byte).then_some(rest),
    }
}

/// Whether a class has `byte`, and what follows the class; one without an end reaches to the end.
fn class_has(mut class: &[u8], byte: u8) -> (bool, &[u8]) {
    let mut found = false;
    loop {
        class = match class {
            [] => return (found, class),
            [b']', rest @ ..] => return (found, rest),
            [b'\\', literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
            [a, b'-', b, rest @ ..] => {
                found |= (*a.min(b)..=*a.max(b)).contains(&byte);
                rest
            }
            [literal, rest @ ..] => {
                found |= *literal == byte;
                rest
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_in_redis() {
        let cases = [
            ("*", "", true),
            ("*", "anything", true),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h*llo", "heeeello", true),
            ("h[ae]llo", "hallo", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-b]llo", "hbllo", true),
            ("h[b-a]llo", "hbllo", true),
            ("h[a-b]llo", "hcllo", false),
            (r"h\*llo", "h*llo", true),
            (r"h\*llo", "hello", false),
            ("[\\]]", "]", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("*a*b*c", "xxaxxcxxb", false),
            ("", "", true),
            ("", "a", false),
            ("a*", "a", true),
            ("a", "ab", false),
            ("[a", "a", true),
        ];
        for (pattern, text, fit) in cases {
            assert_eq!(fits(pattern.as_bytes(), text.as_bytes()), fit, "{pattern} {text}");
        }
    }

    #[test]
    fn a_pattern_of_many_stars_takes_no_exponential_time() {
        let pattern = "a*".repeat(50) + "b";
        assert!(!fits(pattern.as_bytes(), "a".repeat(2000).as_bytes()));
    }
}
