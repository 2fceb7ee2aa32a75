//! Who is made to panic.

use anyhow::{Context, Result, ensure};

use std::net::SocketAddr;

use crate::control::Node;
use crate::runs::site::{ROOT, WORKERS, is_connection, is_protocol};

/// All actors of one kind, by path.
#[derive(Clone, Debug)]
pub(in crate::runs) struct Kind {
    pub(in crate::runs) name: &'static str,
    pub(in crate::runs) paths: Vec<String>,
}

/// The kinds of actors and of supervisors below `traffic`.
#[derive(Debug)]
pub(in crate::runs) struct Targets {
    /// Those that come back.
    pub(in crate::runs) lasting: Vec<Kind>,
    /// Connections, each of which can crash once.
    pub(in crate::runs) connections: Vec<String>,
}

impl Targets {
    /// The actors of the half "main", those that both halves share, and all protocols and
    /// connections of `main` in `tree`.
    pub(in crate::runs) fn of(tree: &[Node], backends: &[SocketAddr]) -> Result<Self> {
        let paths = || tree.iter().map(|node| &node.path);
        let protocols: Vec<_> = paths().filter(|path| is_protocol(path)).cloned().collect();
        protocols.first().context("the tree has no protocol")?;
        let mut lasting = vec![Kind { name: "protocol", paths: protocols }];
        lasting.extend(traffic(tree, backends)?);
        let listener = format!("{ROOT}/traffic/listeners/main");
        let ours = |path: &&String| is_connection(path) && path.starts_with(&listener);
        let connections: Vec<_> = paths().filter(ours).cloned().collect();
        connections.first().context("the tree has no connection")?;
        Ok(Self { lasting, connections })
    }
}

/// The lasting actors of the half "main" and those that both halves share, all in `tree`.
pub(in crate::runs) fn traffic(tree: &[Node], backends: &[SocketAddr]) -> Result<Vec<Kind>> {
    let traffic = format!("{ROOT}/traffic");
    let listener = format!("{traffic}/listeners/main");
    let pool = format!("{traffic}/pools/main");
    let workers = |of: String| (0..WORKERS).map(move |worker| format!("{of}/w{worker}"));
    let backend: Vec<_> = backends.iter().map(|address| format!("{pool}/{address}")).collect();
    let kind = |name, paths| Kind { name, paths };
    let one = |name, path: String| kind(name, vec![path]);
    let lasting = vec![
        kind("acceptor", workers(format!("{listener}/acceptors")).collect()),
        one("listener", format!("{listener}/listener")),
        kind("router", workers(format!("{traffic}/routers")).collect()),
        kind("backend", backend.iter().map(|path| format!("{path}/backend")).collect()),
        one("pool", format!("{pool}/pool")),
        one("supervisor traffic", traffic.clone()),
        one("supervisor pools", format!("{traffic}/pools")),
        one("supervisor pool", pool),
        kind("supervisor backend", backend),
        one("supervisor routers", format!("{traffic}/routers")),
        one("supervisor listeners", format!("{traffic}/listeners")),
        one("supervisor listener", listener.clone()),
        one("supervisor connections", format!("{listener}/connections")),
        kind(
            "supervisor connections of a worker",
            workers(format!("{listener}/connections")).collect(),
        ),
        one("supervisor acceptors", format!("{listener}/acceptors")),
    ];
    ensure_all(tree, &lasting)?;
    Ok(lasting)
}

/// Those that keep connections to backends.
pub(in crate::runs) fn upstreams(tree: &[Node]) -> Result<Vec<Kind>> {
    let upstreams = format!("{ROOT}/traffic/upstreams");
    let paths = (0..WORKERS).map(|worker| format!("{upstreams}/w{worker}")).collect();
    let lasting = vec![
        Kind { name: "upstreams", paths },
        Kind { name: "supervisor upstreams", paths: vec![upstreams] },
    ];
    ensure_all(tree, &lasting)?;
    Ok(lasting)
}

fn ensure_all(tree: &[Node], kinds: &[Kind]) -> Result<()> {
    for path in kinds.iter().flat_map(|kind| &kind.paths) {
        let found = tree.iter().any(|node| node.path == *path);
        ensure!(found, "the tree has no {path}");
    }
    Ok(())
}
