//! How a connection that was served ended.

use crate::stream::Loss;

/// How a connection ended and what it moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// Who ended it.
    pub ending: Ending,
    /// What it moved.
    pub moved: Moved,
}

/// Bytes that a connection moved: accepted by the receiving socket, not only read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// From the client to what serves it.
    pub from_client: u64,
    /// Back to the client.
    pub to_client: u64,
}

/// Who ended a connection while bytes could flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Both sides ended their streams in order.
    Done,
    /// The client cut the connection off.
    ClientReset,
    /// The client was not heard of any more.
    ClientVanished,
    /// The backend cut the connection off.
    BackendReset,
    /// The backend was not heard of any more.
    BackendVanished,
    /// Nothing moved for the idle time-out.
    IdleTimeout,
}

impl Ending {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::ClientReset => "client_reset",
            Self::ClientVanished => "client_vanished",
            Self::BackendReset => "backend_reset",
            Self::BackendVanished => "backend_vanished",
            Self::IdleTimeout => "idle_timeout",
        }
    }

    pub(crate) fn of_client(loss: Loss) -> Self {
        match loss {
            Loss::Reset => Self::ClientReset,
            Loss::Vanished => Self::ClientVanished,
        }
    }

    pub(crate) fn of_backend(loss: Loss) -> Self {
        match loss {
            Loss::Reset => Self::BackendReset,
            Loss::Vanished => Self::BackendVanished,
        }
    }
}
