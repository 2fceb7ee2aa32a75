//! What becomes of a pool's requests.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use super::off;
use crate::secret::Secret;
use crate::{duration, size};

/// How clients of HTTP go back to the same backend.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sticky {
    /// The cookie's name, a token.
    pub cookie: String,
    /// How long a client is held to its backend.
    #[serde(deserialize_with = "duration::deserialize")]
    pub ttl: Duration,
    /// What the cookie is signed with, at least 32 characters; `None` is a random one at every start.
    pub key: Option<Secret>,
}

/// How much is under way in a pool at one time.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Limits {
    /// Connections or requests of the whole pool; `None` is no limit.
    #[serde(deserialize_with = "off::or_off")]
    pub in_flight: Option<NonZeroU32>,
    /// Connections or requests of one backend; `None` is no limit.
    #[serde(deserialize_with = "off::or_off")]
    pub backend_in_flight: Option<NonZeroU32>,
    /// How many wait for a place beyond these limits: up to 1,000,000; 0 is none.
    pub queue: u32,
    /// How long one of them waits.
    #[serde(deserialize_with = "duration::deserialize")]
    pub queue_timeout: Duration,
}

/// Which requests of a pool are sent to a second backend.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Retry {
    /// Answers with one of these are not passed on while there is another backend: 400 to 599.
    #[serde(default)]
    pub statuses: Vec<u16>,
    /// Bytes of a request's body that are kept so that it can be sent again: up to 16 MiB; 0 is only
    /// requests without a body.
    #[serde(deserialize_with = "size::deserialize")]
    pub buffer: usize,
    /// Per cent of the requests that may be sent again: 0 to 100.
    pub budget: u8,
    /// From the last byte of the request to the first of the answer; `None` is no limit but those of the
    /// listener.
    #[serde(deserialize_with = "duration::or_off")]
    pub per_try: Option<Duration>,
    /// The percentile of the pool's latencies after which a second backend is asked as well, 50 to
    /// 99.9; `None` is never.
    #[serde(deserialize_with = "off::or_off")]
    pub hedge: Option<f32>,
}
