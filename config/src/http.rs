//! The texts that routes and probes of HTTP are written in: each read to its one normal form, or refused with
//! what to write.
//!
//! | module | text |
//! |---|---|
//! | `host` | the host that a route is for: `api.example.com`, `*.example.com` |
//! | `path` | a path or the beginning of one: `/health`, `/v1/` |
//! | `method` | a method: `GET` |
//! | `header` | the name of a header field, and a value to compare one with |
//! | `location` | where a redirect leads: `https://{host}{target}` |
//! | `cookie` | the name of a cookie |
//! | `probe` | what a probe asks for, sends and looks for: `/healthz?deep` |
//! | `authority` | the host that a probe asks for: `www.example.com:8080` |
//! | `statuses` | the statuses that pass a probe: `200-399,404` |

pub(crate) mod authority;
pub(crate) mod cookie;
pub(crate) mod header;
pub(crate) mod host;
pub(crate) mod location;
pub(crate) mod method;
pub(crate) mod path;
pub(crate) mod probe;
pub(crate) mod statuses;

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(plain)
}
