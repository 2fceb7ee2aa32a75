//! Who may serve at one moment.

use tokio::time::Instant;

use super::cell::Cell;

/// A backend's place in the pool, as the operator wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its index in the world.
    pub(super) cell: usize,
    pub(super) weight: u32,
    pub(super) backup: bool,
    pub(super) priority: u8,
    pub(super) foreign: bool,
    pub(super) draining: bool,
}

impl Place {
    fn rank(&self) -> (bool, u8, bool) {
        (self.backup, self.priority, self.foreign)
    }
}

/// A tier at one moment.
pub(super) struct Sight {
    pub(super) backup: bool,
    /// Ejections are ignored.
    pub(super) panics: bool,
    /// Those that may serve: not out, and not ejected or in panic.
    pub(super) open: Vec<Place>,
    ejected: Vec<Place>,
    staying: usize,
}

impl Sight {
    /// The part of all requests that it takes, as in Envoy with an over-provisioning of 1.4.
    pub(super) fn health(&self) -> f64 {
        if self.staying == 0 {
            return 0.0;
        }
        (1.4 * self.open.len() as f64 / self.staying as f64).min(1.0)
    }
}

/// The tiers, in the order in which they serve.
pub(super) fn sight(places: &[Place], cells: &[Cell], panic: u8, now: Instant) -> Vec<Sight> {
    let mut places = places.to_vec();
    places.sort_by_key(Place::rank);
    let mut tiers: Vec<Sight> = places
        .chunk_by(|one, other| one.rank() == other.rank())
        .map(|tier| {
            let is_in = |place: &&Place| !place.draining && cells[place.cell].is_in(now);
            let (ejected, open) = tier
                .iter()
                .filter(is_in)
                .partition(|place: &&Place| cells[place.cell].is_ejected(now));
            Sight {
                backup: tier[0].backup,
                panics: false,
                open,
                ejected,
                staying: tier.iter().filter(|place| !place.draining).count(),
            }
        })
        .collect();
    // As long as the others can bear it, whoever answers badly is left out.
    let borne: f64 = tiers.iter().filter(|tier| !tier.backup).map(Sight::health).sum();
    if borne < 1.0 - 1e-9 {
        for tier in &mut tiers {
            tier.panics = tier.open.len() * 100 < usize::from(panic) * tier.staying;
            if tier.panics {
                tier.open.append(&mut tier.ejected);
            }
        }
    }
    tiers
}
