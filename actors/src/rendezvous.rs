//! Rendezvous hashing: who of several has a key.

use std::cmp::Ordering;

/// What one of them bids for a key; the highest has it. One that leaves or joins, or whose weight
/// changes, moves only keys of its own (highest random weight: Thaler and Ravishankar, 1998).
///
/// A bid is worth `weight / -ln(u)`, with `u` the hash as a number between 0 and 1, by which each gets
/// a share of the keys like its weight (Schindelhauer and Schomaker, 2005).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bid {
    /// Of the key, by a function of the bidder's own.
    pub(crate) hash: u64,
    /// The bidder's share against the others.
    pub(crate) weight: u32,
}

impl Bid {
    /// Which of two bids is worth more.
    pub(crate) fn cmp(self, other: Self) -> Ordering {
        if self.weight == other.weight {
            // What a bid is worth grows with its hash: the same answer without two logarithms.
            self.hash.cmp(&other.hash)
        } else {
            self.worth().total_cmp(&other.worth())
        }
    }

    fn worth(self) -> f64 {
        // The half keeps it off 0 and 1; with it, the number holds the upper 52 bits exactly.
        let uniform = ((self.hash >> 12) as f64 + 0.5) / (1u64 << 52) as f64;
        f64::from(self.weight) / -uniform.ln()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_hash_makes_a_bid_that_cannot_be_compared() {
        for hash in [0, 1, u64::MAX / 2, u64::MAX] {
            let worth = Bid { hash, weight: 256 }.worth();
            assert!(worth.is_finite() && worth > 0.0, "{hash}: {worth}");
        }
    }

    proptest! {
        #[test]
        fn of_equal_weights_the_higher_hash_is_worth_more(hashes: [u64; 2], weight in 1..=25_600u32) {
            let [one, other] = hashes.map(|hash| Bid { hash, weight });
            let by_worth = one.worth().total_cmp(&other.worth());
            prop_assert!(by_worth == Ordering::Equal || by_worth == one.cmp(other));
        }
    }
}
