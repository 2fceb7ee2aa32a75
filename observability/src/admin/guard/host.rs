//! The rule of `Host`: it names this server.
//!
//! A foreign page can have its own name resolve to 127.0.0.1 and then read what the server answers,
//! as for the browser it is the page's own origin (DNS rebinding). Its requests say that name.

use std::net::IpAddr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};

use super::super::refusal::Refusal;

/// Whom a request is for: the one field `Host`, which a target in absolute form has to agree with.
///
/// # Errors
/// Where there is no such field, more than one, or one that is no host.
pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Result<Authority, Refusal> {
    let mistaken =
        |error| Refusal::bad_request(error, "send one field Host with a host and a port");
    let mut fields = headers.get_all(header::HOST).iter();
    let Some(field) = fields.next() else {
        return Err(mistaken("the request has no field Host"));
    };
    if fields.next().is_some() {
        return Err(mistaken("the request has more than one field Host"));
    }
    let host = Authority::try_from(field.as_bytes())
        .ok()
        .filter(|host| !host.as_str().contains('@') && !host.host().is_empty())
        .ok_or_else(|| mistaken("the field Host is no host"))?;
    match uri.authority() {
        Some(target) if *target != host => {
            Err(mistaken("the target of the request and its field Host do not agree"))
        }
        Some(_) | None => Ok(host),
    }
}

/// Whether `host` names this server: loopback, the address `local` at which the request came in,
/// or one of `hosts`; with any port.
///
/// # Errors
/// Where it names another.
pub(super) fn check(host: &Authority, local: IpAddr, hosts: &[String]) -> Result<(), Refusal> {
    let name = host.host();
    let literal = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let known = match literal.parse::<IpAddr>() {
        Ok(ip) => ip.to_canonical().is_loopback() || ip.to_canonical() == local.to_canonical(),
        Err(_) => {
            name.eq_ignore_ascii_case("localhost")
                || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
        }
    };
    // Of an address, too: behind a translation of addresses it is not the one that is bound.
    if known || hosts.iter().any(|known| known.eq_ignore_ascii_case(literal)) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::MISDIRECTED_REQUEST,
        "the field Host does not name this server",
        "use localhost or the address that is bound, or add the name to admin.hosts",
    ))
}
