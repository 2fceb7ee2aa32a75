//! The header fields that a route asks for.

use super::is_token;
use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

/// Fields that are for one connection (RFC 9110, section 7.6.1) and say nothing of a request.
const HOP_BY_HOP: [&str; 6] =
    ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

pub(crate) static NAME: TextRule = TextRule {
    noun: "the name of a header field",
    describe: "the name of a header field, such as \"x-beta\"",
    check: name,
};

pub(crate) static VALUE: TextRule = TextRule {
    noun: "the value of a header field",
    describe: "the whole value of a header field, in visible ASCII",
    check: value,
};

/// In lower case: names are compared without case (RFC 9110, section 5.1).
pub(crate) fn name(text: &str) -> Result<String, Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    let lower = text.to_ascii_lowercase();
    if !is_token(text) {
        let name = text.trim_end_matches(':').trim();
        let problem = refused("is not the name of a header field")
            .remedy("write letters, digits and hyphens, as in \"x-beta\"");
        return Err(problem.nearest(is_token(name).then_some(name)));
    }
    if HOP_BY_HOP.contains(&lower.as_str()) {
        let remedy = "write a field that the request brings for its receiver";
        return Err(refused("is for one connection, not for a request").remedy(remedy));
    }
    Ok(lower)
}

/// Visible ASCII with spaces inside: what stands around a value is not part of it (RFC 9110,
/// section 5.5).
fn value(text: &str) -> Result<String, Problem> {
    let visible = |byte: u8| (b' '..=b'~').contains(&byte);
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    if text.is_empty() {
        return Err(Problem::new("is empty").remedy("write a value, or remove the key"));
    }
    if !text.bytes().all(visible) {
        let remedy = "write letters, digits, signs and spaces of ASCII alone";
        return Err(refused("has characters that no value should have").remedy(remedy));
    }
    if text.trim() != text {
        let remedy = "write the value without them, for they are not part of it";
        return Err(refused("has spaces around it").remedy(remedy).nearest(Some(text.trim())));
    }
    Ok(text.to_owned())
}
