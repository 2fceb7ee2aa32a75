//! The host that a probe asks for.

use std::net::{IpAddr, Ipv6Addr};

use crate::endpoint::is_host_name;
use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

pub(crate) static RULE: TextRule = TextRule {
    noun: "a host",
    describe: "a host, with a port if it matters, such as \"www.example.com\"",
    check,
};

/// `uri-host [ ":" port ]` (RFC 9110, section 7.2), in lower case.
fn check(text: &str) -> Result<String, Problem> {
    let lower = text.to_ascii_lowercase();
    if is_authority(&lower) {
        return Ok(lower);
    }
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    if let Some((_, rest)) = lower.split_once("://") {
        let host = rest.split('/').next().filter(|host| is_authority(host));
        return Err(refused("has a scheme").remedy("write the host alone").nearest(host));
    }
    if lower.parse::<Ipv6Addr>().is_ok() {
        let remedy = format!("write \"[{lower}]\"");
        return Err(refused("is an IPv6 address without brackets").remedy(remedy));
    }
    let remedy =
        "write a host name or an IP address, as in \"www.example.com\" or \"www.example.com:8080\"";
    Err(refused("is not a host").remedy(remedy))
}

pub(crate) fn is_authority(text: &str) -> bool {
    let is_port =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok();
    if let Some((inside, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return inside.parse::<Ipv6Addr>().is_ok()
            && (after.is_empty() || after.strip_prefix(':').is_some_and(is_port));
    }
    let (host, port) = text.rsplit_once(':').unwrap_or((text, "80"));
    let numbers = host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_port(port) && if numbers { host.parse::<IpAddr>().is_ok() } else { is_host_name(host) }
}
