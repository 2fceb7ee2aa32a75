//! What a connection of an author's protocol may cost.

use std::time::Duration;

use trunkline_runtime::Intensity;

use super::heartbeat::Heartbeat;
use super::quarantine::Policy;

/// The bounds of a connection, over any codec. They belong to the protocol's settings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The longest message in bytes on the wire, its framing included: 64 KiB.
    pub message: usize,
    /// How many bytes may wait for the peer before `send` does: 64 KiB, plus the message that
    /// reached it.
    pub write: usize,
    /// How many messages of other actors may wait: 64.
    pub inbox: u32,
    /// How long the peer may take nothing of what waits for it: 30 s.
    pub send_timeout: Duration,
    /// How often the handler may crash before the connection is closed: 10 times in 10 s.
    pub crashes: Intensity,
    /// When a message that crashes handlers is refused before it reaches one.
    pub quarantine: Policy,
    /// Whether silence of the peer is answered by heartbeats: no.
    pub heartbeat: Option<Heartbeat>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 64 * 1024,
            write: 64 * 1024,
            inbox: 64,
            send_timeout: Duration::from_secs(30),
            crashes: Intensity::new(10, Duration::from_secs(10)),
            quarantine: Policy::default(),
            heartbeat: None,
        }
    }
}
