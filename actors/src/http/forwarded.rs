//! Who a request comes from, told to the backend: X-Forwarded-* and Forwarded (RFC 7239).
//!
//! A client that is not trusted could claim to be anybody, so all it says is dropped and set anew.
//! What a trusted one says is kept, and the client itself added at the end of the chain.

use std::io::Write as _;
use std::net::IpAddr;

use super::request::{Onward, RequestHead, is_token};

/// Appends the fields. Those of a trusted client that say protocol and host are not among them:
/// they went on with the others.
pub(super) fn write(head: &RequestHead<'_, '_>, to: &mut Vec<u8>, onward: &Onward<'_>) {
    // A listener on both families sees clients of IPv4 as mapped ones; a backend expects 1.2.3.4.
    let client = onward.client.to_canonical();
    let has_told =
        |name: &str| onward.trusted && head.values(head.told()).any(|field| is(field.name, name));

    to.extend_from_slice(b"X-Forwarded-For: ");
    chain(head, to, onward.trusted, "x-forwarded-for");
    let start = to.len();
    address(to, client);
    let address = start..to.len();
    if !has_told("x-forwarded-proto") {
        to.extend_from_slice(b"\r\nX-Forwarded-Proto: http");
    }
    if !head.host.is_empty() && !has_told("x-forwarded-host") {
        to.extend_from_slice(b"\r\nX-Forwarded-Host: ");
        to.extend_from_slice(head.host.as_bytes());
    }

    to.extend_from_slice(b"\r\nForwarded: ");
    chain(head, to, onward.trusted, "forwarded");
    match client {
        IpAddr::V4(_) => {
            to.extend_from_slice(b"for=");
            to.extend_from_within(address);
        }
        IpAddr::V6(_) => {
            to.extend_from_slice(b"for=\"[");
            to.extend_from_within(address);
            to.extend_from_slice(b"]\"");
        }
    }
    host(to, head.host.as_bytes());
    to.extend_from_slice(b";proto=http\r\n");
}

/// The address as it is printed everywhere; for IPv4 in a fifth of the time that `Display` takes.
fn address(to: &mut Vec<u8>, client: IpAddr) {
    match client {
        IpAddr::V4(client) => {
            let mut buffer = itoa::Buffer::new();
            for (place, octet) in client.octets().into_iter().enumerate() {
                if place > 0 {
                    to.push(b'.');
                }
                to.extend_from_slice(buffer.format(octet).as_bytes());
            }
        }
        // Writing to a `Vec` does not fail.
        IpAddr::V6(client) => drop(write!(to, "{client}")),
    }
}

fn is(name: &str, known: &str) -> bool {
    name.eq_ignore_ascii_case(known)
}

/// What a trusted client says of those before it, as one list.
fn chain(head: &RequestHead<'_, '_>, to: &mut Vec<u8>, trusted: bool, name: &str) {
    if !trusted {
        return;
    }
    for field in head.values(head.chain()) {
        if is(field.name, name) && !field.value.is_empty() {
            to.extend_from_slice(field.value);
            to.extend_from_slice(b", ");
        }
    }
}

/// The host as a parameter: in quotes where it is no token, as with a port. It has been checked, so
/// there is nothing in it that would have to be escaped.
fn host(to: &mut Vec<u8>, host: &[u8]) {
    if host.is_empty() {
        return;
    }
    let quote: &[u8] = if host.iter().all(|byte| is_token(*byte)) { b"" } else { b"\"" };
    for part in [b";host=", quote, host, quote] {
        to.extend_from_slice(part);
    }
}
