//! What operators do to one child, and what it may lead to.
//!
//! | operation | OTP | what follows |
//! |---|---|---|
//! | restart | `terminate_child/2`, `restart_child/2` | stops in good order, then starts at once; no failure |
//! | kill | `exit(Pid, kill)` | ends at once; the supervisor's policy decides, as of any failure |
//! | suspend | `terminate_child/2` | stops in good order, and stays down |
//! | resume | `restart_child/2` | starts, where it is down; a parked one has its trial now |
//!
//! Siblings are not touched, whatever the strategy. Where the child is on its way already, the
//! newest operation counts.

use std::time::{Duration, Instant};

use crate::policy::Restart;

use super::action::{Action, Key};
use super::core::{Core, Phase, Then};
use super::entry::{Orphans, State};

/// What an operator wants done with a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Restart,
    Kill,
    Suspend,
    Resume,
}

/// What is to follow when a child is down, where an operator has said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Wish {
    /// Nobody has.
    #[default]
    None,
    /// It starts again at once.
    Again,
    /// It has failed: its supervisor's policy decides.
    Failure,
    /// It stays down. Once it is, this outlives all restarts of its supervisor.
    Hold,
}

/// Why an operation is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is out of the tree by now.
    Unknown,
    /// It is a part of an actor, and no child of a supervisor.
    Part,
    /// It is being removed.
    Removing,
    /// It is temporary, and could never start again.
    Temporary,
    /// It is down: there is nothing to kill.
    Down,
    /// Its supervisor is parked.
    SupervisorParked,
    /// Its supervisor is down, or on its way there.
    SupervisorDown,
}

impl<P> Core<P> {
    /// Does what an operator asks for, as far as it goes without waiting.
    pub(crate) fn operate(
        &mut self,
        key: Key,
        operation: Operation,
        now: Instant,
    ) -> Result<(), Refusal> {
        let entry = self.get(key).ok_or(Refusal::Unknown)?;
        let temporary = entry.terms.restart == Restart::Temporary;
        match operation {
            Operation::Kill => self.kill_by_order(key, now)?,
            _ if entry.removing => return Err(Refusal::Removing),
            Operation::Restart | Operation::Suspend if temporary => return Err(Refusal::Temporary),
            Operation::Restart => self.restart_by_order(key, now)?,
            Operation::Suspend => self.suspend(key, now),
            Operation::Resume => self.resume(key, now)?,
        }
        self.advance(now);
        Ok(())
    }

    /// Whether its supervisor can start anything.
    fn is_able_to_start(&self) -> Result<(), Refusal> {
        match self.phase {
            Phase::Running => Ok(()),
            Phase::Parked { .. } | Phase::Stopping(Then::Park { .. }) => {
                Err(Refusal::SupervisorParked)
            }
            Phase::New | Phase::Stopping(Then::End(_)) | Phase::Ended => {
                Err(Refusal::SupervisorDown)
            }
        }
    }

    fn wish(&mut self, key: Key, wish: Wish) {
        if let Some(entry) = self.get_mut(key) {
            entry.wish = wish;
        }
    }

    fn restart_by_order(&mut self, key: Key, now: Instant) -> Result<(), Refusal> {
        self.is_able_to_start()?;
        let Some(entry) = self.get(key) else { return Ok(()) };
        match entry.state {
            // It is stopped when its turn comes, and started with the others.
            State::Starting | State::Running { .. } if self.is_awaited_down(key) => {
                self.wish(key, Wish::None);
            }
            State::Starting | State::Running { .. } => {
                self.wish(key, Wish::Again);
                self.stop(key, now);
            }
            State::Stopping { .. } | State::Killing { .. } => self.wish(key, Wish::Again),
            State::Resting { .. } => {
                self.wish(key, Wish::Again);
                // If it left children, it comes back first, to stop them in good order.
                self.retire(key, now);
            }
            State::Parked { .. } => self.try_again(key, now),
            State::Down => self.bring_back(key, now),
        }
        Ok(())
    }

    fn kill_by_order(&mut self, key: Key, now: Instant) -> Result<(), Refusal> {
        self.note_uptime(key, now);
        let Some(entry) = self.get_mut(key) else { return Ok(()) };
        let generation = entry.generation;
        match entry.state {
            State::Starting | State::Running { .. } | State::Stopping { .. } => {
                entry.wish = Wish::Failure;
                self.kill(key, generation, now);
                Ok(())
            }
            State::Killing { .. } => {
                entry.wish = Wish::Failure;
                Ok(())
            }
            State::Down | State::Resting { .. } | State::Parked { .. } => Err(Refusal::Down),
        }
    }

    fn suspend(&mut self, key: Key, now: Instant) {
        let may_stop = self.phase == Phase::Running && !self.is_awaited_down(key);
        let Some(entry) = self.get_mut(key) else { return };
        if entry.is_held() {
            return;
        }
        entry.wish = Wish::Hold;
        match entry.state {
            State::Starting | State::Running { .. } if may_stop => self.stop(key, now),
            // Its turn to be stopped comes.
            State::Starting | State::Running { .. } => {}
            State::Stopping { .. } | State::Killing { .. } => {}
            State::Down if entry.orphans != Orphans::None => {}
            State::Down | State::Resting { .. } | State::Parked { .. } => self.retire(key, now),
        }
    }

    fn resume(&mut self, key: Key, now: Instant) -> Result<(), Refusal> {
        let Some(entry) = self.get_mut(key) else { return Ok(()) };
        let held = entry.wish == Wish::Hold;
        match entry.state {
            State::Starting | State::Running { .. } | State::Resting { .. } => {
                if held {
                    entry.wish = Wish::None;
                }
            }
            State::Stopping { .. } | State::Killing { .. } => {
                if held || entry.is_to_be_parked() {
                    entry.wish = Wish::Again;
                }
            }
            State::Parked { .. } => self.try_again(key, now),
            State::Down => {
                if !held {
                    self.is_able_to_start()?;
                }
                self.bring_back(key, now);
            }
        }
        Ok(())
    }

    /// Whether one that comes before it is still to be started, so that it has to wait for that.
    fn is_behind_planned(&self, key: Key) -> bool {
        let keys = self.keys();
        let mut before = keys.iter().take_while(|other| **other != key);
        self.starts_in_order() && before.any(|other| self.get(*other).is_some_and(|e| e.planned))
    }

    /// Starts a child that is down, in its turn where others before it start; or, where its supervisor is
    /// down as well, with the others.
    fn bring_back(&mut self, key: Key, now: Instant) {
        let (running, in_turn) = (self.is_running(), self.is_behind_planned(key));
        let Some(entry) = self.get_mut(key) else { return };
        let held = entry.is_held();
        entry.wish = Wish::None;
        // Those wait for their turn already.
        let waits = entry.planned || entry.orphans != Orphans::None;
        entry.planned |= in_turn && !waits;
        if held {
            self.actions.push(Action::Resume { key });
        }
        if running && !in_turn && !waits {
            self.launch(key, now);
        }
    }

    /// The trial of a parked child: it has spent all it may within a period.
    pub(super) fn try_again(&mut self, key: Key, now: Instant) {
        let intensity = self.flags.intensity;
        if let Some(entry) = self.get_mut(key) {
            entry.history.get_or_insert_default().window.fill(now, intensity);
        }
        self.launch(key, now);
    }

    /// The supervisor itself, if it is parked as a whole, has its trial now.
    pub(crate) fn unpark(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Parked { .. } => self.try_all_again(now),
            Phase::Stopping(Then::Park { retry }) => *retry = Duration::ZERO,
            Phase::New | Phase::Running | Phase::Stopping(Then::End(_)) | Phase::Ended => {}
        }
        self.advance(now);
    }
}
