//! One child in the state machine.

use std::time::{Duration, Instant};

use crate::policy::{Restart, Window};
use crate::spec::Terms;

use super::operation::Wish;
use super::order::Links;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Down,
    Resting { until: Instant },
    Starting,
    Running { since: Instant },
    Stopping { deadline: Option<Instant> },
    Killing { deadline: Instant },
    Parked { until: Instant },
}

impl State {
    pub(crate) fn is_live(self) -> bool {
        match self {
            Self::Down | Self::Resting { .. } | Self::Parked { .. } => false,
            Self::Starting
            | Self::Running { .. }
            | Self::Stopping { .. }
            | Self::Killing { .. } => true,
        }
    }

    pub(super) fn deadline(self) -> Option<Instant> {
        match self {
            Self::Resting { until } | Self::Parked { until } => Some(until),
            Self::Stopping { deadline } => deadline,
            Self::Killing { deadline } => Some(deadline),
            Self::Down | Self::Starting | Self::Running { .. } => None,
        }
    }
}

/// What becomes of the children of a supervisor that panicked: they live on without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Orphans {
    /// There are none.
    None,
    /// Its next incarnation takes them over.
    Adopt,
    /// It comes back only to stop them, when it is its turn to be stopped.
    Stop,
}

/// For how long a child is to be parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parking {
    pub(super) until: Instant,
    pub(super) retry: Duration,
}

/// What is remembered of the failures of one child.
#[derive(Default)]
pub(super) struct History {
    /// Restarts in a row, for the back-off.
    pub(super) attempts: u32,
    /// How often in a row it came back only to stop the children that it left.
    pub(super) adoptions: u32,
    /// To be parked as soon as the children that it left are down.
    pub(super) to_park: Option<Parking>,
    pub(super) window: Window,
}

pub(crate) struct Entry<P> {
    pub(crate) terms: Terms,
    pub(crate) payload: P,
    pub(crate) state: State,
    /// None until it is first to be restarted, as most children never are.
    pub(super) history: Option<Box<History>>,
    pub(crate) generation: u32,
    pub(crate) serial: u32,
    pub(crate) links: Links,
    /// Part of the plan that is being carried out.
    pub(crate) planned: bool,
    /// To be forgotten when it is down.
    pub(super) removing: bool,
    pub(crate) orphans: Orphans,
    pub(super) wish: Wish,
}

impl<P> Entry<P> {
    /// A child that was never started; `serial` tells it from those that had its place before.
    pub(super) fn new(terms: Terms, payload: P, serial: u32) -> Self {
        Self {
            terms,
            payload,
            state: State::Down,
            history: None,
            generation: 0,
            serial,
            links: Links::default(),
            planned: false,
            removing: false,
            orphans: Orphans::None,
            wish: Wish::None,
        }
    }

    /// For how long it is to be parked, if it is; asked once.
    pub(super) fn take_parking(&mut self) -> Option<Parking> {
        self.history.as_mut().and_then(|history| history.to_park.take())
    }

    /// To be parked as soon as the children that it left are down.
    pub(super) fn is_to_be_parked(&self) -> bool {
        self.history.as_ref().is_some_and(|history| history.to_park.is_some())
    }

    /// Suspended: down, with nothing left below it, until an operator resumes it.
    pub(super) fn is_held(&self) -> bool {
        self.wish == Wish::Hold && self.state == State::Down && self.orphans == Orphans::None
    }

    pub(super) fn is_forgotten_when_down(&self) -> bool {
        self.removing || self.terms.restart == Restart::Temporary
    }
}
