//! What is due on a link, and the one alarm for all of it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;
use trunkline_runtime::Deadline;

use super::Link;
use crate::protocol::heartbeat::Heartbeat;
use crate::protocol::timers::Due;

impl Link {
    /// Ready when something is due.
    pub(in crate::protocol) fn poll_due(&mut self, task: &mut Context<'_>) -> Poll<Due> {
        while let Some((_, alarm)) = &mut self.alarm {
            ready!(Pin::new(alarm).poll(task));
            let due = self.timers.due(Instant::now());
            // Activity only notes the time: the alarm is set anew when it went off too early.
            self.alarm = None;
            self.arm();
            if let Some(due) = due {
                return Poll::Ready(due);
            }
        }
        Poll::Pending
    }

    /// Ready when the peer has taken nothing for too long, while a hook runs: it keeps the
    /// connection busy, so that silence says nothing, and nobody could ask for a sign of life.
    pub(in crate::protocol) fn poll_send_timeout(&mut self, task: &mut Context<'_>) -> Poll<()> {
        while let Some((_, alarm)) = &mut self.alarm {
            ready!(Pin::new(alarm).poll(task));
            let now = Instant::now();
            self.timers.busy_until(now);
            let due = self.timers.due(now);
            self.alarm = None;
            self.arm();
            if due == Some(Due::SendTimeout) {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    /// When the alarm goes off, as the timers count.
    pub(in crate::protocol) fn alarm_at(&self) -> Option<u64> {
        self.alarm.as_ref().map(|(at, _)| *at)
    }

    /// Sets the alarm, if it would go off too late. One that has gone off is left for whoever polls
    /// it.
    pub(super) fn arm(&mut self) {
        let Some(next) = self.timers.next_deadline() else { return };
        let offset = self.timers.offset(next);
        match &mut self.alarm {
            None => self.alarm = Some((offset, Deadline::at(next.into_std()))),
            Some((at, alarm)) if offset < *at => {
                *at = offset;
                alarm.reset(next.into_std());
            }
            Some(_) => {}
        }
    }

    pub(in crate::protocol) fn set_idle(&mut self, idle: Option<Duration>) {
        self.timers.set_idle(idle, Instant::now());
        self.arm();
    }

    pub(in crate::protocol) fn set_heartbeat(&mut self, heartbeat: Option<Heartbeat>) {
        self.timers.set_heartbeat(heartbeat, Instant::now());
        self.arm();
    }

    /// Whether the connection reads: while it does not, silence is not the peer's.
    pub(in crate::protocol) fn set_paused(&mut self, paused: bool) {
        if paused {
            self.timers.pause();
        } else {
            self.timers.resume(Instant::now());
            self.arm();
        }
    }

    /// A hook has kept the connection busy until now: that was no silence of the peer.
    pub(in crate::protocol) fn was_busy(&mut self) {
        self.timers.busy_until(Instant::now());
    }
}
