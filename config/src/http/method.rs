//! The methods that a route is for.

use super::is_token;
use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

/// Those of RFC 9110, section 9, and RFC 5789, but for CONNECT.
const KNOWN: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"];

pub(crate) static RULE: TextRule =
    TextRule { noun: "a method", describe: "a method, such as \"GET\"", check };

/// Methods are compared with case (RFC 9110, section 9.1), so one of a name that is known but for its
/// case would match nothing. Any other token may be a method.
fn check(text: &str) -> Result<String, Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    if text.eq_ignore_ascii_case("CONNECT") {
        return Err(refused("is answered with 501 on every route").remedy("remove it"));
    }
    let known = KNOWN.into_iter().find(|known| text.eq_ignore_ascii_case(known));
    if known.is_some_and(|known| known != text) {
        let remedy = "write the method in capitals, for its case is compared";
        return Err(refused("is not a method").remedy(remedy).nearest(known));
    }
    if !is_token(text) {
        let remedy = format!("write one of {}, or another in the same form", KNOWN.join(", "));
        let trimmed = KNOWN.into_iter().find(|known| text.trim().eq_ignore_ascii_case(known));
        return Err(refused("is not a method").remedy(remedy).nearest(trimmed));
    }
    Ok(text.to_owned())
}
