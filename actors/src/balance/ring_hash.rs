//! The same member for the same key, by a ring.

use super::bounded::Bounded;
use super::source_hash::by_name;
use super::{Balance, Candidates};
use crate::pool::Member;
use crate::pool::key::key_of;

/// How many points a member has where all weigh 1. Shares are then within some per cent of the weights.
const POINTS: u32 = 512;

/// A member of average weight has less than so many points, and at least half of them. Weights that
/// come up together have no average at which this changes the number of points for a weight.
const POINTS_OF_AVERAGE: u32 = 700;

/// The most points of a ring.
const MOST_POINTS: u32 = 1 << 17;

/// How many points are walked over that belong to nobody who may be chosen, before all members are
/// looked at.
const WALK: usize = 64;

/// A ring of points after Karger et al., 1997, and ketama: each member has points in proportion to its
/// weight, and a key belongs to the next point. Keys of a member that may not be chosen go to the
/// points behind its own, which are of all others. A member that leaves or joins moves only keys of
/// its own.
///
/// Points are hashes of the member's name and a number (SipHash-1-3 with a key of zeros), so that
/// replicas agree, in whatever order they list the members. How many there are for a weight of 1 is a
/// power of two: it stays what it is when a member comes or goes, or points of all others would move
/// as well. Only where the average weight doubles or halves, or the ring would have more than 131,072
/// points, does it change.
///
/// The ring is built when members or weights change. It knows nothing of a slow start.
#[derive(Debug)]
pub struct RingHash {
    /// In ascending order.
    points: Box<[u64]>,
    /// By point: the index of its member.
    owners: Box<[u32]>,
    bounded_load: Option<f64>,
}

impl RingHash {
    /// Over these members, with the most that one of them gets, as a multiple of its share.
    #[must_use]
    pub fn new(members: &[Member], bounded_load: Option<f64>) -> Self {
        let mut ring = Vec::new();
        let per_weight = points_per_weight(members);
        let mut text = Vec::new();
        // There are not 2^32 members.
        for (index, member) in (0u32..).zip(members) {
            let points = (f64::from(member.weight.get()) * per_weight).round().max(1.0) as u32;
            for number in 0..points {
                text.clear();
                text.extend_from_slice(member.backend.name().as_bytes());
                text.extend_from_slice(&number.to_be_bytes());
                ring.push((key_of(&text), index));
            }
        }
        ring.sort_unstable_by(|(point, one), (other_point, other)| {
            let [one, other] = [one, other].map(|index| &members[*index as usize]);
            point.cmp(other_point).then_with(|| by_name(one, other))
        });
        let (points, owners): (Vec<_>, Vec<_>) = ring.into_iter().unzip();
        Self { points: points.into(), owners: owners.into(), bounded_load }
    }

    /// How many points it has.
    #[must_use]
    pub fn points(&self) -> usize {
        self.points.len()
    }
}

/// How many points a member of weight 1 has.
fn points_per_weight(members: &[Member]) -> f64 {
    let weights: u32 = members.iter().map(|member| member.weight.get()).sum();
    let average = f64::from(weights) / members.len().max(1) as f64;
    let mut points = f64::from(POINTS);
    while points * average >= f64::from(POINTS_OF_AVERAGE) {
        points /= 2.0;
    }
    // No member has less than one point, so a very large pool has more than the most.
    while points * f64::from(weights) > f64::from(MOST_POINTS) {
        points /= 2.0;
    }
    points
}

impl Balance for RingHash {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        let key = candidates.hash(rng);
        let (before, from) =
            self.owners.split_at(self.points.partition_point(|point| *point < key));
        let walk = from.iter().chain(before).take(WALK).map(|index| *index as usize);
        Bounded::new(candidates, self.bounded_load).first(walk, key, rng)
    }
}
