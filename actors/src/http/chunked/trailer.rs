//! The fields after a chunked body.

use httparse::{EMPTY_HEADER, Error, Status};

use crate::http::body::BodyError;
use crate::http::fields::is_hop_by_hop;
use crate::http::limits::{HeadLimits, MOST_FIELDS};

/// What is dropped: fields that frame the message, say where it goes or whose it is, change how it is
/// processed, or what its content means (RFC 9110 §6.5.1). Whoever merges trailers into the head must
/// not be told there what a check of the head would have caught.
const DROPPED: [&str; 34] = [
    // Framing and content.
    "content-length",
    "content-encoding",
    "content-range",
    "content-type",
    "content-location",
    "trailer",
    // Routing.
    "host",
    "max-forwards",
    "forwarded",
    "x-real-ip",
    "via",
    "http2-settings",
    // Authentication and cookies.
    "authorization",
    "proxy-authorization",
    "www-authenticate",
    "proxy-authenticate",
    "proxy-authentication-info",
    "cookie",
    "set-cookie",
    // Modifiers of the request.
    "expect",
    "range",
    "pragma",
    "cache-control",
    // Control of the answer, and policies that a browser reads.
    "age",
    "date",
    "expires",
    "location",
    "refresh",
    "retry-after",
    "vary",
    "warning",
    "strict-transport-security",
    "content-security-policy",
    "access-control-allow-origin",
];
/// The same, for families of names: conditions, and what a proxy says of the client.
const DROPPED_FAMILIES: [&str; 2] = ["if-", "x-forwarded-"];

/// What may be passed on of a trailer section, with its empty line. Its lines end with CRLF.
pub(super) fn admitted(section: &[u8], limits: &HeadLimits) -> Result<Vec<u8>, BodyError> {
    let mut storage = [EMPTY_HEADER; MOST_FIELDS];
    let room = &mut storage[..limits.fields.min(MOST_FIELDS)];
    let fields = match httparse::parse_headers(section, room) {
        Ok(Status::Complete((length, fields))) if length == section.len() => fields,
        Ok(Status::Complete(_) | Status::Partial) => return Err(BodyError::BadTrailer),
        Err(Error::TooManyHeaders) => return Err(BodyError::TrailerTooLong),
        Err(_) => return Err(BodyError::BadTrailer),
    };
    let mut admitted = Vec::with_capacity(section.len());
    for (line, field) in section.split_inclusive(|byte| *byte == b'\n').zip(fields) {
        if !is_dropped(field.name) {
            admitted.extend_from_slice(line);
        }
    }
    admitted.extend_from_slice(b"\r\n");
    Ok(admitted)
}

fn is_dropped(name: &str) -> bool {
    is_hop_by_hop(name)
        || DROPPED.iter().any(|dropped| dropped.eq_ignore_ascii_case(name))
        || DROPPED_FAMILIES.iter().any(|family| {
            name.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family))
        })
}
