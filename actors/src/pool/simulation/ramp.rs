//! That who comes back gets no more than its share.

use tokio::time::Instant;

use super::sight::{Place, Sight};
use super::world::World;
use crate::balance::Algorithm;

/// What a backend in its slow start has got, and what was its part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ramp {
    since: Instant,
    due: f64,
    got: f64,
}

impl World {
    /// A lease of `place` is given, of a tier with those that are `free`.
    pub(super) fn right_share(
        &mut self,
        sight: &Sight,
        free: &[(usize, Place)],
        tier: usize,
        place: Place,
    ) {
        let slow_start = self.settings.slow_start;
        let of_tier: Vec<Place> =
            free.iter().filter(|(other, _)| *other == tier).map(|(_, place)| *place).collect();
        let weight = |world: &Self, place: &Place| {
            let part = world.cells[place.cell].part(slow_start, world.now);
            (f64::from(place.weight) * part, part)
        };
        match self.settings.balancing.algorithm {
            Algorithm::LeastRequest => self.least_loaded(&of_tier, &weight, place),
            // Who is passed over leaves its share to its neighbours.
            Algorithm::RoundRobin | Algorithm::Random | Algorithm::SourceHash
                if of_tier.len() == sight.open.len()
                    && self.settings.balancing.bounded_load.is_none() =>
            {
                self.along_the_ramp(&of_tier, &weight, place);
            }
            Algorithm::RoundRobin
            | Algorithm::Random
            | Algorithm::TwoChoices
            | Algorithm::PeakEwma
            | Algorithm::RingHash
            | Algorithm::Maglev
            | Algorithm::SourceHash => {}
        }
    }

    /// Nobody has fewer leases for what it weighs; a view may be a fiftieth of the ramp behind.
    fn least_loaded(
        &self,
        of_tier: &[Place],
        weight: &impl Fn(&Self, &Place) -> (f64, f64),
        place: Place,
    ) {
        let load = |place: &Place| f64::from(self.cells[place.cell].in_flight);
        let (most, _) = weight(self, &place);
        for other in of_tier {
            let (heavy, part) = weight(self, other);
            let least = if part < 1.0 { heavy * (1.0 - 0.04 / part).max(0.1) } else { heavy };
            assert!(
                load(&place) * least <= load(other) * most * 1.02 + 1e-9,
                "backend {} is chosen, but {} has less to do for its weight",
                place.cell,
                other.cell
            );
        }
    }

    /// What it has got since it is back is not more than its part, but for what chance does.
    fn along_the_ramp(
        &mut self,
        of_tier: &[Place],
        weight: &impl Fn(&Self, &Place) -> (f64, f64),
        chosen: Place,
    ) {
        let total: f64 = of_tier.iter().map(|place| weight(self, place).0).sum();
        for place in of_tier {
            let (heavy, part) = weight(self, place);
            let now = self.now;
            let cell = &mut self.cells[place.cell];
            if part >= 1.0 {
                cell.ramp = None;
                continue;
            }
            let readmitted = cell.ejected_until.filter(|until| *until <= now);
            let Some(since) = cell.back_since.max(readmitted) else { continue };
            let mut ramp = cell.ramp.filter(|ramp| ramp.since == since).unwrap_or(Ramp {
                since,
                due: 0.0,
                got: 0.0,
            });
            ramp.due += heavy / total;
            if place.cell == chosen.cell {
                ramp.got += 1.0;
                self.seen.count("ramp");
                assert!(
                    ramp.got <= ramp.due + 5.0 * ramp.due.sqrt() + 3.0,
                    "backend {} has got {} leases since it is back, not about {}",
                    place.cell,
                    ramp.got,
                    ramp.due
                );
            }
            self.cells[place.cell].ramp = Some(ramp);
        }
    }
}
