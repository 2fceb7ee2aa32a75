//! A rule: its conditions, and the route of what fits them.

use std::sync::Arc;

use super::{Answer, HostPattern, PathPattern, Redirect, Rewrite};
use crate::metrics::RequestMetrics;

/// One rule. It fits a request if all its conditions do; without conditions it fits every request.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Whose requests; none for any host, and for requests that name none.
    pub host: Option<HostPattern>,
    /// Which paths; none for all, and for `*`.
    pub path: Option<PathPattern>,
    /// One of these methods, compared byte for byte (RFC 9110 §9.1); empty for any.
    pub methods: Vec<String>,
    /// All of these fields.
    pub headers: Vec<HeaderMatch>,
    /// Where it leads.
    pub route: Arc<Route>,
}

impl Rule {
    /// Whether host and path are all it asks for.
    pub(super) fn is_unconditional(&self) -> bool {
        self.methods.is_empty() && self.headers.is_empty()
    }

    /// Whether the conditions other than host and path hold.
    pub(super) fn holds(&self, query: &Query<'_>) -> bool {
        let method = |method: &String| method.as_bytes() == query.method;
        (self.methods.is_empty() || self.methods.iter().any(method))
            && self.headers.iter().all(|header| header.holds(query.fields))
    }
}

/// A condition on a header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderMatch {
    /// Its name, compared in any case of ASCII.
    pub name: String,
    /// What one of the fields of that name has to be, byte for byte; none if one needs only to be
    /// there. Lists within a value are not taken apart.
    pub value: Option<String>,
}

impl HeaderMatch {
    fn holds(&self, fields: &[httparse::Header<'_>]) -> bool {
        let value = self.value.as_deref().map(str::as_bytes);
        fields.iter().any(|field| {
            field.name.eq_ignore_ascii_case(&self.name) && value.is_none_or(|it| it == field.value)
        })
    }
}

/// Where a rule leads, under the name that logs and metrics have for it.
#[derive(Debug)]
pub struct Route {
    /// Its name.
    pub name: Arc<str>,
    /// What serves the request.
    pub target: Target,
    /// Whether its requests may be sent a second time whatever their method.
    pub repeatable: bool,
    /// Its requests, counted.
    pub metrics: RequestMetrics,
}

/// What serves a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A backend of a pool.
    Pool {
        /// The pool's name.
        pool: Arc<str>,
        /// What the backend gets as the path; none for the one sent.
        rewrite: Option<Rewrite>,
    },
    /// The client is to ask elsewhere.
    Redirect(Redirect),
    /// An answer that is always the same.
    Answer(Answer),
}

/// What of a request decides its route.
#[derive(Debug, Clone, Copy)]
pub struct Query<'q> {
    /// The host as sent: it may have a port and capitals. Empty if the request names none.
    pub host: &'q [u8],
    /// Path and query as sent, or `*`.
    pub path: &'q [u8],
    /// The method.
    pub method: &'q [u8],
    /// The header fields.
    pub fields: &'q [httparse::Header<'q>],
}
