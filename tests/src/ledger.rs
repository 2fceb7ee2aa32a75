//! Which failed connections a killed backend excuses, decided from what the client and the backends
//! wrote down.
//!
//! All times are nanoseconds of the monotonic clock.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::load::Fate;

/// One line of the ledger of `peer load`: a connection and its fate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// What it called itself; no other connection uses it.
    pub token: String,
    /// The client's port, once there was one.
    pub local_port: Option<u16>,
    /// When it began to connect.
    pub started_nanos: u64,
    /// When the whole answer was there.
    pub answered_nanos: Option<u64>,
    /// When its fate was known.
    pub ended_nanos: u64,
    /// What became of it.
    pub fate: Fate,
    /// The name by which the backend greeted it.
    pub backend: Option<String>,
    /// The error behind the fate.
    pub error: Option<String>,
}

/// One line of the log of `peer backend`, written before the connection is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackendLine {
    /// A connection was accepted.
    Accepted {
        /// When.
        at_nanos: u64,
        /// From where: the proxy's side of the connection, or the client's where there is no proxy.
        peer: SocketAddr,
        /// At which of its own addresses.
        local: SocketAddr,
    },
    /// A connection said its token.
    Token {
        /// When.
        at_nanos: u64,
        /// The connection, by where it came from.
        peer: SocketAddr,
        /// What it said.
        token: String,
    },
}

/// Reads the ledger that `peer load` wrote.
///
/// # Errors
/// When the file cannot be read or a line of it is no [`Attempt`]; the error names the line.
pub fn read_attempts(path: &Path) -> Result<Vec<Attempt>> {
    read_lines(path)
}

/// A backend's log, and the times at which it was killed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BackendLog {
    /// Its lines, in order.
    pub lines: Vec<BackendLine>,
    /// When it was killed: times as [`crate::backend::Backend::kill`] and `crash` return them.
    pub kills: Vec<u64>,
}

impl BackendLog {
    /// Reads the log that `peer backend` wrote, over all its incarnations.
    ///
    /// # Errors
    /// When the file cannot be read or a line of it is no [`BackendLine`]; the error names the
    /// line.
    pub fn read(path: &Path, kills: Vec<u64>) -> Result<Self> {
        Ok(Self { lines: read_lines(path)?, kills })
    }
}

pub(crate) fn read_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let parse = |(position, line)| {
        serde_json::from_str(line)
            .with_context(|| format!("{}:{}: {line:?}", path.display(), position + 1))
    };
    text.lines().enumerate().map(parse).collect()
}

/// What became of a load, once the backends' deaths are taken into account. Its text is the figure
/// to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Connections that ended well.
    pub ok: usize,
    /// Failed connections that a backend had accepted before it was killed.
    pub excused: Vec<Attempt>,
    /// Failed connections that nothing excuses.
    pub unexcused: Vec<Attempt>,
    /// Tokens that more than one connection to backends brought: bytes of one client sent twice.
    pub repeated: Vec<String>,
}

impl Verdict {
    /// Judges every connection of `attempts`.
    ///
    /// A failure is excused only if the log of a backend shows that it had accepted this connection
    /// (by its token; or by the client's port, where no proxy is in between) before one of its
    /// deaths, and the failure is not older than that death.
    pub fn of(attempts: &[Attempt], backends: &[BackendLog]) -> Self {
        let (seen, repeated) = Sightings::of(backends);
        let mut verdict = Self { repeated, ..Self::default() };
        for attempt in attempts {
            match attempt.fate {
                Fate::Ok => verdict.ok += 1,
                Fate::Refused
                | Fate::Reset
                | Fate::EofEarly
                | Fate::Timeout
                | Fate::WrongAnswer
                | Fate::Local => {
                    let excused = seen.excuse(attempt);
                    let list = if excused { &mut verdict.excused } else { &mut verdict.unexcused };
                    list.push(attempt.clone());
                }
            }
        }
        verdict
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (excused, unexcused) = (self.excused.len(), self.unexcused.len());
        let all = self.ok + excused + unexcused;
        write!(f, "{all} connections: {} ok, {excused} excused, {unexcused} not", self.ok)?;
        if !self.repeated.is_empty() {
            write!(f, ", {} sent to a backend twice", self.repeated.len())?;
        }
        for attempt in self.unexcused.iter().take(10) {
            write!(f, "\n  {attempt:?}")?;
        }
        Ok(())
    }
}

/// A backend accepted a connection and, if it was killed after that, when.
#[derive(Clone, Copy)]
struct Sighting {
    accepted_nanos: u64,
    killed_nanos: Option<u64>,
}

#[derive(Default)]
struct Sightings<'a> {
    by_token: HashMap<&'a str, Sighting>,
    by_port: HashMap<u16, Vec<Sighting>>,
}

impl<'a> Sightings<'a> {
    fn of(backends: &'a [BackendLog]) -> (Self, Vec<String>) {
        let mut seen = Self::default();
        let mut repeated = HashSet::new();
        for backend in backends {
            let sighting = |accepted_nanos: u64| {
                let after = backend.kills.iter().copied().filter(|kill| *kill > accepted_nanos);
                Sighting { accepted_nanos, killed_nanos: after.min() }
            };
            for line in &backend.lines {
                match line {
                    BackendLine::Accepted { at_nanos, peer, local: _ } => {
                        seen.by_port.entry(peer.port()).or_default().push(sighting(*at_nanos));
                    }
                    BackendLine::Token { at_nanos, peer: _, token } => {
                        if seen.by_token.insert(token, sighting(*at_nanos)).is_some() {
                            repeated.insert(token.clone());
                        }
                    }
                }
            }
        }
        (seen, repeated.into_iter().collect())
    }

    fn excuse(&self, attempt: &Attempt) -> bool {
        let by_port = attempt.local_port.and_then(|port| self.by_port.get(&port));
        // A port is used again and again, so the time has to fit as well; a token is not.
        let by_port = by_port.into_iter().flatten().filter(|sighting| {
            (attempt.started_nanos..=attempt.ended_nanos).contains(&sighting.accepted_nanos)
        });
        let mut sightings = by_port.chain(self.by_token.get(attempt.token.as_str()));
        sightings.any(|it| it.killed_nanos.is_some_and(|kill| kill <= attempt.ended_nanos))
    }
}

#[cfg(test)]
mod tests;
