//! Priorities and weights of SRV records as those of members (RFC 2782).

use super::answer::Target;
use crate::pool::Weight;

/// Each target with its weight as a member and the rank of its priority, the best first. The order
/// does not depend on that of the answer.
///
/// Ranks are what counts of priorities: the distance between two means nothing. Weights count
/// among targets of one priority; where one is beyond [`Weight::MAX`], all of them are scaled down,
/// and 0, which asks for "a very small chance", becomes 1.
pub(super) fn members(targets: &[Target]) -> impl Iterator<Item = (&Target, Weight, u8)> {
    let mut sorted: Vec<_> = targets.iter().collect();
    sorted.sort_by(|a, b| (a.priority, &a.name, a.port).cmp(&(b.priority, &b.name, b.port)));
    let groups = sorted.chunk_by(|a, b| a.priority == b.priority);
    let ranked: Vec<_> = groups
        .enumerate()
        .flat_map(|(rank, group)| {
            let largest = group.iter().map(|target| u32::from(target.weight)).max().unwrap_or(0);
            let rank = u8::try_from(rank).unwrap_or(u8::MAX);
            group.iter().map(move |target| (*target, weight(target.weight, largest), rank))
        })
        .collect();
    ranked.into_iter()
}

fn weight(weight: u16, largest: u32) -> Weight {
    let weight = u32::from(weight);
    let scaled = if largest > Weight::MAX { weight * Weight::MAX / largest } else { weight };
    Weight::try_from(scaled.max(1)).unwrap_or(Weight::ONE)
}
