//! What the admin API answers, as far as it is shown. Members that are not known are passed over,
//! so that a newer server can be asked as well.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

/// The answer of `/tree`.
#[derive(Debug, Deserialize)]
pub(super) struct Tree {
    /// Parents before their children.
    pub(super) nodes: Vec<Node>,
}

/// An actor.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Node {
    pub(super) path: String,
    pub(super) status: String,
    pub(super) generation: u32,
    pub(super) restarts: u32,
    /// Milliseconds since its last start, or since its end where it is down.
    pub(super) since_ms: u64,
    pub(super) waiting: u32,
    pub(super) capacity: u32,
    pub(super) last_exit: Option<LastExit>,
    #[serde(default)]
    pub(super) detail: Value,
}

/// How an incarnation ended.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct LastExit {
    pub(super) reason: String,
    pub(super) text: Option<String>,
    pub(super) place: Option<String>,
}

/// The answer of `/pools`.
#[derive(Debug, Deserialize)]
pub(super) struct Pools {
    pub(super) pools: Vec<Pool>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) algorithm: String,
    pub(super) waiting: u64,
    pub(super) in_flight: u64,
    pub(super) serving: u64,
    pub(super) backends: Vec<Backend>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Backend {
    pub(super) name: String,
    pub(super) address: String,
    pub(super) tier: u64,
    pub(super) weight: u64,
    pub(super) health: String,
    pub(super) ejected: bool,
    pub(super) draining: bool,
    pub(super) in_flight: u64,
    pub(super) requests: u64,
    pub(super) failed: u64,
}

/// The answer of `/traces`.
#[derive(Debug, Deserialize)]
pub(super) struct Traces {
    /// Newest first.
    pub(super) traces: Vec<Summary>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Summary {
    pub(super) trace_id: String,
    pub(super) name: String,
    pub(super) start_unix_us: u64,
    pub(super) duration_us: u64,
    pub(super) error: bool,
    pub(super) spans: u64,
}

/// The answer of `/traces/ID`.
#[derive(Debug, Deserialize)]
pub(super) struct Trace {
    pub(super) trace_id: String,
    pub(super) spans: Vec<Span>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Span {
    pub(super) span_id: String,
    pub(super) parent_span_id: Option<String>,
    pub(super) name: String,
    /// Decimal digits: nanoseconds since 1970.
    pub(super) start_unix_ns: String,
    pub(super) duration_ns: u64,
    /// What went wrong; may be empty.
    pub(super) error: Option<String>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) links: Vec<Link>,
}

/// Another span that a span belongs to, in another trace.
#[derive(Debug, Deserialize)]
pub(super) struct Link {
    pub(super) trace_id: String,
    pub(super) span_id: String,
}

/// Something that happened in the tree.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Happening {
    pub(super) at_unix_ms: u64,
    pub(super) path: String,
    pub(super) generation: u32,
    pub(super) what: String,
    /// How an incarnation ended, in words, and in one of a closed set.
    pub(super) text: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) after_ms: Option<u64>,
    pub(super) retry_ms: Option<u64>,
    pub(super) child: Option<String>,
    pub(super) restarts: Option<u32>,
    pub(super) since_ms: Option<u64>,
}

impl Happening {
    /// Whether it is more than the ordinary coming and going, as of every connection.
    pub(super) fn is_notable(&self) -> bool {
        match self.what.as_str() {
            "started" => self.generation > 1,
            "exited" => !matches!(self.reason.as_deref(), Some("normal" | "shutdown")),
            "removed" => false,
            _ => true,
        }
    }
}
