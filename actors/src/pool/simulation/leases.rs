//! What is checked whenever a lease is given or refused.

use tokio::time::Instant;

use super::nature::Reached;
use super::requests::Request;
use super::scenario::chance;
use super::sight::{self, Place, Sight};
use super::world::{Event, World};
use crate::backend::BackendId;
use crate::backend::lease::Lease;
use crate::pool::NoBackend;

/// A lease that is out.
pub(super) struct Live {
    pub(super) lease: Lease,
    pub(super) cell: usize,
    pub(super) request: Request,
    /// How its connection is going to end.
    pub(super) reached: Reached,
    pub(super) sent_at: Instant,
}

/// Whether one request can have a lease.
pub(super) enum Verdict {
    /// Nobody may serve it, however few leases there were.
    Nobody,
    /// Somebody may, but has no place.
    Full,
    /// One of these may, by their tiers.
    Free(Vec<(usize, Place)>),
}

impl World {
    pub(super) fn sight(&self) -> Vec<Sight> {
        sight::sight(&self.places, &self.cells, self.settings.panic, self.now)
    }

    pub(super) fn verdict(&self, sight: &[Sight], excluded: &[usize]) -> Verdict {
        let open = sight.iter().enumerate().flat_map(|(tier, sight)| {
            let untried = sight.open.iter().filter(|place| !excluded.contains(&place.cell));
            untried.map(move |place| (tier, *place))
        });
        let mut open: Vec<_> = open.collect();
        if open.is_empty() {
            return Verdict::Nobody;
        }
        let limits = self.settings.limits;
        if limits.in_flight.is_some_and(|limit| self.live.len() >= limit as usize) {
            return Verdict::Full;
        }
        if let Some(limit) = limits.backend_in_flight {
            open.retain(|(_, place)| self.cells[place.cell].in_flight < limit);
        }
        if open.is_empty() { Verdict::Full } else { Verdict::Free(open) }
    }

    pub(super) fn cell_of(&self, id: BackendId) -> usize {
        self.cells.iter().position(|cell| cell.backend.id() == id).unwrap()
    }

    /// A request has got a lease.
    pub(super) fn leased(&mut self, lease: Lease, mut request: Request) {
        let cell = self.cell_of(lease.backend().id());
        let sight = self.sight();
        let free = match self.verdict(&sight, &request.excluded) {
            Verdict::Free(free) => free,
            Verdict::Full => panic!("a lease of backend {cell} beyond the limits"),
            Verdict::Nobody => panic!("a lease of backend {cell}, but nobody may serve"),
        };
        let (tier, place) = *free
            .iter()
            .find(|(_, place)| place.cell == cell)
            .unwrap_or_else(|| panic!("a lease of backend {cell}, which is out, full or tried"));
        let stuck = request.sticky.filter(|cell| free.iter().any(|(_, free)| free.cell == *cell));
        if let Some(stuck) = stuck {
            assert!(cell == stuck || self.blind, "{cell}, but the client was with {stuck} before");
        } else if !self.blind {
            self.right_tier(&sight, &free, tier);
            self.right_share(&sight[tier], &free, tier, place);
        }

        let number = self.number();
        let trial = self.cells[cell].leased(number);
        assert_eq!(lease.is_trial(), trial, "whether the lease of backend {cell} is its trial");
        self.seen.count(if trial { "trial" } else { "lease" });
        if self.cells[cell].is_ejected(self.now) {
            self.seen.count("panic");
        }
        self.tell(|_| format!("lease {number} of backend {cell}, trial: {trial}, {request:?}"));

        request.tried += 1;
        let nature = self.cells[cell].nature;
        let (reached, delay) = nature.reached(self.settings.connect_timeout, &mut self.rng);
        self.live.insert(number, Live { lease, cell, request, reached, sent_at: self.now });
        if !trial && chance(&mut self.rng, 30) {
            // Over a connection that has served before.
            self.send(number);
        } else {
            self.after(delay, Event::Reached(number));
        }
    }

    /// Others than the best serve only when that one is too weak, or has nobody for this request.
    fn right_tier(&mut self, sight: &[Sight], free: &[(usize, Place)], tier: usize) {
        if tier == 0 {
            return;
        }
        let before: f64 = sight[..tier].iter().map(Sight::health).sum();
        let anybody = free.iter().any(|(other, _)| *other < tier);
        assert!(
            before < 1.0 - 1e-9 || !anybody,
            "tier {tier} serves though those before it can: {before}"
        );
        if sight[tier].backup {
            let proper = free.iter().any(|(other, _)| !sight[*other].backup);
            assert!(!proper, "a backup serves though others can");
            self.seen.count("backup");
        }
        self.seen.count("spill");
    }

    /// What is wrong about a request that gets no lease, if anything is.
    pub(super) fn wrong_refusal(
        &mut self,
        refusal: NoBackend,
        request: &Request,
        past: bool,
    ) -> Option<String> {
        if self.blind {
            return None;
        }
        let (waiting, most) = (self.line.len(), self.settings.limits.queue as usize);
        match (refusal, self.verdict(&self.sight(), &request.excluded)) {
            (NoBackend::Full, Verdict::Full) if past || waiting >= most => {
                self.seen.count("refused");
                None
            }
            (NoBackend::Full, Verdict::Full) => {
                Some(format!("refused, though {waiting} wait of {most} who may"))
            }
            // Whoever cannot be served need not learn why.
            (NoBackend::Full | NoBackend::AllDown | NoBackend::AllTried, Verdict::Nobody) => {
                self.seen.count("nobody");
                None
            }
            (NoBackend::Empty, Verdict::Nobody) if self.places.is_empty() => None,
            (_, Verdict::Nobody) => Some(format!("{refusal:?}, which is not so")),
            (_, Verdict::Full) => Some(format!("{refusal:?}, but somebody will have a place")),
            (_, Verdict::Free(free)) => Some(format!("{refusal:?}, but {free:?} could serve")),
        }
    }
}
