//! How often a silent peer is asked whether it is still there.

use std::time::Duration;

use thiserror::Error;

/// A beat goes out after every `every` without input; a peer that leaves `misses` beats in a row
/// without any answer is taken for gone.
///
/// Any byte is an answer. So a peer that vanished is noticed `every * (misses + 1)` after its last
/// byte.
///
/// ```
/// use std::time::Duration;
/// use trunkline_actors::protocol::heartbeat::Heartbeat;
///
/// let heartbeat = Heartbeat::new(Duration::from_secs(15), 3)?;
/// assert_eq!((heartbeat.every(), heartbeat.misses()), (Duration::from_secs(15), 3));
/// # Ok::<(), trunkline_actors::protocol::heartbeat::HeartbeatError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    every: Duration,
    misses: u32,
}

/// Settings that would not be a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeartbeatError {
    /// `every` is zero.
    #[error("a heartbeat every 0 s would never rest; leave it out to have none")]
    Every,
    /// `misses` is zero.
    #[error("with 0 misses a silent peer would be lost before it was asked; 1 is the least")]
    Misses,
}

impl Heartbeat {
    /// A beat after every `every` of silence, `misses` of which may stay without an answer.
    ///
    /// # Errors
    /// When either is zero.
    pub const fn new(every: Duration, misses: u32) -> Result<Self, HeartbeatError> {
        if every.is_zero() {
            return Err(HeartbeatError::Every);
        }
        if misses == 0 {
            return Err(HeartbeatError::Misses);
        }
        Ok(Self { every, misses })
    }

    /// The silence after which a beat is due.
    #[must_use]
    pub const fn every(&self) -> Duration {
        self.every
    }

    /// How many beats in a row without an answer mean that the peer is gone.
    #[must_use]
    pub const fn misses(&self) -> u32 {
        self.misses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heartbeat_needs_time_and_a_miss() {
        assert_eq!(Heartbeat::new(Duration::ZERO, 3), Err(HeartbeatError::Every));
        assert_eq!(Heartbeat::new(Duration::from_secs(1), 0), Err(HeartbeatError::Misses));
        assert!(Heartbeat::new(Duration::from_nanos(1), 1).is_ok());
    }

    #[test]
    fn a_refusal_says_what_to_do_instead() {
        assert!(HeartbeatError::Every.to_string().contains("leave it out"));
        assert!(HeartbeatError::Misses.to_string().contains("1 is the least"));
    }
}
