//! What became of one child.

use std::time::Instant;

use crate::supervisor::action::Key;

use super::Nature;

/// What a child is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Down,
    Starting,
    Up,
    Stopping,
    Killed,
}

/// One child, as its supervisor's actions made it.
pub(super) struct Model {
    pub(super) key: Key,
    pub(super) nature: Nature,
    pub(super) phase: Phase,
    pub(super) generation: u32,
    pub(super) removed: bool,
    pub(super) forgotten: bool,
    pub(super) ever_up: bool,
    pub(super) parked: bool,
    /// Suspended, and down.
    pub(super) held: bool,
    /// An operator had it go down.
    pub(super) operated: bool,
    /// A transient one that ended as it should.
    pub(super) done: bool,
    pub(super) rest_until: Option<Instant>,
    /// When it was restarted, where each child has an intensity of its own.
    pub(super) restarts: Vec<Instant>,
}

impl Model {
    pub(super) fn new(key: Key, nature: Nature) -> Self {
        Self {
            key,
            nature,
            phase: Phase::Down,
            generation: 0,
            removed: false,
            forgotten: false,
            ever_up: false,
            parked: false,
            held: false,
            operated: false,
            done: false,
            rest_until: None,
            restarts: Vec::new(),
        }
    }
}
