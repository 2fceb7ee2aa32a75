//! The members among which a choice is made, and which of them may serve.

use tokio::time::Instant;

use crate::backend::BackendId;
use crate::pool::Member;

/// Members that stand for each other: those proper of a pool, or its backups.
#[derive(Debug)]
pub struct Tier {
    members: Vec<Member>,
    /// Indices of `members` in the order of a weighted round robin.
    schedule: Vec<usize>,
}

impl Tier {
    pub(crate) fn new(members: Vec<Member>) -> Self {
        let weights: Vec<u32> = members.iter().map(|member| member.weight.get()).collect();
        Self { schedule: smooth_schedule(&weights), members }
    }

    /// The members, in the order of the configuration.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }
}

/// A tier as one connection sees it at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Candidates<'a> {
    tier: &'a Tier,
    excluded: &'a [BackendId],
    now: Instant,
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(tier: &'a Tier, excluded: &'a [BackendId], now: Instant) -> Self {
        Self { tier, excluded, now }
    }

    /// Whether this member may be chosen.
    pub(super) fn serves(&self, member: &Member) -> bool {
        member.backend.serves(self.now) && !self.excluded.contains(&member.backend.id())
    }

    /// The members that may be chosen, each with its index in the tier.
    pub(super) fn serving(&self) -> impl Iterator<Item = (usize, &'a Member)> {
        self.tier.members.iter().enumerate().filter(|(_, member)| self.serves(member))
    }

    pub(super) fn members(&self) -> &'a [Member] {
        &self.tier.members
    }

    pub(super) fn schedule(&self) -> &'a [usize] {
        &self.tier.schedule
    }
}

/// One round of nginx's smooth weighted round robin (`ngx_http_upstream_get_round_robin_peer`):
/// in every step each member gains its weight, the one that has most is taken and pays the sum
/// of all weights. Weights 5, 1, 1 give a a b a c a a rather than a a a a a b c.
fn smooth_schedule(weights: &[u32]) -> Vec<usize> {
    let divisor = weights.iter().copied().fold(0, greatest_common_divisor).max(1);
    let weights: Vec<i64> = weights.iter().map(|weight| i64::from(weight / divisor)).collect();
    let sum: i64 = weights.iter().sum();
    let mut gained = vec![0; weights.len()];
    let mut schedule = Vec::new();
    for _ in 0..sum {
        let mut most = 0;
        for (index, weight) in weights.iter().enumerate() {
            gained[index] += weight;
            if gained[index] > gained[most] {
                most = index;
            }
        }
        gained[most] -= sum;
        schedule.push(most);
    }
    schedule
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heavy_member_is_spread_over_the_round() {
        assert_eq!(smooth_schedule(&[5, 1, 1]), [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn equal_weights_need_one_slot_each() {
        assert_eq!(smooth_schedule(&[40, 40, 40]), [0, 1, 2]);
        assert!(smooth_schedule(&[]).is_empty());
    }
}
