//! Where a pool's backends come from, as pure code: which names are asked for when, what their
//! answers make of the pool, and what has changed.
//!
//! | file | holds |
//! |---|---|
//! | `answer` | what is asked of a resolver, and what it says |
//! | `source` | one entry of the configuration: its last good answer, and when it is asked again |
//! | `sources` | all entries of a pool, merged |
//! | `srv` | priorities and weights of SRV records as those of members |
//! | `orders` | weights and draining that somebody has set at run time |
//! | `changes` | from what a pool has to what it is to have |
//! | `watch` | when a file is worth reading |
//! | `spread` | which connections are closed when, while a backend drains |
//!
//! Nothing here does IO or knows the time: moments and chance are arguments.

mod answer;
mod changes;
mod orders;
mod source;
mod sources;
mod spread;
mod srv;
mod watch;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

pub use answer::{Addresses, Answer, Found, Lookup, LookupError, Target};
pub(crate) use changes::Named;
pub use changes::{Changes, Placed, changes};
pub use orders::OrderError;
pub use source::{News, Pace};
pub use sources::{SourceId, Sources};
pub use spread::Spread;
pub use watch::{Look, Stamp, Watch};

use crate::pool::Weight;

/// The lowest of the priorities, of which 0 is the best.
pub const LAST_PRIORITY: u8 = 15;

/// One entry of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlan {
    /// What leads to its addresses.
    pub origin: Origin,
    /// The share of each of its addresses; an SRV record brings its own.
    pub weight: Weight,
    /// Whether they serve only when no other can.
    pub backup: bool,
    /// From 0, the best, to [`LAST_PRIORITY`]. The priorities of SRV records come behind it.
    pub priority: u8,
    /// Where they are, if that is known.
    pub zone: Option<Arc<str>>,
}

impl SourcePlan {
    /// An entry that states nothing but its origin.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        Self { origin, weight: Weight::ONE, backup: false, priority: 0, zone: None }
    }
}

/// What leads to addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An address as it stands.
    Address(SocketAddr),
    /// A host name, each A and AAAA record of which is a backend.
    Host {
        /// The name.
        name: Arc<str>,
        /// The port of all of them.
        port: u16,
    },
    /// The name of SRV records, each address of each target of which is a backend.
    Srv {
        /// The name, as `_http._tcp.example.org`.
        name: Arc<str>,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => write!(f, "{address}"),
            Self::Host { name, port } => write!(f, "{name}:{port}"),
            Self::Srv { name } => f.write_str(name),
        }
    }
}

/// A member that a pool is to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is.
    pub address: SocketAddr,
    /// The host name that led there, if one did.
    pub host: Option<Arc<str>>,
    /// Its share.
    pub weight: Weight,
    /// Whether it serves only when no other can.
    pub backup: bool,
    /// From 0, the best, to [`LAST_PRIORITY`].
    pub priority: u8,
    /// Where it is, if that is known.
    pub zone: Option<Arc<str>>,
    /// Whether somebody has ordered that it gets no new lease.
    pub draining: bool,
}

#[cfg(test)]
mod tests;
