//! How many requests a pool may send a second time.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// What one request sent again costs, in hundredths of a token, as the budget is in per cent.
const TOKEN: u32 = 100;
/// The most tokens that are held: what a burst of failures may send again at once.
const MOST: u32 = 1_000;

/// Tokens that are there at the start, on credit: what comes first may fail as well.
const LOAN: u32 = 10;

/// A token bucket after Finagle's `RetryBudget`, but without a rate of its own: every request pays its
/// part in, every one that is sent again takes a token. A few tokens are lent at the start, and the
/// first requests pay them back. So whatever fails, once those have come, at most `1 + budget` times as
/// many requests are sent to backends as were received.
#[derive(Debug)]
pub(crate) struct Budget {
    hundredths: AtomicU32,
    owed: AtomicU32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { hundredths: AtomicU32::new(LOAN * TOKEN), owed: AtomicU32::new(LOAN * TOKEN) }
    }
}

impl Budget {
    /// A request has come; `budget` is in per cent.
    pub(crate) fn pay_in(&self, budget: u32) {
        if self.owed.load(Relaxed) > 0 {
            let pay = |owed: u32| Some(owed.saturating_sub(budget));
            let _ = self.owed.fetch_update(Relaxed, Relaxed, pay);
            return;
        }
        // A full purse is only looked at. Others may fill it meanwhile: it then holds a little more.
        if self.hundredths.load(Relaxed) < MOST * TOKEN {
            self.hundredths.fetch_add(budget.min(TOKEN), Relaxed);
        }
    }

    /// How many tokens there are.
    pub(crate) fn tokens(&self) -> f64 {
        f64::from(self.hundredths.load(Relaxed)) / f64::from(TOKEN)
    }

    /// Takes a token, if there is one. With a budget of 0 there is none for anybody.
    pub(crate) fn take(&self, budget: u32) -> bool {
        budget > 0
            && self
                .hundredths
                .fetch_update(Relaxed, Relaxed, |hundredths| hundredths.checked_sub(TOKEN))
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_hoard_is_bounded() {
        let budget = Budget::default();
        for _ in 0..1_000_000 {
            budget.pay_in(20);
        }
        assert_eq!((0..10_000).filter(|_| budget.take(20)).count(), MOST as usize);
    }

    proptest! {
        #[test]
        fn never_more_is_sent_again_than_the_budget_allows(
            budget in 0..=100u32,
            order in prop::collection::vec(0..10u8, 0..2000),
        ) {
            let purse = Budget::default();
            let (mut received, mut again) = (0u32, 0u32);
            for tries in order {
                received += 1;
                purse.pay_in(budget);
                again += (0..tries).map(|_| u32::from(purse.take(budget))).sum::<u32>();
                prop_assert!(again * TOKEN <= (received * budget).max(LOAN * TOKEN));
            }
        }
    }
}
