//! What the members of a changing set have counted together.
//!
//! A sum over those that are there falls when one leaves, and a counter that falls counts as one that
//! began anew: Prometheus would take all that is left for what has just happened. So each scrape adds
//! what the members have counted since the one before, and what has left stays in.

use std::collections::HashMap;

use crate::backend::BackendId;

/// Something that is counted, and never falls for one member.
pub(super) trait Counted: Clone {
    /// What has been counted since it was `before`.
    fn since(&self, before: &Self) -> Self;

    /// Adds what others have counted.
    fn add(&mut self, more: &Self);
}

impl Counted for u64 {
    fn since(&self, before: &Self) -> Self {
        self.saturating_sub(*before)
    }

    fn add(&mut self, more: &Self) {
        *self += more;
    }
}

/// The total, and what it was made of at the last scrape: as much memory as there are members.
#[derive(Debug)]
pub(super) struct Lasting<T> {
    total: Option<T>,
    last: HashMap<BackendId, T>,
}

impl<T> Default for Lasting<T> {
    fn default() -> Self {
        Self { total: None, last: HashMap::new() }
    }
}

impl<T: Counted> Lasting<T> {
    /// Looks at all members, each with whether it counts now: of one that begins to, what it had
    /// counted before stays out. None while none has counted ever.
    pub(super) fn update(
        &mut self,
        members: impl IntoIterator<Item = (BackendId, T, bool)>,
    ) -> Option<T> {
        let mut seen = HashMap::with_capacity(self.last.len());
        for (id, now, counts) in members {
            if counts {
                let more = self.last.get(&id).map(|before| now.since(before));
                let more = more.as_ref().unwrap_or(&now);
                match &mut self.total {
                    Some(total) => total.add(more),
                    total @ None => *total = Some(more.clone()),
                }
            }
            seen.insert(id, now);
        }
        self.last = seen;
        self.total.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::backend::health::HealthPolicy;

    fn ids<const N: usize>() -> [BackendId; N] {
        let retry_after = std::time::Duration::from_secs(1);
        let policy = HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after };
        [(); N].map(|()| Backend::new(([127, 0, 0, 1], 1).into(), None, policy).id())
    }

    #[test]
    fn what_a_member_has_counted_stays_when_it_leaves() {
        let [one, other, third] = ids();
        let mut total = Lasting::default();
        assert_eq!(total.update([]), None);
        assert_eq!(total.update([(one, 5, true), (other, 7, true)]), Some(12));
        assert_eq!(total.update([(other, 8, true)]), Some(13));
        assert_eq!(total.update([(other, 8, true), (third, 2, true)]), Some(15));
        assert_eq!(total.update([]), Some(15));
    }

    #[test]
    fn of_one_that_begins_to_count_only_what_follows_does() {
        let [one, other] = ids();
        let mut total = Lasting::default();
        assert_eq!(total.update([(one, 100, false), (other, 1, true)]), Some(1));
        assert_eq!(total.update([(one, 103, true), (other, 1, true)]), Some(4));
        assert_eq!(total.update([(one, 110, false), (other, 2, true)]), Some(5));
    }
}
