//! One proxy, measured once.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::keepalive::{Keepalive, KeepalivePlan};
use trunkline_tests::peers::{OutsideServer, Program, haproxy};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::procfs::{cpu_nanos, thread_names};
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

/// What was measured.
pub(crate) struct Sample {
    pub(crate) requests: u64,
    /// Microseconds of processor time of the proxy's process, per request.
    pub(crate) cpu_micros: f64,
    pub(crate) p50_micros: f64,
    pub(crate) p99_micros: f64,
    pub(crate) per_second: f64,
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu_micros, p99_micros, per_second, .. } = self;
        write!(f, "{cpu_micros:.3} CPU us, p99 {p99_micros:.0} us, {per_second:.0} requests/s")
    }
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

        let id = running.process().id();
        let threads = thread_names(id)?;
        let before = cpu_nanos(id)?;
        let round = clients.round(self.requests, ROUND)?;
        let spent = cpu_nanos(id)? - before;

        // A thread that ends takes its time with it, and the figure would flatter.
        ensure!(threads == thread_names(id)?, "{proxy}: its threads changed while it was measured");
        let accepted = backend.counts()?.accepted;
        ensure!(
            accepted >= u64::from(self.connections),
            "{proxy}: only {accepted} connections reached the backend"
        );
        Ok(Sample {
            requests: round.done,
            cpu_micros: spent as f64 / round.done as f64 / 1e3,
            p50_micros: round.latency.p50_nanos as f64 / 1e3,
            p99_micros: round.latency.p99_nanos as f64 / 1e3,
            per_second: round.done as f64 / (round.took_nanos as f64 / 1e9),
        })
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
