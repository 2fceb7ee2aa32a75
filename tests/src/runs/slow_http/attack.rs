//! The attacks of slowhttptest.

use std::fmt;
use std::net::SocketAddr;

use anyhow::Result;

use crate::peers::Program;
use crate::process::Process;

/// What is read slowly, below the site of the origin.
pub(super) const LARGE: &str = "large";
/// Connections a second.
const RATE: &str = "500";
/// Seconds between two pieces.
const INTERVAL: &str = "3";
/// How many seconds its own probe waits for an answer, at its start and once a second.
const PATIENCE: &str = "3";
/// After so many seconds an attack ends by itself, should nobody end it before.
const LONGEST: &str = "100";

/// What is slow.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Heads without an end.
    Heads,
    /// Bodies that are far shorter than was said.
    Bodies,
    /// Clients that read almost nothing of a large answer.
    Reading,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Heads, Self::Bodies, Self::Reading];

    /// What one of its connections holds in the server.
    pub(super) fn descriptors(self) -> usize {
        match self {
            Self::Heads => 1,
            // The connection to the origin as well.
            Self::Bodies | Self::Reading => 2,
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Heads => &["-H", "-i", INTERVAL, "-x", "24", "-t", "GET"],
            Self::Bodies => &["-B", "-i", INTERVAL, "-x", "10", "-s", "8192", "-t", "PUT"],
            Self::Reading => &["-X", "-n", INTERVAL, "-w", "512", "-y", "1024", "-z", "32"],
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Heads => "slow heads",
            Self::Bodies => "slow bodies",
            Self::Reading => "slow reading",
        })
    }
}

/// An attack that goes on until it is dropped.
pub(super) struct Attack {
    tool: Process,
}

impl Attack {
    pub(super) fn start(
        tool: &Program,
        kind: Kind,
        connections: u32,
        target: SocketAddr,
    ) -> Result<Self> {
        let mut command = tool.command();
        command.args(kind.arguments()).args(["-c", &connections.to_string()]);
        command.args(["-r", RATE, "-l", LONGEST, "-p", PATIENCE]);
        command.arg("-u").arg(format!("http://{target}/{LARGE}"));
        Ok(Self { tool: Process::spawn(command)? })
    }

    /// What the tool has said of late.
    pub(super) fn last_lines(&self) -> String {
        self.tool.last_lines()
    }
}
