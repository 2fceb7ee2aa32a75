//! What both servers are given to do, in fresh processes for each kind of work.
//!
//! They take turns of a fraction of a second: whatever else the machine does then bears on both.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use trunkline_tests::idle_clients::{IdleClients, IdlePlan};
use trunkline_tests::keepalive::{Keepalive, KeepalivePlan, Round};
use trunkline_tests::procfs::pss_bytes;
use trunkline_tests::sample::Sample;
use trunkline_tests::short::{Short, ShortPlan};

use crate::server::{Running, Server};

/// How long one kind of work may take.
const LIMIT: Duration = Duration::from_secs(300);
/// What is done before it is measured, as a part of that.
const WARM_UP: u64 = 10;
/// How often each server has its turn in a round.
const TURNS: u64 = 10;

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

/// A server with its clients.
struct Side<'a, C> {
    server: &'a Server,
    running: Running,
    clients: C,
    parts: Vec<Sample>,
}

impl Workload {
    /// Measures both servers once.
    pub(crate) fn measure(&self, servers: [&Server; 2]) -> Result<[Measured; 2]> {
        let messages = self.messages(servers).context("messages")?;
        let idle_bytes = [self.idle(servers[0])?, self.idle(servers[1])?];
        let connections = self.connections(servers).context("short connections")?;
        let ([messages, messages_2], [connections, connections_2]) = (messages, connections);
        Ok([
            Measured { messages, idle_bytes: idle_bytes[0], connections },
            Measured {
                messages: messages_2,
                idle_bytes: idle_bytes[1],
                connections: connections_2,
            },
        ])
    }

    /// Lines back and forth on connections that stay.
    fn messages(&self, servers: [&Server; 2]) -> Result<[Sample; 2]> {
        let open = |to| {
            let plan = KeepalivePlan {
                size: self.size,
                lines: true,
                ..KeepalivePlan::new(to, self.clients)
            };
            Keepalive::open(&self.peer, &plan)
        };
        self.in_turns(servers, self.messages, open, Keepalive::round)
    }

    /// Connections with one line each.
    fn connections(&self, servers: [&Server; 2]) -> Result<[Sample; 2]> {
        let start = |to| {
            let plan = ShortPlan { size: self.size, ..ShortPlan::new(to, self.clients) };
            Short::start(&self.peer, &plan)
        };
        self.in_turns(servers, self.connections, start, Short::round)
    }

    fn in_turns<C>(
        &self,
        servers: [&Server; 2],
        requests: u64,
        clients: impl Fn(SocketAddr) -> Result<C>,
        round: impl Fn(&mut C, u64, Duration) -> Result<Round>,
    ) -> Result<[Sample; 2]> {
        let side = |server| -> Result<Side<C>> {
            let running = Running::start(server, &self.peer, self.workers)?;
            let mut clients = clients(running.address())?;
            round(&mut clients, requests / WARM_UP, LIMIT)?;
            Ok(Side { server, running, clients, parts: Vec::new() })
        };
        let mut sides = [side(servers[0])?, side(servers[1])?];
        for turn in 0..TURNS {
            // Who goes first changes: what it leaves behind in the kernel must not always help the
            // same one.
            let order = if turn % 2 == 0 { [0, 1] } else { [1, 0] };
            for side in order {
                let Side { server, running, clients, parts } = &mut sides[side];
                let process = running.process().id();
                let part = Sample::take(&[process], || round(clients, requests / TURNS, LIMIT));
                parts.push(part.with_context(|| server.to_string())?);
            }
        }
        let [first, second] = &sides;
        Ok([Sample::of_parts(&first.parts)?, Sample::of_parts(&second.parts)?])
    }

    /// Bytes of memory for each connection that has sent one line and does nothing more.
    fn idle(&self, server: &Server) -> Result<f64> {
        let mut running = Running::start(server, &self.peer, self.workers)?;
        let (process, address) = (running.process().id(), running.address());
        let open = |connections| {
            let plan = IdlePlan::new(address, connections);
            let clients = IdleClients::open(&self.peer, &plan, LIMIT)?;
            let opened = clients.opened();
            ensure!(opened.ready == u64::from(connections), "{server}, idle: failed: {opened:?}");
            anyhow::Ok(clients)
        };
        // What the first connection brings into memory is not what each of them costs.
        let _first = open(1)?;
        let before = pss_bytes(process)?;
        let _held = open(self.idle)?;
        let after = pss_bytes(process)?;
        Ok(after.saturating_sub(before) as f64 / f64::from(self.idle))
    }
}
