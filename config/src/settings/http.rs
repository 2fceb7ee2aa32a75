//! What a listener of the protocol http does with requests.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use crate::http::host;
use crate::network::Network;
use crate::{duration, size};

/// What a listener does with requests of HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// In the order of the file, of which the first that fits a request serves it; at least one.
    pub routes: Vec<Route>,
    /// Peers whose X-Forwarded-* and Forwarded are kept.
    pub trusted: Vec<Network>,
    /// What a request may cost.
    pub limits: HttpLimits,
}

/// The keys of a listener that only this protocol has.
#[derive(Deserialize)]
pub(super) struct Written {
    routes: Option<Vec<Route>>,
    #[serde(default)]
    trusted: Vec<Network>,
    http: HttpLimits,
}

impl TryFrom<Written> for Http {
    type Error = &'static str;

    fn try_from(Written { routes, trusted, http }: Written) -> Result<Self, Self::Error> {
        let routes = routes.ok_or("the protocol http has no routes")?;
        Ok(Self { routes, trusted, limits: http })
    }
}

/// Which requests go where. All that is asked for has to be there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenRoute")]
pub struct Route {
    /// Its name in logs and metrics, which no other route of the listener has.
    pub name: Option<String>,
    /// The host that is asked for; `None` is any.
    pub host: Option<HostPattern>,
    /// The path that is asked for; `None` is any.
    pub path: Option<PathPattern>,
    /// The methods, of which a request has one, with case; empty is any. CONNECT is not among them.
    pub methods: Vec<String>,
    /// Header fields that a request has, all of them.
    pub headers: Vec<HeaderMatch>,
    /// Whether requests may be sent to a second backend whatever their method.
    pub repeatable: bool,
    /// What becomes of the request.
    pub target: Target,
}

/// Hosts, in lower case, without a port and without a dot at the end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostPattern {
    /// This one.
    Exact(String),
    /// Every name that has one label or more before this one and a dot.
    Below(String),
}

/// Paths, compared byte by byte as they are written. Each begins with a slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PathPattern {
    /// This one.
    Exact(String),
    /// Every path that begins so; ends with a slash.
    Prefix(String),
}

/// A header field that a request has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
pub struct HeaderMatch {
    /// In lower case; a token, and no hop-by-hop field.
    pub name: String,
    /// The whole value in visible ASCII and spaces, with case, none around it; `None` is any.
    pub value: Option<String>,
}

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A backend of a pool serves it.
    Pool {
        /// The name of the pool, which is among the settings.
        pool: String,
        /// What replaces the prefix that matched; begins and ends with a slash. The route's path is
        /// then a [`PathPattern::Prefix`].
        rewrite: Option<String>,
    },
    /// The client is sent elsewhere.
    Redirect {
        /// Visible ASCII, which begins with `/`, `http://` or `https://`; `{host}` stands for the
        /// host of the request and `{target}` for its path and query. No other braces.
        to: String,
        /// 301, 302, 303, 307 or 308.
        status: u16,
    },
    /// It is answered at once.
    Answer {
        /// 200 to 599.
        status: u16,
        /// Empty if the status is 204, 205 or 304.
        body: String,
        /// Content-Type: visible ASCII and spaces.
        content_type: String,
    },
}

/// What a request may cost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HttpLimits {
    /// From the first byte of a head to its end.
    #[serde(deserialize_with = "duration::deserialize")]
    pub head: Duration,
    /// How long nothing may move of a body.
    #[serde(deserialize_with = "duration::deserialize")]
    pub body: Duration,
    /// How long a client's connection may wait for its next request.
    #[serde(deserialize_with = "duration::deserialize")]
    pub keep_alive: Duration,
    /// From the request sent to the first byte of the answer.
    #[serde(deserialize_with = "duration::deserialize")]
    pub first_byte: Duration,
    /// A whole request with its answer, but not what follows an upgrade; `None` is no limit.
    #[serde(deserialize_with = "duration::or_off")]
    pub request: Option<Duration>,
    /// Requests on a client's connection until it is closed.
    pub requests: NonZeroU32,
    /// Bytes of a head, of a request and of an answer: 1 KiB to 1 MiB.
    #[serde(deserialize_with = "size::deserialize")]
    pub head_size: usize,
    /// Fields in a head: 1 to 256.
    pub fields: usize,
    /// Bytes of a request's body; `None` is no limit.
    #[serde(deserialize_with = "size::or_off")]
    pub body_size: Option<u64>,
}

/// The keys of a route.
#[derive(Deserialize)]
struct WrittenRoute {
    name: Option<String>,
    host: Option<String>,
    path: Option<String>,
    exact: bool,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    headers: Vec<HeaderMatch>,
    pool: Option<String>,
    rewrite: Option<String>,
    repeatable: bool,
    redirect: Option<WrittenRedirect>,
    answer: Option<WrittenAnswer>,
}

#[derive(Deserialize)]
struct WrittenRedirect {
    to: String,
    status: u16,
}

#[derive(Deserialize)]
struct WrittenAnswer {
    status: u16,
    #[serde(default)]
    body: String,
    #[serde(rename = "type")]
    content_type: String,
}

impl TryFrom<WrittenRoute> for Route {
    type Error = &'static str;

    fn try_from(route: WrittenRoute) -> Result<Self, Self::Error> {
        let target = match (route.pool, route.redirect, route.answer) {
            (Some(pool), None, None) => Target::Pool { pool, rewrite: route.rewrite },
            (None, Some(WrittenRedirect { to, status }), None) => Target::Redirect { to, status },
            (None, None, Some(WrittenAnswer { status, body, content_type })) => {
                Target::Answer { status, body, content_type }
            }
            (_, _, _) => return Err("a route has a pool, a redirect or an answer"),
        };
        let host = route.host.map(|host| match host.strip_prefix(host::BELOW) {
            Some(name) => HostPattern::Below(name.to_owned()),
            None => HostPattern::Exact(host),
        });
        let path = route.path.map(|path| {
            if path.ends_with('/') && !route.exact {
                PathPattern::Prefix(path)
            } else {
                PathPattern::Exact(path)
            }
        });
        let WrittenRoute { name, methods, headers, repeatable, .. } = route;
        Ok(Self { name, host, path, methods, headers, repeatable, target })
    }
}
