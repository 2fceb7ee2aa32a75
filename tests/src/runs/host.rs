//! A server of authors' protocols, with faults on command.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde_json::Value;

use crate::control::{Control, Node};
use crate::port::ReservedPort;
use crate::trunkline::Trunkline;

use super::programs::Programs;
use super::site::{ROOT, TREE, WORKERS};

/// How long the server may take to end.
const END: Duration = Duration::from_secs(20);

/// A running `protocols-under-test`.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) server: Trunkline,
    pub(super) control: Control,
    ports: Vec<ReservedPort>,
}

/// A listener of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Served<'a> {
    pub(super) name: &'a str,
    pub(super) protocol: &'a str,
    /// As in the file.
    pub(super) settings: &'a str,
}

impl Host {
    /// Serves `protocol` on a listener called "main", with `settings` as in the file, and logs
    /// `level` and above.
    pub(super) fn start(
        programs: &Programs,
        protocol: &str,
        settings: &str,
        level: &str,
    ) -> Result<Self> {
        Self::start_all(programs, &[Served { name: "main", protocol, settings }], level, &[])
    }

    /// Serves all of `served`; `environment` is added to the server's own.
    pub(super) fn start_all(
        programs: &Programs,
        served: &[Served<'_>],
        level: &str,
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        let mut configuration =
            format!("[server]\nworkers = {WORKERS}\n[log]\nlevel = \"{level}\"\n");
        let mut ports = Vec::with_capacity(served.len());
        for Served { name, protocol, settings } in served {
            let port = ReservedPort::new()?;
            configuration.push_str(&format!(
                "[listener.{name}]\nbind = \"{}\"\nprotocol = \"{protocol}\"\n{settings}\n",
                port.address()
            ));
            ports.push(port);
        }
        let listeners: Vec<_> = ports.iter().map(ReservedPort::address).collect();
        let (server, control) = Trunkline::run_with_faults_in(
            &programs.protocols,
            &configuration,
            &listeners,
            environment,
        )?;
        Ok(Self { server, control, ports })
    }

    /// Where clients of its only listener connect to.
    pub(super) fn address(&self) -> SocketAddr {
        self.address_of(0)
    }

    /// Where clients of the listener of this number connect to.
    pub(super) fn address_of(&self, listener: usize) -> SocketAddr {
        self.ports[listener].address()
    }

    /// The process.
    pub(super) fn id(&mut self) -> u32 {
        self.server.process().id()
    }

    /// The tree as it is now.
    pub(super) fn tree(&self) -> Result<Vec<Node>> {
        self.control.tree(TREE)
    }

    /// What the listener tells of itself in the tree.
    pub(super) fn detail(&self) -> Result<Value> {
        let path = format!("{ROOT}/traffic/listeners/main/listener");
        let tree = self.tree()?;
        let listener = tree.into_iter().find(|node| node.path == path);
        listener.and_then(|it| it.detail).with_context(|| format!("{path} tells nothing"))
    }

    /// Lines of the log so far that hold all of `words`.
    pub(super) fn log_lines(&mut self, words: &[&str]) -> Vec<String> {
        let mut lines = self.server.process().stderr().last(usize::MAX);
        lines.retain(|line| words.iter().all(|word| line.contains(word)));
        lines
    }

    /// Waits until so many lines of the log hold all of `words`; the number seen at last.
    pub(super) fn wait_for_lines(
        &mut self,
        words: &[&str],
        count: usize,
        patience: Duration,
    ) -> Result<usize> {
        let log = self.server.process().stderr().clone();
        let mut seen = 0;
        // Where they do not come, the report tells how many are there.
        let _late = self.server.process().wait_until("lines in the log", patience, |_| {
            let lines = log.last(usize::MAX);
            seen = lines.iter().filter(|line| words.iter().all(|it| line.contains(it))).count();
            Ok(seen >= count)
        });
        Ok(seen)
    }

    /// Stops it in order; its exit code.
    pub(super) fn stop(mut self) -> Result<Option<i32>> {
        self.server.process().signal(Signal::TERM)?;
        Ok(self.server.process().wait(END)?.code())
    }
}
