//! Where spans go when they have ended.

use std::sync::Arc;

use opentelemetry_sdk::trace::SpanData;

use super::queue::Queue;

/// Something of which spans can be made: built on another thread than the one it ended on.
pub trait Ended: Send + 'static {
    /// How many spans [`Self::build`] makes. This is the number that is counted.
    fn spans(&self) -> usize;

    /// Appends them, its own root first.
    ///
    /// # Panics
    /// It may: the panic is contained, and costs these spans.
    fn build(self: Box<Self>, out: &mut Vec<SpanData>);
}

/// A span that is built already.
impl Ended for SpanData {
    fn spans(&self) -> usize {
        1
    }

    fn build(self: Box<Self>, out: &mut Vec<SpanData>) {
        out.push(*self);
    }
}

/// Takes what has ended. Cheap to clone; usable from any thread.
#[derive(Debug, Clone, Default)]
pub struct Spans {
    to: Option<Arc<Queue>>,
}

impl Spans {
    pub(super) fn to(queue: Arc<Queue>) -> Self {
        Self { to: Some(queue) }
    }

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
        if let Some(queue) = &self.to {
            queue.finish(ended);
        }
    }
}
