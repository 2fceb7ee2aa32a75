//! Turns in proportion to weights, evenly spread.

use std::cmp::Ordering;

/// The most turns of a round, unless there are more members than that. Whichever worker is the first
/// to choose after a change sorts them, which takes it some milliseconds.
const LONGEST: u64 = 1 << 16;

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

/// One round of indices, by weights from 1. Sorted at once rather than stepped through: groups may
/// have thousands of members, and stepping compares all of them for each turn.
pub(super) fn schedule(weights: &[u32]) -> Box<[u32]> {
    let mut turns: Vec<Turn> = (0..)
        .zip(turns_of_each(weights))
        .flat_map(|(member, weight)| (0..weight).map(move |nth| Turn { member, nth, weight }))
        .collect();
    turns.sort_unstable_by(Turn::cmp);
    turns.into_iter().map(|turn| turn.member).collect()
}

/// The weights without what they have in common, and scaled down if their sum is above [`LONGEST`].
/// One turn is everybody's, and what is left of the round is shared out by the weights above 1: so
/// nobody is starved, and nobody is off its share by more than one turn.
fn turns_of_each(weights: &[u32]) -> Vec<u64> {
    let divisor = weights.iter().copied().fold(0, greatest_common_divisor).max(1);
    let mut turns: Vec<u64> = weights.iter().map(|weight| u64::from(weight / divisor)).collect();
    let (sum, members) = (turns.iter().sum::<u64>(), turns.len() as u64);
    if sum > LONGEST {
        let (left, above) = (LONGEST.saturating_sub(members), (sum - members).max(1));
        for turns in &mut turns {
            *turns = 1 + (*turns - 1) * left / above;
        }
    }
    turns
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

    #[test]
    fn a_round_of_many_members_is_bounded() {
        let weights: Vec<u32> = (0..10_000).map(|member| member % 256 + 1).collect();
        let round = schedule(&weights);
        assert!((50_000..=65_536).contains(&round.len()), "{} turns", round.len());
        let turns = |member| round.iter().filter(|turn| **turn == member).count();
        assert_eq!((turns(0), turns(127), turns(255)), (1, 6, 12));
    }

    #[test]
    fn more_members_than_the_longest_round_have_one_turn_each() {
        let mut weights = vec![1; 70_000];
        assert_eq!(schedule(&weights).len(), 70_000);
        weights[7] = 256;
        assert_eq!(schedule(&weights).len(), 70_000);
    }

    proptest! {
        #[test]
        fn a_round_that_is_scaled_down_keeps_everybody_near_its_share(
            weights in prop::collection::vec(1..=256u32, 1_000..3_000),
        ) {
            let turns = turns_of_each(&weights);
            let round: u64 = turns.iter().sum();
            prop_assert!(round <= LONGEST);
            let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
            let members = weights.len() as u64;
            prop_assume!(sum > LONGEST && weights.iter().copied().fold(0, greatest_common_divisor) == 1);
            let scale = (LONGEST - members) as f64 / (sum - members) as f64;
            for (turns, weight) in turns.iter().zip(&weights) {
                prop_assert!(*turns >= 1);
                prop_assert!((*turns as f64 - f64::from(*weight) * scale).abs() <= 1.0);
            }
        }

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
