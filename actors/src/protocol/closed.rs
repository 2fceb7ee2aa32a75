//! How a connection of an author's protocol ends.

use crate::stream::Loss;

/// Why a connection ended: what the hook `close` is told, and the log. A closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// A hook said [`Next::Close`](super::Next::Close).
    ByHandler,
    /// The peer ended its stream in order.
    PeerDone,
    /// The peer ended its stream within a message.
    Truncated,
    /// The peer was cut off, or not heard of any more.
    PeerLost(Loss),
    /// Nothing moved for the idle time.
    Idle,
    /// The peer sent nothing through all heartbeats.
    HeartbeatLost,
    /// The peer took nothing of what waited for it.
    SendTimeout,
    /// Something that a hook waited for did not come in time.
    HandlerTimeout,
    /// A message was longer than it may be.
    TooLarge,
    /// The codec could not read what the peer sent.
    Malformed,
    /// The handler crashed, and did not say how to go on.
    Crashed,
    /// The handler crashed too often.
    CrashLimit,
    /// Children of the connection needed more restarts than they may.
    ChildrenFailed,
    /// The message was in quarantine, and the handler did not say how to go on.
    Quarantined,
    /// The peer answered something that it was not asked.
    Unsolicited,
    /// The peer answered nothing of what it was asked, each within its deadline.
    Unanswered,
    /// Another actor closed it.
    ByActor,
    /// Another actor cut it off, as a group does with a member that is too slow.
    Disconnected,
    /// The listener stops, and the handler let the connection go.
    Drained,
}

impl Closed {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ByHandler => "handler_closed",
            Self::PeerDone => "done",
            Self::Truncated => "truncated",
            Self::PeerLost(Loss::Reset) => "client_reset",
            Self::PeerLost(Loss::Vanished) => "client_vanished",
            Self::Idle => "idle_timeout",
            Self::HeartbeatLost => "heartbeat_lost",
            Self::SendTimeout => "send_timeout",
            Self::HandlerTimeout => "handler_timeout",
            Self::TooLarge => "message_too_large",
            Self::Malformed => "malformed",
            Self::Crashed => "crashed",
            Self::CrashLimit => "crash_limit",
            Self::ChildrenFailed => "children_failed",
            Self::Quarantined => "quarantined",
            Self::Unsolicited => "unsolicited_answer",
            Self::Unanswered => "unanswered",
            Self::ByActor => "actor_closed",
            Self::Disconnected => "disconnected",
            Self::Drained => "drained",
        }
    }

    /// Whether the peer can still be written to.
    pub(super) fn leaves_peer(self) -> bool {
        match self {
            Self::PeerLost(_) | Self::SendTimeout | Self::HeartbeatLost | Self::Disconnected => {
                false
            }
            Self::ByHandler
            | Self::PeerDone
            | Self::Truncated
            | Self::Idle
            | Self::HandlerTimeout
            | Self::TooLarge
            | Self::Malformed
            | Self::Crashed
            | Self::CrashLimit
            | Self::ChildrenFailed
            | Self::Quarantined
            | Self::Unsolicited
            | Self::Unanswered
            | Self::ByActor
            | Self::Drained => true,
        }
    }
}
