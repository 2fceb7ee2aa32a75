//! What a fresh handler is told of the crash before it.

use trunkline_runtime::ExitReason;

/// The hooks of a protocol that may crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hook {
    /// `state` or `open`: the connection's beginning.
    Open,
    /// `message`: the peer is owed whatever the protocol answers to a message.
    Message,
    /// `receive`: a message of another actor; the peer is owed nothing.
    Receive,
    /// `malformed`.
    Malformed,
    /// `idle`.
    Idle,
    /// `heartbeat`.
    Heartbeat,
    /// `drain`.
    Drain,
    /// What a client does to send a request.
    Request,
}

/// A crash of the handler that was here before.
#[derive(Debug, Clone)]
pub struct Crash {
    pub(super) reason: Option<ExitReason>,
    pub(super) hook: Hook,
    pub(super) sent: u32,
}

impl Crash {
    /// How it crashed: a panic or a failure. None for a message in quarantine: no handler has seen
    /// it this time.
    #[must_use]
    pub fn reason(&self) -> Option<&ExitReason> {
        self.reason.as_ref()
    }

    /// What crashed. A crash of `recovered` itself does not change it: the debt to the peer is the
    /// same.
    #[must_use]
    pub fn hook(&self) -> Hook {
        self.hook
    }

    /// How many messages the crashed hook had sent to the peer already.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// Whether this is no crash: the message was refused, for it has crashed handlers again and
    /// again.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.reason.is_none()
    }
}
