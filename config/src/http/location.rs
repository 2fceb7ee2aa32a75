//! Where a redirect leads.

use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

const PLACEHOLDERS: [&str; 2] = ["{host}", "{target}"];

pub(crate) static RULE: TextRule = TextRule {
    noun: "a place to redirect to",
    describe: "a URL or a path, such as \"https://{host}{target}\"",
    check: |text| check(text).map(|()| text.to_owned()),
};

/// What the placeholders stand for was checked with the request; the rest goes out as it is written.
fn check(text: &str) -> Result<(), Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let remedy = "write spaces and what is beyond ASCII percent-encoded, as in \"%20\"";
        return Err(refused("has characters that no URL has").remedy(remedy));
    }
    // The target of the request alone would lead back to it, and one of two slashes to another host.
    if !["/", "http://", "https://"].iter().any(|start| text.starts_with(start)) {
        let remedy =
            "begin it with \"https://\", \"http://\" or \"/\", as in \"https://{host}{target}\"";
        return Err(refused("is no place to redirect to").remedy(remedy));
    }
    let rest = PLACEHOLDERS.iter().fold(text.to_owned(), |rest, each| rest.replace(each, " "));
    if rest.contains(['{', '}']) {
        let remedy = "write no braces but in {host}, the host of the request, and {target}, its \
                      path and query";
        return Err(refused("has a placeholder that is not known").remedy(remedy));
    }
    Ok(())
}
