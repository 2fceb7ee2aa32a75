//! A line of the log that comes at most once a minute.

use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(60);

/// What has been lost since it was last said.
#[derive(Debug, Default)]
pub(super) struct Notice {
    said: Option<Instant>,
    lost: u64,
    /// The last that was said is that spans are lost.
    troubled: bool,
}

impl Notice {
    /// `lost` more spans are lost: the number to tell of, if it is time to.
    pub(super) fn lost(&mut self, lost: usize, now: Instant) -> Option<u64> {
        self.lost += lost as u64;
        let due = self.said.is_none_or(|said| now.saturating_duration_since(said) >= EVERY);
        due.then(|| {
            self.said = Some(now);
            self.troubled = true;
            std::mem::take(&mut self.lost)
        })
    }

    /// All is well: whether that is worth a line, because the opposite was the last that was said.
    pub(super) fn recovered(&mut self) -> bool {
        std::mem::take(&mut self.troubled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_told_at_once_and_then_summed_up_each_minute() {
        let mut notice = Notice::default();
        let now = Instant::now();
        assert_eq!(notice.lost(1, now), Some(1));
        assert_eq!(notice.lost(2, now + Duration::from_secs(59)), None);
        assert_eq!(notice.lost(3, now + Duration::from_secs(60)), Some(5));
        assert_eq!(notice.lost(1, now + Duration::from_secs(61)), None);
        assert!(notice.recovered() && !notice.recovered());
    }
}
