//! The texts of a probe over HTTP.

use super::{header, path};
use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

/// Bytes of an answer's body in which a text is looked for.
const SEARCHED: usize = 64 << 10;

/// Fields that the probe itself writes, with the key that says what is in them.
const WRITTEN: [(&str, &str); 2] =
    [("host", "write the key host"), ("content-length", "remove it, for a probe has no body")];

pub(crate) static TARGET: TextRule = TextRule {
    noun: "a path",
    describe: "the path that a probe asks for, such as \"/healthz\"",
    check: |text| target(text).map(|()| text.to_owned()),
};

pub(crate) static BODY: TextRule = TextRule {
    noun: "a text",
    describe: "a text that the body contains, such as \"ready\"",
    check: |text| body(text).map(|()| text.to_owned()),
};

pub(crate) static FIELD: TextRule = TextRule {
    noun: "the name of a header field",
    describe: "the name of a header field, such as \"x-probe\"",
    check: field,
};

/// `origin-form` (RFC 9112, section 3.2.1).
fn target(text: &str) -> Result<(), Problem> {
    let Some((before, query)) = text.split_once('?') else { return path::check(text) };
    path::check(before)?;
    // In a query a question mark stands for itself, and all else is as in a path (RFC 3986, section
    // 3.4).
    path::check(&format!("/{}", query.replace('?', "/")))
}

/// What could be in the part of a body that is searched.
fn body(text: &str) -> Result<(), Problem> {
    if text.is_empty() {
        let remedy = "write a text that the body contains, or remove the key";
        return Err(Problem::new("is empty, and every body contains that").remedy(remedy));
    }
    if text.chars().any(char::is_control) {
        let message = format!("{} has control characters", quote(text));
        return Err(Problem::new(message).remedy("write a text that is within one line"));
    }
    if text.len() > SEARCHED {
        return Err(Problem::new("is longer than the 64 KiB in which it is looked for")
            .remedy("write a shorter text"));
    }
    Ok(())
}

fn field(text: &str) -> Result<String, Problem> {
    let name = header::name(text)?;
    match WRITTEN.into_iter().find(|(written, _)| *written == name) {
        None => Ok(name),
        Some((_, remedy)) => {
            let message = format!("{} is written by the probe itself", quote(text));
            Err(Problem::new(message).remedy(remedy))
        }
    }
}
