//! The same member for the same key, by a table.

use super::bounded::Bounded;
use super::source_hash::by_name;
use super::{Balance, Candidates};
use crate::pool::Member;
use crate::pool::key::mixed;

/// How long a table may be: primes, of which the least that is at least a hundred times as many as the
/// members is taken, by which shares are within one per cent of the weights (Eisenbud et al., 5.3).
pub(super) const LENGTHS: [usize; 5] = [65_537, 131_071, 262_139, 524_287, 1_048_573];

/// How often a key is hashed again whose member may not be chosen, before all members are looked at.
const ATTEMPTS: u64 = 32;

/// 2^64 times the fractional part of the golden ratio: multiples of it differ in many bits.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// Nobody has the place yet.
const FREE: u32 = u32::MAX;

/// Maglev's table (Eisenbud et al., 2016): as even as can be, and a look-up is one read. A member that
/// leaves or joins moves its own keys and a few of others.
///
/// A key whose member may not be chosen is hashed again: so the keys of a member that is out are
/// spread over all others, and only those move. Members are told apart by their names, and claim
/// places in the order of these: replicas agree, in whatever order they list them.
///
/// The table is built when members or weights change. It knows nothing of a slow start.
#[derive(Debug)]
pub struct Maglev {
    /// Indices of members.
    table: Box<[u32]>,
    bounded_load: Option<f64>,
}

impl Maglev {
    /// Over these members, with the most that one of them gets, as a multiple of its share.
    #[must_use]
    pub fn new(members: &[Member], bounded_load: Option<f64>) -> Self {
        Self { table: table(members).into(), bounded_load }
    }

    /// The index of the member that a key leads to.
    fn at(&self, key: u64) -> Option<usize> {
        let place = key.checked_rem(self.table.len() as u64)?;
        self.table.get(place as usize).map(|index| *index as usize)
    }
}

impl Balance for Maglev {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        let key = candidates.hash(rng);
        let again = (1..=ATTEMPTS).map(|attempt| mixed(key, attempt.wrapping_mul(GOLDEN)));
        let keys = std::iter::once(key).chain(again);
        let members = keys.filter_map(|key| self.at(key));
        Bounded::new(candidates, self.bounded_load).first(members, key, rng)
    }
}

/// A member while the table is filled.
struct Claimant {
    index: u32,
    weight: u64,
    /// What its weight must have come to for its next place.
    due: u64,
    /// The next place of its permutation, and the way to the one after.
    place: usize,
    skip: usize,
}

impl Claimant {
    fn new(index: u32, member: &Member, length: usize) -> Self {
        let tag = member.backend.tag();
        Self {
            index,
            weight: u64::from(member.weight.get()),
            due: 0,
            place: (tag % length as u64) as usize,
            // The length is prime: whatever is skipped, the permutation comes to every place.
            skip: (mixed(tag, GOLDEN) % (length as u64 - 1)) as usize + 1,
        }
    }

    /// Takes the next free place of its permutation.
    fn claim(&mut self, table: &mut [u32]) {
        while table[self.place] != FREE {
            self.place = (self.place + self.skip) % table.len();
        }
        table[self.place] = self.index;
    }
}

/// In rounds, as in the paper; a member has a turn in as many of them as its weight is of the
/// greatest, as in Envoy.
fn table(members: &[Member]) -> Vec<u32> {
    let heaviest = members.iter().map(|member| u64::from(member.weight.get())).max();
    let Some(heaviest) = heaviest else { return Vec::new() };
    let length = length(members.len());
    // There are not 2^32 members.
    let mut by_names: Vec<_> = (0u32..).zip(members).collect();
    by_names.sort_by(|(_, one), (_, other)| by_name(one, other));
    let claimants = by_names.iter().map(|(index, member)| Claimant::new(*index, member, length));
    let mut claimants: Vec<_> = claimants.collect();
    let mut table = vec![FREE; length];
    let mut free = length;
    // The heaviest has a turn in every round, so there are not more of them than places.
    for round in 1..=length as u64 {
        for claimant in &mut claimants {
            if round * claimant.weight < claimant.due {
                continue;
            }
            if free == 0 {
                return table;
            }
            claimant.due += heaviest;
            claimant.claim(&mut table);
            free -= 1;
        }
    }
    table
}

/// How long a table for so many members is.
fn length(members: usize) -> usize {
    let [.., longest] = LENGTHS;
    LENGTHS.into_iter().find(|length| *length >= 100 * members).unwrap_or(longest)
}
