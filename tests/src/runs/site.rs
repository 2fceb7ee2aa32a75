//! A server with two halves that share nothing but the process: one for the faults, one to watch.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::backend::{Backend, BackendPlan, Mode};
use crate::control::{Control, Event, Node, What};
use crate::port::ReservedPort;
use crate::trunkline::Trunkline;

use super::programs::Programs;

/// Workers of every server in a run: one for the machine's every core where the figures were taken.
pub const WORKERS: usize = 2;
/// The root's path.
pub const ROOT: &str = "server";
/// Backends of each half.
const BACKENDS: usize = 2;
/// How long the tree may take to be told.
pub const TREE: Duration = Duration::from_secs(5);
/// How long an actor may take to come back, also where the back-offs above it have grown.
const BACK: Duration = Duration::from_secs(20);
/// Any port of 127.0.0.1.
pub(super) const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A running server with the listeners and pools "main" and "calm": `trunkline-faults`, or
/// `protocols-under-test` where there is a protocol as well.
#[derive(Debug)]
pub struct Site {
    /// The server; ended before its backends, as fields are dropped in order.
    pub server: Trunkline,
    /// Its controls.
    pub control: Control,
    /// Where the faults go.
    pub main: Half,
    /// What has to notice nothing of them.
    pub calm: Half,
    /// A listener of the protocol `fragile`, where there is one.
    talk: Option<ReservedPort>,
}

/// A listener, and the backends of the pool of the same name.
#[derive(Debug)]
pub struct Half {
    port: ReservedPort,
    /// Its backends, which echo.
    pub backends: Vec<Backend>,
}

impl Half {
    fn start(programs: &Programs) -> Result<Self> {
        let backends = (0..BACKENDS)
            .map(|_| Backend::start(&programs.peer, &BackendPlan::new(ANY, Mode::Echo)));
        Ok(Self { port: ReservedPort::new()?, backends: backends.collect::<Result<_>>()? })
    }

    /// Where its clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    fn tables(&self, name: &str) -> String {
        let listen = self.address();
        let backends: Vec<_> =
            self.backends.iter().map(|backend| format!("\"{}\"", backend.address())).collect();
        let backends = backends.join(", ");
        format!(
            "[listener.{name}]\nbind = \"{listen}\"\nprotocol = \"forward\"\npool = \"{name}\"\n\
             [pool.{name}]\nbackends = [{backends}]\n"
        )
    }
}

impl Site {
    /// Starts backends and server. `level` is that of its log; `environment` goes to the server
    /// only.
    ///
    /// # Errors
    /// When one of them does not start.
    pub fn start(programs: &Programs, level: &str, environment: &[(&str, &str)]) -> Result<Self> {
        Self::launch(programs, None, level, environment)
    }

    /// As [`Site::start`], with a third listener, "talk", of the protocol
    /// [`Fragile`](crate::protocols::Fragile).
    ///
    /// # Errors
    /// When one of them does not start.
    pub fn start_with_protocol(
        programs: &Programs,
        level: &str,
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        Self::launch(programs, Some(ReservedPort::new()?), level, environment)
    }

    fn launch(
        programs: &Programs,
        talk: Option<ReservedPort>,
        level: &str,
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let (main, calm) = (Half::start(programs)?, Half::start(programs)?);
        let mut configuration = format!(
            "[server]\nworkers = {WORKERS}\n[log]\nlevel = \"{level}\"\n{}{}",
            main.tables("main"),
            calm.tables("calm")
        );
        let mut listeners = vec![main.address(), calm.address()];
        let mut program = &programs.faults;
        if let Some(port) = &talk {
            program = &programs.protocols;
            listeners.push(port.address());
            configuration.push_str(&format!(
                "[listener.talk]\nbind = \"{}\"\nprotocol = \"fragile\"\n\
                 settings = {{ crashes = 1000000, threshold = 3, period = \"10m\" }}\n",
                port.address()
            ));
        }
        let (server, control) =
            Trunkline::run_with_faults_in(program, &configuration, &listeners, environment)?;
        Ok(Self { server, control, main, calm, talk })
    }

    /// Where clients of the protocol connect to.
    ///
    /// # Errors
    /// When the site has none.
    pub fn talk(&self) -> Result<SocketAddr> {
        self.talk.as_ref().map(ReservedPort::address).context("this site has no protocol")
    }

    /// The tree as it is now.
    ///
    /// # Errors
    /// When it does not come within five seconds.
    pub fn tree(&self) -> Result<Vec<Node>> {
        self.control.tree(TREE)
    }

    /// Makes the actor at `path` panic and waits until it is back, or until an event for which
    /// `is_end` holds. Returns what came, and the mark behind it.
    ///
    /// `mark` is what the call before has returned: an end may follow a return at once.
    ///
    /// # Errors
    /// When neither comes within 20 seconds.
    pub fn panic(
        &self,
        path: &str,
        mark: usize,
        is_end: impl Fn(&Event) -> bool,
    ) -> Result<(Event, usize)> {
        self.control.panic(path)?;
        // A start that nobody has announced is no return: a supervisor may come back only to stop
        // its children. What is announced may be the restart of a supervisor above.
        let announced = self.control.wait_for("restart", mark, BACK, |event| {
            let below = path.strip_prefix(&event.path);
            let concerned = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            is_end(event) || (event.what == What::Restarting && concerned)
        })?;
        if is_end(&announced.0) {
            return Ok(announced);
        }
        self.control.wait_for(&format!("start of {path}"), announced.1, BACK, |event| {
            is_end(event) || (event.what == What::Started && event.path == path)
        })
    }
}

/// Whether `path` is that of a connection.
pub fn is_connection(path: &str) -> bool {
    let mut steps = path.rsplit('/');
    let is_number = steps.next().is_some_and(|step| step.bytes().all(|byte| byte.is_ascii_digit()));
    is_number && steps.nth(1) == Some("connections")
}

/// Whether `path` is that of a connection's protocol.
pub fn is_protocol(path: &str) -> bool {
    path.strip_suffix("/protocol").is_some_and(is_connection)
}

#[cfg(test)]
mod tests {
    use super::{is_connection, is_protocol};

    #[test]
    fn a_connection_is_told_from_its_supervisors_by_its_path() {
        assert!(is_connection("server/traffic/listeners/main/connections/w1/17"));
        assert!(!is_connection("server/traffic/listeners/main/connections/w1"));
        assert!(!is_connection("server/traffic/listeners/17/connections"));
    }
    #[test]
    fn a_protocol_is_told_from_its_connection_by_its_path() {
        assert!(is_protocol("server/traffic/listeners/talk/connections/w1/17/protocol"));
        assert!(!is_protocol("server/traffic/listeners/talk/connections/w1/17"));
        assert!(!is_protocol("server/traffic/listeners/protocol"));
    }
}
