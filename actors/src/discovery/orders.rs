//! Weights and draining that somebody has set at run time.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use thiserror::Error;

use super::Wanted;
use crate::pool::Weight;

/// Why an order was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OrderError {
    /// The pool has no such member.
    #[error("the pool has no backend {0}: name one by IP address and port, as the tree shows it")]
    NoMember(SocketAddr),
    /// It is not draining.
    #[error("the backend {0} is not draining")]
    NotDraining(SocketAddr),
}

/// What was ordered, by address.
#[derive(Debug, Default)]
pub(super) struct Orders {
    weights: HashMap<SocketAddr, Ordered>,
    draining: HashSet<SocketAddr>,
}

#[derive(Debug)]
struct Ordered {
    weight: Weight,
    /// The weight that was configured then: the order holds until it changes.
    instead_of: Weight,
}

impl Orders {
    pub(super) fn set_weight(&mut self, address: SocketAddr, weight: Weight, configured: Weight) {
        self.weights.insert(address, Ordered { weight, instead_of: configured });
    }

    pub(super) fn drain(&mut self, address: SocketAddr) {
        self.draining.insert(address);
    }

    /// False if it was not draining.
    pub(super) fn undrain(&mut self, address: SocketAddr) -> bool {
        self.draining.remove(&address)
    }

    pub(super) fn apply(&self, member: &mut Wanted) {
        if let Some(ordered) = self.weights.get(&member.address)
            && ordered.instead_of == member.weight
        {
            member.weight = ordered.weight;
        }
        member.draining = self.draining.contains(&member.address);
    }

    pub(super) fn prune(&mut self, configured: &[Wanted]) {
        let by_address: HashMap<_, _> =
            configured.iter().map(|member| (member.address, member.weight)).collect();
        self.weights
            .retain(|address, ordered| by_address.get(address) == Some(&ordered.instead_of));
        self.draining.retain(|address| by_address.contains_key(address));
    }
}
