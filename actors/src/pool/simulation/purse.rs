//! That no more is sent again than the budget allows, and no less.

/// Tokens that are lent at the start, and the most that are held, in hundredths.
const LOAN: u64 = 1_000;
const MOST: u64 = 100_000;

/// What has been paid in and taken out.
#[derive(Debug, Default)]
pub(super) struct Purse {
    pub(super) received: u64,
    pub(super) sent: u64,
    /// What all requests have paid in, in hundredths.
    paid: u64,
    again: u64,
}

impl Purse {
    pub(super) fn received(&mut self, budget: u32) {
        self.received += 1;
        self.paid += u64::from(budget);
    }

    /// A request was allowed to be sent again, or not.
    pub(super) fn asked(&mut self, granted: bool, budget: u32) {
        if granted {
            self.again += 1;
            assert!(budget > 0, "sent again without a budget");
            assert!(
                self.again * 100 <= self.paid.max(LOAN),
                "{self:?}: more is sent again than the budget allows"
            );
        } else if budget > 0 {
            // What pays back the rest of the loan may be more than that was.
            let there = LOAN + self.paid.saturating_sub(LOAN + 100).min(MOST - LOAN);
            assert!(
                (self.again + 1) * 100 > there,
                "{self:?}: the budget would have allowed another"
            );
        }
    }

    /// A request goes to a backend.
    pub(super) fn sends(&mut self) {
        self.sent += 1;
        assert!(
            self.sent * 100 <= self.received * 100 + self.paid.max(LOAN),
            "{self:?}: more requests are sent than the budget allows"
        );
    }
}
