//! Integers and floats as redis reads and writes them.

/// The integer that `text` is in its only form: no plus, no leading zero, no minus zero, no space.
pub(crate) fn integer(text: &[u8]) -> Option<i64> {
    let canonical = matches!(text, b"0" | [b'1'..=b'9', ..] | [b'-', b'1'..=b'9', ..]);
    if !canonical {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The float that `text` is; infinities are, "not a number" is not.
pub(crate) fn float(text: &[u8]) -> Option<f64> {
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    (!value.is_nan()).then_some(value)
}

/// The shortest text that reads as `value` again, with an exponent where that is shorter.
pub(crate) fn float_text(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-5..1e17).contains(&size) && size.is_finite() {
        let text = format!("{value:e}");
        // C writes the sign of the exponent always.
        return if text.contains("e-") { text } else { text.replace('e', "e+") };
    }
    // Nobody tells minus zero from zero.
    if value == 0.0 { "0".to_owned() } else { value.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_has_one_form() {
        assert_eq!(integer(b"0"), Some(0));
        assert_eq!(integer(b"-17"), Some(-17));
        assert_eq!(integer(b"9223372036854775807"), Some(i64::MAX));
        assert_eq!(integer(b"-9223372036854775808"), Some(i64::MIN));
        for text in ["", "-", "+1", "01", "-0", " 1", "1 ", "1.0", "9223372036854775808", "0x1"] {
            assert_eq!(integer(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn a_float_is_written_as_short_as_it_can_be() {
        let texts = ["0", "1", "-2.5", "3.1", "1e+20", "1e-7", "inf", "-inf"];
        for text in texts {
            assert_eq!(float(text.as_bytes()).map(float_text).as_deref(), Some(text));
        }
        assert_eq!(float(b"nan"), None);
        assert_eq!(float(b"x"), None);
    }
}
