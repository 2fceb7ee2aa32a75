//! Where spans go when they have ended.

use std::sync::Arc;

use opentelemetry_sdk::trace::SpanData;

/// Something of which spans can be made: built on another thread than the one it ended on.
pub trait Ended: Send + 'static {
    /// How many spans [`Self::build`] makes.
    fn spans(&self) -> usize;

    /// Appends them, its own root first.
    fn build(self: Box<Self>, out: &mut Vec<SpanData>);
}

/// Takes what has ended. Cheap to clone; usable from any thread.
#[derive(Debug, Clone, Default)]
pub struct Spans {
    to: Option<Arc<()>>,
}

impl Spans {
    /// Nobody wants any.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Whether anybody wants spans.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.to.is_some()
    }

    /// Takes what has ended. Never waits: where there is no room, its spans are dropped and counted.
    pub fn finish(&self, ended: Box<dyn Ended>) {
        drop(ended);
    }
}
