//! The servers that are compared.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Result;
use trunkline_tests::plain_echo::{PlainEcho, PlainEchoPlan};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::trunkline::{Trunkline, serving};

/// A server that sends lines back.
pub(crate) enum Server {
    /// Plain tokio tasks.
    Plain,
    /// A program that is started as Trunkline is, `PROGRAM run -c FILE`.
    Trunkline(Listener),
}

/// The one listener of a program.
pub(crate) struct Listener {
    pub(crate) program: PathBuf,
    pub(crate) protocol: String,
    pub(crate) log: String,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Plain => "plain",
            Self::Trunkline(_) => "trunkline",
        })
    }
}

/// A server that is running.
pub(crate) enum Running {
    Plain(PlainEcho),
    Trunkline(Trunkline, ReservedPort),
}

impl Running {
    pub(crate) fn start(server: &Server, peer: &Path, workers: NonZeroUsize) -> Result<Self> {
        match server {
            Server::Plain => {
                let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
                Ok(Self::Plain(PlainEcho::start(peer, &PlainEchoPlan { listen, workers })?))
            }
            Server::Trunkline(Listener { program, protocol, log }) => {
                let port = ReservedPort::new()?;
                let configuration = serving(port.address(), protocol, workers.get(), log);
                let server = Trunkline::run(program, &configuration, &[port.address()])?;
                Ok(Self::Trunkline(server, port))
            }
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Plain(server) => server.address(),
            Self::Trunkline(_, port) => port.address(),
        }
    }

    pub(crate) fn process(&mut self) -> &mut Process {
        match self {
            Self::Plain(server) => server.process(),
            Self::Trunkline(server, _) => server.process(),
        }
    }
}
