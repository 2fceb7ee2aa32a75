//! The path that a route is for, and what it becomes.

use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

pub(crate) static RULE: TextRule = TextRule {
    noun: "a path",
    describe: "a path, such as \"/health\", or \"/v1/\" for all below it",
    check: |text| check(text).map(|()| text.to_owned()),
};

/// A path is compared as it is written: RFC 3986, section 3.3, `path-absolute` and empty segments.
pub(super) fn check(text: &str) -> Result<(), Problem> {
    let quoted = quote(text);
    if !text.starts_with('/') {
        let begun = format!("/{text}");
        let nearest = (!text.contains("://") && check(&begun).is_ok()).then_some(begun);
        let problem = Problem::new(format!("{quoted} does not begin with \"/\""));
        let remedy = "write the path of a request, such as \"/v1/\"";
        return Err(problem.remedy(remedy).nearest(nearest.as_deref()));
    }
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
        let part = match character {
            '?' => "a query",
            '#' => "a fragment",
            '%' => {
                let mut digits = rest.chars();
                let hex =
                    |digit: Option<char>| digit.is_some_and(|digit| digit.is_ascii_hexdigit());
                if hex(digits.next()) && hex(digits.next()) {
                    continue;
                }
                let problem = Problem::new(format!("{quoted} has a \"%\" without two hex digits"));
                return Err(problem.remedy("write \"%25\" for the character itself"));
            }
            _ if is_path_character(character) => continue,
            _ => {
                let message = format!(
                    "{quoted} has {}, which no path has",
                    quote(character.encode_utf8(&mut [0; 4]))
                );
                let encoded = format!("write {}", quote(&encoded(character)));
                return Err(Problem::new(message).remedy(encoded + " for it"));
            }
        };
        let problem = Problem::new(format!("{quoted} has {part}, and only paths are compared"));
        let path = text.split(['?', '#']).next();
        let remedy = format!("write the part before the {}", quote(&character.to_string()));
        return Err(problem.remedy(remedy).nearest(path));
    }
    Ok(())
}

/// `pchar` of RFC 3986 but for percent-encoding, and the slash.
fn is_path_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/".contains(character)
}

fn encoded(character: char) -> String {
    character.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")).collect()
}
