//! The names of cookies.

use super::is_token;
use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

pub(crate) static NAME: TextRule = TextRule {
    noun: "the name of a cookie",
    describe: "the name of a cookie, such as \"backend\"",
    check: |text| check(text).map(|()| text.to_owned()),
};

/// A token, with case (RFC 6265, section 4.1.1).
pub(crate) fn check(text: &str) -> Result<(), Problem> {
    if is_token(text) {
        return Ok(());
    }
    let name = text.split(['=', ';']).next().unwrap_or_default().trim();
    Err(Problem::new(format!("{} is not the name of a cookie", quote(text)))
        .remedy("write letters, digits, hyphens and underscores, as in \"backend\"")
        .nearest(is_token(name).then_some(name)))
}
