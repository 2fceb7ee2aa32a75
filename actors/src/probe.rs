//! The HTTP probe as pure code: what is asked of a backend, and whether its answer will do.
//!
//! | file | holds |
//! |---|---|
//! | `probe` | what is asked |
//! | `probe/answer` | the answer, read in pieces of any size |
//! | `probe/failure` | why a probe failed |
//! | `probe/statuses` | the statuses that pass |
//!
//! Who connects, writes and reads is [`tree::probe`](crate::tree::probe).

use std::net::SocketAddr;

use thiserror::Error;

pub use self::answer::{Answer, SEARCHED, Verdict};
pub use self::failure::ProbeFailure;
pub use self::statuses::StatusRanges;

mod answer;
mod failure;
mod statuses;

/// The method of a probe. None of them changes anything at a backend that keeps to RFC 9110 §9.2.1,
/// but POST, which some health checks want.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// HEAD: the answer has no body.
    Head,
    /// OPTIONS.
    Options,
    /// POST, with an empty body.
    Post,
}

impl Method {
    /// As it stands in the request.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
        }
    }
}

/// What a probe asks and which answer passes, as the configuration has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpProbePlan {
    /// How it asks.
    pub method: Method,
    /// For what it asks: begins with `/`, may have a query.
    pub path: String,
    /// What stands in `Host`; without it, the backend's address.
    pub host: Option<String>,
    /// Further fields, in this order. `User-Agent` replaces that of the probe.
    pub headers: Vec<(String, String)>,
    /// The statuses that pass.
    pub statuses: StatusRanges,
    /// What the first 64 KiB of the body must contain. Empty is the same as none.
    pub body: Option<String>,
}

/// Why a probe cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadProbe {
    /// The path is no target of a request (RFC 9112 §3.2.1).
    #[error(
        "the path of a probe begins with \"/\" and has only visible ASCII: write others as %XX"
    )]
    Path,
    /// The host would end its line, or be no host.
    #[error("the host of a probe is a name or an address, perhaps with \":PORT\"")]
    Host,
    /// The name of a field is no token, or its value has a control character.
    #[error(
        "{0:?} is no header that can be sent: a name is letters, digits and hyphens, a value one line"
    )]
    Header(String),
    /// The probe itself sends this field.
    #[error("{0:?} is sent by the probe itself: leave it out (for Host, set `host`)")]
    OwnHeader(String),
}

/// A probe that may be sent: nothing in it can become another line of its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProbe(HttpProbePlan);

impl HttpProbe {
    /// Checks what is to be sent.
    ///
    /// # Errors
    /// When a part of it cannot stand where it belongs, or contradicts what the probe sends itself.
    pub fn new(plan: HttpProbePlan) -> Result<Self, BadProbe> {
        if !plan.path.starts_with('/') || !plan.path.bytes().all(is_visible) {
            return Err(BadProbe::Path);
        }
        let host = plan.host.as_deref();
        if host.is_some_and(|host| host.is_empty() || !host.bytes().all(is_of_host)) {
            return Err(BadProbe::Host);
        }
        for (name, value) in &plan.headers {
            let sound =
                !name.is_empty() && name.bytes().all(is_token) && value.bytes().all(is_text);
            if !sound {
                return Err(BadProbe::Header(name.clone()));
            }
            if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
                return Err(BadProbe::OwnHeader(name.clone()));
            }
        }
        Ok(Self(plan))
    }

    /// The whole request. `name` is the host name that led to `address`, if one did: the backend
    /// may serve several hosts, and it is the one that was meant.
    #[must_use]
    pub fn request(&self, address: SocketAddr, name: Option<&str>) -> Vec<u8> {
        let HttpProbePlan { method, path, headers, .. } = &self.0;
        let host = self.0.host.clone().unwrap_or_else(|| match (name, address) {
            (Some(name), _) => format!("{name}:{}", address.port()),
            (None, SocketAddr::V4(address)) => address.to_string(),
            // The zone of a link-local address is this machine's affair (RFC 6874 §4).
            (None, SocketAddr::V6(address)) => format!("[{}]:{}", address.ip(), address.port()),
        });
        let mut request = format!("{} {path} HTTP/1.1\r\nHost: {host}\r\n", method.name());
        let mut field = |name: &str, value: &str| {
            request.extend([name, ": ", value, "\r\n"]);
        };
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("user-agent")) {
            field("User-Agent", "trunkline-probe");
        }
        for (name, value) in headers {
            field(name, value);
        }
        if *method == Method::Post {
            // RFC 9110 §8.6: where a body would mean something, its absence is said.
            field("Content-Length", "0");
        }
        field("Connection", "close");
        request.push_str("\r\n");
        request.into_bytes()
    }

    /// Begins to read an answer.
    #[must_use]
    pub fn answer(&self) -> Answer<'_> {
        Answer::new(&self.0)
    }
}

/// What frames the request and ends the connection.
const OWN: [&str; 8] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "upgrade",
    "expect",
    "te",
    "trailer",
];

fn is_visible(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'#'
}

/// RFC 3986 §3.2: what a host and a port are made of.
fn is_of_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 9110 §5.5.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests;
