//! What has become of spans.

use serde::Serialize;

/// What has become of all spans that were handed in.
///
/// The figures of one copy belong together: `ended` is the sum of the others but `unwritten`, in
/// every copy, also while the exporter is being restarted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Handed in by whoever made them.
    pub ended: u64,
    /// Waiting to be built or sent, or being sent.
    pub waiting: u64,
    /// Taken by the collector; without one, written to the file; without either, kept in memory.
    pub exported: u64,
    /// Dropped, and why.
    pub dropped: Dropped,
    /// Not written to the file. These may have been exported all the same.
    pub unwritten: u64,
}

/// Why spans were dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// As many waited as may.
    pub queue_full: u64,
    /// The collector did not take them, or the file, where there is no collector.
    pub export_failed: u64,
    /// Lost to a crash of the exporter, or of the code that builds them.
    pub crashed: u64,
    /// Left over when the server had to stop, or ended after that.
    pub shutdown: u64,
}

impl Dropped {
    /// All together.
    #[must_use]
    pub fn all(&self) -> u64 {
        self.queue_full + self.export_failed + self.crashed + self.shutdown
    }
}

impl Counts {
    /// Whether every span is accounted for; that it is not would be a fault of this crate.
    #[must_use]
    pub fn add_up(&self) -> bool {
        self.ended == self.waiting + self.exported + self.dropped.all()
    }
}
