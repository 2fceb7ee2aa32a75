//! The rule for what changes something: it was sent on purpose.
//!
//! A foreign page may send a form anywhere, but no field of its own making unless it is allowed
//! to, which this server never does. Browsers say in `Origin` whose page it is.

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

use super::super::refusal::Refusal;

/// The field that only somebody who means it sends.
pub(super) const X_TRUNKLINE: HeaderName = HeaderName::from_static("x-trunkline");

/// Whether a request that changes something may pass.
///
/// # Errors
/// Without `X-Trunkline`, and from a foreign page.
pub(super) fn check(headers: &HeaderMap, host: &Authority) -> Result<(), Refusal> {
    if !headers.contains_key(X_TRUNKLINE) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "the request has no field X-Trunkline",
            "send X-Trunkline: 1, so that no page in a browser can send it unasked",
        ));
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    if origins.all(|origin| is_same(origin.as_bytes(), host)) {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "the request comes from a page of another origin",
        "send it from this server's own origin, or without the field Origin",
    ))
}

/// Scheme, host and port (RFC 6454, section 5).
fn is_same(origin: &[u8], host: &Authority) -> bool {
    let Some(origin) = origin.strip_prefix(b"http://") else { return false };
    let Ok(origin) = Authority::try_from(origin) else { return false };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(80);
    !origin.as_str().contains('@')
        && origin.host().eq_ignore_ascii_case(host.host())
        && port(&origin) == port(host)
}
