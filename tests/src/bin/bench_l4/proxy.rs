//! One proxy, measured once.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::keepalive::{Keepalive, KeepalivePlan};
use trunkline_tests::peers::{OutsideServer, Program, haproxy};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::sample::Sample;
use trunkline_tests::trunkline::{Trunkline, forwarding};

/// How long the requests of one round may take.
const ROUND: Duration = Duration::from_secs(300);

/// Who is measured.
pub(crate) enum Proxy {
    /// haproxy in TCP mode.
    Haproxy(Program),
    /// The program at this path, run as `PATH run -c FILE`.
    Trunkline(PathBuf),
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Haproxy(_) => "haproxy",
            Self::Trunkline(_) => "trunkline",
        })
    }
}

/// What every proxy is given to do.
pub(crate) struct Workload {
    pub(crate) peer: PathBuf,
    pub(crate) connections: u16,
    /// Bytes of a request.
    pub(crate) size: u32,
    /// Requests before the measured ones.
    pub(crate) warm_up: u64,
    /// Requests measured.
    pub(crate) requests: u64,
    /// Threads of the proxy.
    pub(crate) workers: usize,
}

impl Workload {
    /// Starts everything anew, and measures `proxy` once.
    pub(crate) fn measure(&self, proxy: &Proxy) -> Result<Sample> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut backend = Backend::start(&self.peer, &BackendPlan::new(any, Mode::Echo))?;
        // Starting a proxy fails if anybody else listens where it is to listen.
        let mut running = Running::start(proxy, backend.address(), self.workers)?;
        let address = running.address();
        let plan =
            KeepalivePlan { size: self.size, ..KeepalivePlan::new(address, self.connections) };
        let mut clients = Keepalive::open(&self.peer, &plan)?;
        clients.round(self.warm_up, ROUND)?;

        let process = running.process().id();
        let sample = Sample::take(process, || clients.round(self.requests, ROUND))
            .with_context(|| proxy.to_string())?;
        let accepted = backend.counts()?.accepted;
        ensure!(
            accepted >= u64::from(self.connections),
            "{proxy}: only {accepted} connections reached the backend"
        );
        Ok(sample)
    }
}

/// A proxy that is running.
enum Running {
    Haproxy(OutsideServer),
    Trunkline(Trunkline, ReservedPort),
}

impl Running {
    fn start(proxy: &Proxy, backend: SocketAddr, workers: usize) -> Result<Self> {
        match proxy {
            Proxy::Haproxy(program) => {
                Ok(Self::Haproxy(haproxy::start(program, &[backend], workers)?))
            }
            Proxy::Trunkline(program) => {
                let port = ReservedPort::new()?;
                let configuration = forwarding(port.address(), &[backend], workers);
                let server = Trunkline::run(program, &configuration, &[port.address()])?;
                Ok(Self::Trunkline(server, port))
            }
        }
    }

    fn address(&self) -> SocketAddr {
        match self {
            Self::Haproxy(server) => server.address(),
            Self::Trunkline(_, port) => port.address(),
        }
    }

    fn process(&mut self) -> &mut Process {
        match self {
            Self::Haproxy(server) => server.process(),
            Self::Trunkline(server, _) => server.process(),
        }
    }
}
