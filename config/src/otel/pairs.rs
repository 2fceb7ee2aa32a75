//! Lists of names and values: `a=1,b=two%20words`.

use percent_encoding::percent_decode_str;

use crate::mistake::Problem;

/// The pairs of a list, after the form of W3C Baggage (section 3.3.1) without its properties: the
/// specification has a semicolon stand for itself.
///
/// # Errors
/// If a part of it is no pair. Nothing of it is quoted: it may be a secret.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, Problem> {
    let parts = text.split(',').map(str::trim).enumerate();
    parts.filter(|(_, part)| !part.is_empty()).map(|(index, part)| pair(index + 1, part)).collect()
}

fn pair(number: usize, part: &str) -> Result<(String, String), Problem> {
    let refused = |why: &str, remedy: &str| {
        Err(Problem::new(format!("part {number} of the list {why}")).remedy(remedy))
    };
    let Some((name, value)) = part.split_once('=') else {
        let remedy =
            "write NAME=VALUE, with commas between the parts, and \"%2C\" for a comma in a value";
        return refused("has no \"=\"", remedy);
    };
    let decoded = |text: &str| percent_decode_str(text.trim()).decode_utf8().ok().map(Into::into);
    match (decoded(name), decoded(value)) {
        (Some(name), _) if String::is_empty(&name) => {
            refused("has no name", "write a name before the \"=\"")
        }
        (Some(name), Some(value)) => Ok((name, value)),
        (_, _) => refused("is not UTF-8 once it is decoded", "write \"%25\" for a percent sign"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        pairs(text).expect(text)
    }

    fn own(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_list_has_names_and_values() {
        assert_eq!(read(""), []);
        assert_eq!(read("a=1"), own(&[("a", "1")]));
        assert_eq!(read(" a = 1 , b=x=y;z ,, c= ,"), own(&[("a", "1"), ("b", "x=y;z"), ("c", "")]));
        assert_eq!(read("k%2C=two%20words%2C%c3%a4"), own(&[("k,", "two words,ä")]));
    }

    #[test]
    fn a_part_that_is_no_pair_is_named_by_its_number_and_not_shown() {
        for (text, why) in [
            ("a=1,hunter2", "part 2 of the list has no \"=\": "),
            ("=hunter2", "part 1 of the list has no name: "),
            ("a=hunter2%ff", "part 1 of the list is not UTF-8 once it is decoded: "),
        ] {
            let answer = pairs(text).expect_err(text).to_string();
            assert!(answer.starts_with(why) && !answer.contains("hunter2"), "{answer}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_read_back(
            written in prop::collection::vec(("[^\\s]{1,8}", "[^\\s]{0,8}"), 0..5),
        ) {
            let encode = |text: &str| {
                percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                    .to_string()
            };
            let text: Vec<_> = written
                .iter()
                .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
                .collect();
            prop_assert_eq!(read(&text.join(",")), written);
        }

        #[test]
        fn no_text_makes_reading_panic(text: String) {
            let _ = pairs(&text);
        }
    }
}
