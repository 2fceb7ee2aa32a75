//! What is asked of a resolver, and what it says.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

/// A question to the resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The addresses of a host name: A and AAAA.
    Host(Arc<str>),
    /// The targets of an SRV name, and the addresses of each.
    Srv(Arc<str>),
}

impl Lookup {
    /// The name that is asked for.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Host(name) | Self::Srv(name) => name,
        }
    }
}

/// What a resolver has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The records.
    pub answer: Answer,
    /// The shortest of their times to live.
    pub valid_for: Duration,
}

/// The records of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Of a host name.
    Host(Addresses),
    /// Of an SRV name. A target of `.`, which says that there is no such service, is left out.
    Srv(Vec<Target>),
}

/// The addresses of one name. A family whose question was not answered is `None`, which is not the
/// same as the answer that there is none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Of the A records.
    pub v4: Option<Vec<Ipv4Addr>>,
    /// Of the AAAA records.
    pub v6: Option<Vec<Ipv6Addr>>,
}

impl Addresses {
    /// Whether the questions for both families were answered.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.v4.is_some() && self.v6.is_some()
    }

    /// All addresses, in an order that does not depend on that of the answer: servers rotate
    /// theirs, and a new order is not a new answer.
    #[must_use]
    pub fn sorted(&self) -> Vec<IpAddr> {
        let v4 = self.v4.iter().flatten().copied().map(IpAddr::from);
        let v6 = self.v6.iter().flatten().copied().map(IpAddr::from);
        let mut all: Vec<_> = v4.chain(v6).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// With the addresses of `last` for a family whose question was not answered.
    pub(super) fn or(self, last: Option<&Self>) -> Self {
        Self {
            v4: self.v4.or_else(|| last.and_then(|last| last.v4.clone())),
            v6: self.v6.or_else(|| last.and_then(|last| last.v6.clone())),
        }
    }
}

impl FromIterator<IpAddr> for Addresses {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for address in addresses {
            match address {
                IpAddr::V4(address) => v4.push(address),
                IpAddr::V6(address) => v6.push(address),
            }
        }
        Self { v4: Some(v4), v6: Some(v6) }
    }
}

/// One SRV record and the addresses of its target (RFC 2782).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The target's name.
    pub name: Arc<str>,
    /// Its port.
    pub port: u16,
    /// The lower the better.
    pub priority: u16,
    /// Its share among the targets of the same priority.
    pub weight: u16,
    /// Where it is.
    pub addresses: Addresses,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LookupError {
    /// It is no name that could be asked for.
    #[error("it is not a valid host name")]
    NotAName,
    /// The name does not exist.
    #[error("there is no such name")]
    NoSuchName,
    /// The name exists, but has no record of the type, or none that leads anywhere.
    #[error("the name has no addresses")]
    Empty,
    /// No server answered in time.
    #[error("no name server answered in time")]
    Silence,
    /// The servers answered, and would not or could not say.
    #[error("the name servers answered {0}")]
    Refused(String),
    /// No server could be asked.
    #[error("no name server could be asked: {0}")]
    Unreachable(String),
    /// More wait for the resolver than it keeps waiting.
    #[error("too many look-ups wait for the resolver")]
    Busy,
    /// The resolver crashed or is being restarted.
    #[error("the resolver is not there: {0}")]
    Lost(String),
}
