//! Who is let in. Each rule is a pure function of the request; here they are put before the routes.
//!
//! | file | rule |
//! |---|---|
//! | `host` | `Host` names this server |
//! | `origin` | what changes something was sent on purpose, and from no foreign page |
//! | `token` | the token, where there is one |

mod host;
mod origin;
mod token;

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

pub use token::Token;

use super::refusal::Refusal;
use super::routes::Api;

/// Where the connection of a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// At this address of the machine.
    Tcp(IpAddr),
    /// At a Unix socket, whose file's mode says who may come.
    Unix,
}

/// What the rules are.
pub(super) struct Guard {
    pub(super) token: Option<Token>,
    pub(super) hosts: Vec<String>,
}

impl Guard {
    /// Whether a request may pass.
    ///
    /// # Errors
    /// The answer that it gets instead.
    fn admit(
        &self,
        door: Door,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        let host = host::of(uri, headers)?;
        if let Door::Tcp(local) = door {
            host::check(&host, local, &self.hosts)?;
        }
        if !matches!(*method, Method::GET | Method::HEAD) {
            origin::check(headers, &host)?;
        }
        match &self.token {
            Some(token) if !matches!(uri.path(), "/healthz" | "/readyz") => token.check(headers),
            Some(_) | None => Ok(()),
        }
    }
}

/// The layer before all routes. What it adds to answers keeps browsers from storing them, and from
/// taking them for anything but what they say they are.
pub(super) async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    let door = request.extensions().get::<Door>().copied();
    let admitted = match door {
        Some(door) => api.guard.admit(door, request.method(), request.uri(), request.headers()),
        // Nobody comes in but by a door.
        None => Err(Refusal::new(StatusCode::FORBIDDEN, "the request has no origin", "try again")),
    };
    let mut response = match admitted {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let fields: [(HeaderName, HeaderValue); 2] = [
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    response.headers_mut().extend(fields);
    response
}

#[cfg(test)]
mod tests;
