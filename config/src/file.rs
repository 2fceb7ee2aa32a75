//! Files that the server reads or writes for itself, by their paths.

use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

pub(crate) static TRACES: TextRule = TextRule {
    noun: "the path of a file",
    describe: "the path of a file, such as \"/var/log/trunkline/traces.jsonl\"",
    check: |text| path(text).map(|()| text.to_owned()),
};

pub(crate) static TOKEN: TextRule = TextRule {
    noun: "the path of a file",
    describe: "the path of a file, such as \"/etc/trunkline/admin.token\"",
    check: |text| path(text).map(|()| text.to_owned()),
};

fn path(text: &str) -> Result<(), Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    if text.is_empty() {
        return Err(Problem::new("is empty").remedy("write a path, or remove the key"));
    }
    if text.chars().any(char::is_control) {
        return Err(refused("has control characters").remedy("write a path without them"));
    }
    if text.ends_with('/') {
        return Err(refused("is a directory").remedy("write the path of a file in it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_name_of_one_line() {
        assert_eq!(path("../traces and more.jsonl"), Ok(()));
        for wrong in ["", "a\nb", "\u{1b}?", "/tmp/"] {
            assert!(path(wrong).is_err(), "{wrong:?}");
        }
    }
}
