//! From what a pool has to what it is to have.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

use super::Wanted;
use crate::pool::{Member, Weight};

/// A member's place in a pool, as far as it can change while the member stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Where it is; never changes.
    pub address: SocketAddr,
    /// Its share.
    pub weight: Weight,
    /// Whether it serves only when no other can.
    pub backup: bool,
    /// From 0, the best.
    pub priority: u8,
    /// Whether it is in another zone than the server.
    pub foreign: bool,
    /// Whether it gets no new lease.
    pub draining: bool,
}

impl Placed {
    /// The place of a wanted member, seen from a server in `home`. Where the server has no zone,
    /// or the member has none, nobody is foreign.
    #[must_use]
    pub fn of(wanted: &Wanted, home: Option<&str>) -> Self {
        let Wanted { address, weight, backup, priority, draining, .. } = *wanted;
        let foreign = match (wanted.zone.as_deref(), home) {
            (Some(zone), Some(home)) => zone != home,
            (None, _) | (_, None) => false,
        };
        Self { address, weight, backup, priority, foreign, draining }
    }
}

impl From<&Member> for Placed {
    fn from(member: &Member) -> Self {
        let &Member { weight, backup, priority, foreign, draining, .. } = member;
        Self { address: member.backend.address(), weight, backup, priority, foreign, draining }
    }
}

/// What a pool lacks, has too much and has otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the order in which they are wanted.
    pub added: Vec<Placed>,
    /// In the order in which they were.
    pub removed: Vec<SocketAddr>,
    /// What they are to be, in the order in which they are wanted.
    pub changed: Vec<Placed>,
}

impl Changes {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// What leads from `current` to `wanted`, by address. In neither does an address come twice.
#[must_use]
pub fn changes(current: &[Placed], wanted: &[Placed]) -> Changes {
    let has: HashMap<_, _> = current.iter().map(|placed| (placed.address, placed)).collect();
    let wants: HashMap<_, _> = wanted.iter().map(|placed| (placed.address, placed)).collect();
    let mut changes = Changes::default();
    for placed in wanted {
        match has.get(&placed.address) {
            None => changes.added.push(*placed),
            Some(before) if *before != placed => changes.changed.push(*placed),
            Some(_) => {}
        }
    }
    let gone = current.iter().map(|placed| placed.address);
    changes.removed = gone.filter(|address| !wants.contains_key(address)).collect();
    changes
}

/// How many addresses a line of the log names of each kind.
const NAMED: usize = 8;

/// A list for the log that names some and counts the rest.
pub(crate) struct Named<'a, T>(pub(crate) &'a [T]);

impl<T: fmt::Display> fmt::Display for Named<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, item) in self.0.iter().take(NAMED).enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{item}")?;
        }
        match self.0.len().saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// What it is to be, in short: its address, and what it has otherwise than most.
impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} weight={}", self.address, self.weight.get())?;
        if self.priority > 0 {
            write!(f, " priority={}", self.priority)?;
        }
        for (is, word) in
            [(self.backup, "backup"), (self.foreign, "foreign"), (self.draining, "draining")]
        {
            if is {
                write!(f, " {word}")?;
            }
        }
        Ok(())
    }
}
