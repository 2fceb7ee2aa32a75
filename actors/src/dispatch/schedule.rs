//! Turns in proportion to weights, evenly spread.

use std::cmp::Ordering;

/// One turn: a member's `nth` of `weight`, counted from 0.
struct Turn {
    member: u32,
    nth: u64,
    weight: u64,
}

impl Turn {
    /// A member's turns lie in the middle of equal parts of the round: at `(2n + 1) / 2w` of it
    /// (the method of Webster and Sainte-Laguë). Compared crosswise, as a division would round.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mine, others) = (2 * self.nth + 1, 2 * other.nth + 1);
        (mine * other.weight).cmp(&(others * self.weight)).then(self.member.cmp(&other.member))
    }
}

/// One round of indices. Sorted at once rather than stepped through: groups may have thousands of
/// members, and stepping compares all of them for each turn.
pub(super) fn schedule(weights: &[u32]) -> Box<[u32]> {
    let divisor = weights.iter().copied().fold(0, greatest_common_divisor).max(1);
    let mut turns: Vec<Turn> = (0..)
        .zip(weights.iter().map(|weight| u64::from(weight / divisor)))
        .flat_map(|(member, weight)| (0..weight).map(move |nth| Turn { member, nth, weight }))
        .collect();
    turns.sort_unstable_by(Turn::cmp);
    turns.into_iter().map(|turn| turn.member).collect()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_heavy_member_is_spread_over_the_round() {
        assert_eq!(*schedule(&[5, 1, 1]), [0, 0, 0, 1, 2, 0, 0]);
        assert_eq!(*schedule(&[2, 4]), [1, 0, 1]);
    }

    #[test]
    fn equal_weights_need_one_turn_each() {
        assert_eq!(*schedule(&[40, 40, 40]), [0, 1, 2]);
        assert!(schedule(&[]).is_empty());
    }

    proptest! {
        /// The method is not exact at every moment, but off by no more than a turn and the share
        /// of as many turns as there are members: nobody is starved, or served in a run.
        #[test]
        fn everybody_is_near_its_share_at_every_moment(
            weights in prop::collection::vec(1..=256u32, 1..12),
        ) {
            let round = schedule(&weights);
            let sum: u32 = weights.iter().sum();
            let mut counts = vec![0u32; weights.len()];
            for (taken, member) in (1..).zip(&round) {
                counts[*member as usize] += 1;
                for (count, weight) in counts.iter().zip(&weights) {
                    let share = f64::from(taken) * f64::from(*weight) / f64::from(sum);
                    let bound = 1.0 + weights.len() as f64 * f64::from(*weight) / f64::from(sum);
                    prop_assert!((f64::from(*count) - share).abs() <= bound);
                }
            }
            for (count, weight) in counts.iter().zip(&weights) {
                prop_assert_eq!(u64::from(*count) * u64::from(sum), u64::from(*weight) * round.len() as u64);
            }
        }
    }
}
