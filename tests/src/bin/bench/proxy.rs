//! The proxies, and one of them running.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use tempfile::TempDir;
use trunkline_tests::peers::haproxy::Extra;
use trunkline_tests::peers::{OutsideServer, find, haproxy, nginx};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::procfs::{listening_sockets, listening_sockets_of};
use trunkline_tests::proxied::{Layer, configuration};
use trunkline_tests::syslog::Syslog;
use trunkline_tests::trunkline::Trunkline;

use crate::workload::{Kind, Workload};

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Proxy {
    /// The program of `--trunkline`.
    Trunkline,
    /// haproxy with its defaults.
    Haproxy,
    /// haproxy with `option splice-auto`, for bulk alone.
    HaproxySplice,
    /// haproxy with `http-reuse always`, for one request per connection alone: by default it makes a
    /// connection to the backend for each.
    HaproxyReuse,
    /// nginx as its guide advises.
    Nginx,
}

impl Proxy {
    /// Whether it has anything of its own to show in `workload`.
    pub(crate) fn takes(self, workload: Workload) -> bool {
        match self {
            Self::Trunkline | Self::Haproxy | Self::Nginx => true,
            Self::HaproxySplice => matches!(workload.kind(), Kind::Bulk(_)),
            Self::HaproxyReuse => workload == Workload::HttpConnections,
        }
    }

    /// Whether connections to the backend are to be kept for later clients.
    pub(crate) fn keeps(self) -> bool {
        match self {
            Self::Trunkline | Self::HaproxyReuse | Self::Nginx => true,
            Self::Haproxy | Self::HaproxySplice => false,
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // None of them is hidden from the command line.
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

/// A proxy that is running. Ended when dropped.
pub(crate) enum Running {
    Trunkline { server: Box<Trunkline>, port: ReservedPort, _log: TempDir },
    Haproxy { server: OutsideServer, _log: Syslog },
    Nginx(OutsideServer),
}

impl Running {
    /// Starts `proxy` in front of `backend`; `trunkline` is the program of that name.
    ///
    /// # Errors
    /// When it is not installed, cannot do this, or somebody else listens where it is to listen.
    pub(crate) fn start(
        proxy: Proxy,
        trunkline: &Path,
        layer: Layer,
        backend: SocketAddr,
    ) -> Result<Self> {
        let mut started = match proxy {
            Proxy::Trunkline => {
                let (port, folder) = (ReservedPort::new()?, tempfile::tempdir()?);
                let text = configuration(layer, port.address(), backend);
                let log = folder.path().join("log");
                let server = Trunkline::run_logging_to(trunkline, &text, &[port.address()], &log)?;
                Self::Trunkline { server: Box::new(server), port, _log: folder }
            }
            Proxy::Haproxy => Self::haproxy(layer, backend, Extra::None)?,
            Proxy::HaproxySplice => Self::haproxy(layer, backend, Extra::Splice)?,
            Proxy::HaproxyReuse => Self::haproxy(layer, backend, Extra::Reuse)?,
            Proxy::Nginx => {
                let program =
                    find("nginx").context("not installed: apt-get install nginx-light")?;
                Self::Nginx(nginx::proxy(&program, layer, backend)?)
            }
        };
        started.alone()?;
        Ok(started)
    }

    fn haproxy(layer: Layer, backend: SocketAddr, extra: Extra) -> Result<Self> {
        let program = find("haproxy").context("not installed: apt-get install haproxy")?;
        let syslog = Syslog::start()?;
        let server = haproxy::proxy(&program, layer, backend, syslog.address(), extra)?;
        Ok(Self::Haproxy { server, _log: syslog })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Trunkline { port, .. } => port.address(),
            Self::Haproxy { server, .. } | Self::Nginx(server) => server.address(),
        }
    }

    /// The process that was started.
    pub(crate) fn process(&mut self) -> &mut Process {
        match self {
            Self::Trunkline { server, .. } => server.process(),
            Self::Haproxy { server, .. } | Self::Nginx(server) => server.process(),
        }
    }

    /// All its processes.
    pub(crate) fn processes(&mut self) -> Result<Vec<u32>> {
        match self {
            Self::Trunkline { server, .. } => Ok(vec![server.process().id()]),
            Self::Haproxy { server, .. } | Self::Nginx(server) => server.processes(),
        }
    }

    /// Makes sure that every listening socket of its address is its own: one that was forgotten would
    /// take its part of the connections by SO_REUSEPORT, and nobody would see it.
    pub(crate) fn alone(&mut self) -> Result<()> {
        let address = self.address();
        let mut own = Vec::new();
        for process in self.processes()? {
            own.extend(listening_sockets_of(process)?);
        }
        let sockets = listening_sockets()?;
        let mut here = sockets.iter().filter(|socket| socket.address.port() == address.port());
        let alone = here.all(|socket| own.contains(socket));
        ensure!(alone, "another process listens on {address} too: end it");
        Ok(())
    }
}

/// The version that a program tells, for the record.
pub(crate) fn version(proxy: Proxy, trunkline: &Path) -> Result<String> {
    let (program, flag) = match proxy {
        Proxy::Trunkline => (PathBuf::from(trunkline), "--version"),
        Proxy::Haproxy | Proxy::HaproxySplice | Proxy::HaproxyReuse => {
            (installed("haproxy")?, "-v")
        }
        Proxy::Nginx => (installed("nginx")?, "-v"),
    };
    let output = std::process::Command::new(program).arg(flag).output()?;
    // nginx tells it on stderr.
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    Ok(said.lines().next().unwrap_or_default().to_owned())
}

fn installed(name: &str) -> Result<PathBuf> {
    Ok(find(name).context("not installed")?.path().to_owned())
}
