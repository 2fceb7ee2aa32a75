//! The host that a route is for.

use std::net::IpAddr;

use crate::endpoint::is_host_name;
use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

/// What stands before a name, below which every name is meant.
pub(crate) const BELOW: &str = "*.";

pub(crate) static RULE: TextRule = TextRule {
    noun: "a host",
    describe: "a host name without a port, such as \"api.example.com\" or \"*.example.com\"",
    check,
};

/// In lower case and without a dot at the end, as the host of a request is compared.
fn check(text: &str) -> Result<String, Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    if text == "*" {
        return Err(refused("stands for every host").remedy("remove the key"));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let name = rest.trim_end_matches('/');
        let name = if name.contains("://") { None } else { check(name).ok() };
        let remedy = format!("write the host without {}", quote(&format!("{scheme}://")));
        return Err(refused("has a scheme").remedy(remedy).nearest(name.as_deref()));
    }
    let (below, name) = match text.strip_prefix(BELOW) {
        Some(name) => (BELOW, name),
        None => ("", text),
    };
    if name.contains('*') {
        let remedy = "write \"*.\" before a name, as in \"*.example.com\"";
        return Err(refused("has a \"*\" that is no first label").remedy(remedy));
    }
    if let Some((host, port)) = name.rsplit_once(':')
        && !host.contains(':')
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        let host = check(&format!("{below}{host}")).ok();
        let remedy = "write the host alone, for the port is the listener's";
        return Err(refused("has a port").remedy(remedy).nearest(host.as_deref()));
    }
    if !name.is_ascii() {
        let remedy = "write the name as DNS has it, with labels that begin with \"xn--\"";
        return Err(refused("has characters beyond ASCII").remedy(remedy));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    if !is_host_name(name) || (!below.is_empty() && name.parse::<IpAddr>().is_ok()) {
        let remedy = "write letters, digits and hyphens between dots, as in \"api.example.com\" or \
                      \"*.example.com\"";
        return Err(refused("is not a host name").remedy(remedy));
    }
    Ok(format!("{below}{}", name.to_ascii_lowercase()))
}
