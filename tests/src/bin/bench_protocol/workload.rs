//! What every server is given to do, on a fresh process for each kind of work.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use trunkline_tests::idle_clients::{IdleClients, IdlePlan};
use trunkline_tests::keepalive::{Keepalive, KeepalivePlan};
use trunkline_tests::procfs::pss_bytes;
use trunkline_tests::sample::Sample;
use trunkline_tests::short::{Short, ShortPlan};

use crate::server::{Running, Server};

/// How long one kind of work may take.
const LIMIT: Duration = Duration::from_secs(300);
/// What is done before it is measured, as a part of that.
const WARM_UP: u64 = 10;

/// How much of each kind of work.
pub(crate) struct Workload {
    pub(crate) peer: PathBuf,
    /// Threads of the server.
    pub(crate) workers: NonZeroUsize,
    /// Bytes of a line.
    pub(crate) size: u32,
    /// Connections that carry the messages, and short ones at once.
    pub(crate) clients: u16,
    pub(crate) messages: u64,
    pub(crate) idle: u32,
    pub(crate) connections: u64,
}

/// What was measured of one server in one round.
pub(crate) struct Measured {
    pub(crate) messages: Sample,
    pub(crate) idle_bytes: f64,
    pub(crate) connections: Sample,
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, idle_bytes, connections } = self;
        write!(
            f,
            "messages {messages}; idle {idle_bytes:.0} B; connections {:.3} CPU us, {:.0}/s",
            connections.cpu_micros, connections.per_second
        )
    }
}

impl Workload {
    /// Measures `server` once.
    pub(crate) fn measure(&self, server: &Server) -> Result<Measured> {
        Ok(Measured {
            messages: self.messages(server).with_context(|| format!("{server}, messages"))?,
            idle_bytes: self.idle(server).with_context(|| format!("{server}, idle"))?,
            connections: self
                .connections(server)
                .with_context(|| format!("{server}, connections"))?,
        })
    }

    fn start(&self, server: &Server) -> Result<Running> {
        Running::start(server, &self.peer, self.workers)
    }

    /// Lines back and forth on connections that stay.
    fn messages(&self, server: &Server) -> Result<Sample> {
        let mut running = self.start(server)?;
        let plan = KeepalivePlan {
            size: self.size,
            lines: true,
            ..KeepalivePlan::new(running.address(), self.clients)
        };
        let mut clients = Keepalive::open(&self.peer, &plan)?;
        clients.round(self.messages / WARM_UP, LIMIT)?;
        Sample::take(running.process().id(), || clients.round(self.messages, LIMIT))
    }

    /// Bytes of memory for each connection that has sent one line and does nothing more.
    fn idle(&self, server: &Server) -> Result<f64> {
        let mut running = self.start(server)?;
        let (process, address) = (running.process().id(), running.address());
        let open = |connections| {
            let plan = IdlePlan::new(address, connections);
            let clients = IdleClients::open(&self.peer, &plan, LIMIT)?;
            let opened = clients.opened();
            ensure!(opened.ready == u64::from(connections), "failed: {opened:?}");
            anyhow::Ok(clients)
        };
        // What the first connection brings into memory is not what each of them costs.
        let _first = open(1)?;
        let before = pss_bytes(process)?;
        let _held = open(self.idle)?;
        let after = pss_bytes(process)?;
        Ok(after.saturating_sub(before) as f64 / f64::from(self.idle))
    }

    /// Connections with one line each.
    fn connections(&self, server: &Server) -> Result<Sample> {
        let mut running = self.start(server)?;
        let plan = ShortPlan { to: running.address(), clients: self.clients, size: self.size };
        let mut clients = Short::start(&self.peer, &plan)?;
        clients.round(self.connections / WARM_UP, LIMIT)?;
        Sample::take(running.process().id(), || clients.round(self.connections, LIMIT))
    }
}
