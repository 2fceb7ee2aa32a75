//! How many connections the process can hold, from the descriptors it may open.

use std::fmt;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use thiserror::Error;

use crate::forward::PIPES_PER_THREAD;

/// The limit of open descriptors (`RLIMIT_NOFILE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptors {
    /// The soft limit the process was started with.
    pub found: u64,
    /// The soft limit now.
    pub now: u64,
}

/// What of the tree needs descriptors besides forwarded connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Needs {
    /// Threads that carry connections.
    pub workers: u64,
    /// Listeners.
    pub listeners: u64,
    /// Backends of all pools.
    pub backends: u64,
}

/// How many connections may be forwarded at once, and why so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimit {
    /// Connections at once.
    pub connections: u64,
    /// Descriptors kept back for everything else.
    pub reserved: u64,
    /// Where the descriptors came from.
    pub descriptors: Descriptors,
}

/// Not one connection could be forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "{now} open files are too few: {reserved} are kept back for listeners, probes, pipes and the \
     control plane, and every connection takes two; raise the hard limit with `ulimit -Hn` or \
     `LimitNOFILE=` in the systemd unit"
)]
pub struct TooFewDescriptors {
    now: u64,
    reserved: u64,
}

/// A client's socket and a backend's.
const PER_CONNECTION: u64 = 2;
/// Standard streams, files, the admin side, resolver, and some to spare.
const FIXED: u64 = 64;
/// Of each worker and of the control thread: epoll, its waker and a duplicate of it.
const PER_THREAD: u64 = 4;
/// Of each worker: both ends of every pipe that it may splice through.
const PER_WORKER: u64 = 2 * PIPES_PER_THREAD as u64;
/// Of each listener on each worker: the socket that is held, and the acceptor's duplicate.
const PER_LISTENER_AND_WORKER: u64 = 2;
/// Of each backend: its probe.
const PER_BACKEND: u64 = 1;

impl Needs {
    /// Descriptors that connections must not take.
    #[must_use]
    pub fn reserved(&self) -> u64 {
        FIXED
            + PER_THREAD * (self.workers + 1)
            + PER_WORKER * self.workers
            + PER_LISTENER_AND_WORKER * self.workers * self.listeners
            + PER_BACKEND * self.backends
    }
}

impl ConnectionLimit {
    /// Divides the descriptors up. `wanted` is the bound of the configuration, if it has one.
    ///
    /// # Errors
    /// When what is left over does not carry one connection.
    pub fn derive(
        descriptors: Descriptors,
        needs: &Needs,
        wanted: Option<u64>,
    ) -> Result<Self, TooFewDescriptors> {
        let reserved = needs.reserved();
        let possible = descriptors.now.saturating_sub(reserved) / PER_CONNECTION;
        if possible == 0 {
            return Err(TooFewDescriptors { now: descriptors.now, reserved });
        }
        let connections = wanted.map_or(possible, |wanted| wanted.min(possible));
        Ok(Self { connections, reserved, descriptors })
    }
}

impl fmt::Display for ConnectionLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Descriptors { found, now } = self.descriptors;
        write!(f, "at most {} connections at once: {now} open files", self.connections)?;
        if found != now {
            write!(f, " (raised from {found})")?;
        }
        write!(f, ", {} of them kept back, {PER_CONNECTION} per connection", self.reserved)
    }
}

/// The limit of open descriptors as it is.
#[must_use]
pub fn descriptors() -> Descriptors {
    let now = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    Descriptors { found: now, now }
}

/// Raises the soft limit of open descriptors to the hard one.
///
/// # Errors
/// When the kernel refuses, as a sandbox may; the limit is then as it was.
pub fn raise_descriptors() -> io::Result<Descriptors> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // No limit at all cannot be had for descriptors, but the type allows for it.
    let found = current.unwrap_or(u64::MAX);
    let now = maximum.unwrap_or(u64::MAX);
    if found < now {
        setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    }
    Ok(Descriptors { found, now })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDS: Needs = Needs { workers: 2, listeners: 3, backends: 5 };

    fn of(now: u64) -> Descriptors {
        Descriptors { found: 1024, now }
    }

    #[test]
    fn what_is_not_kept_back_is_shared_by_two_sockets_per_connection() {
        assert_eq!(NEEDS.reserved(), 64 + 12 + 128 + 12 + 5);
        let limit = ConnectionLimit::derive(of(4096), &NEEDS, None).unwrap();
        assert_eq!(limit.connections, (4096 - 221) / 2);
        assert_eq!(
            limit.to_string(),
            "at most 1937 connections at once: 4096 open files (raised from 1024), \
             221 of them kept back, 2 per connection"
        );
    }

    #[test]
    fn the_configuration_lowers_the_limit_but_never_raises_it() {
        let derive = |wanted| ConnectionLimit::derive(of(1024), &NEEDS, Some(wanted)).unwrap();
        assert_eq!(derive(10).connections, 10);
        assert_eq!(derive(1_000_000).connections, 401);
    }

    #[test]
    fn too_few_descriptors_are_refused_with_a_remedy() {
        let refused = ConnectionLimit::derive(of(222), &NEEDS, None).unwrap_err();
        assert!(refused.to_string().contains("LimitNOFILE="), "{refused}");
    }

    #[test]
    fn the_soft_limit_is_raised_to_the_hard_one() {
        let raised = raise_descriptors().unwrap();
        assert!(raised.now >= raised.found);
        assert_eq!(getrlimit(Resource::Nofile).current, Some(raised.now));
    }
}
