//! Settings to the plans that the tree is built from.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use trunkline_actors::blocking::Blocking;
use trunkline_actors::directory::Directory;
use trunkline_actors::discovery::{Origin, Pace, SourcePlan};
use trunkline_actors::handler::{Echoing, Forwarding, Handler, Http, Upstreams};
use trunkline_actors::pool::Weight;
use trunkline_actors::protocol::Means;
use trunkline_actors::socket::{ListenOptions, Sockets, TcpOptions};
use trunkline_actors::tree::listener::ListenerPlan;
use trunkline_actors::tree::pool::{PoolPlan, SourceFile};
use trunkline_actors::tree::resolver::{Resolver, ResolverSettings};
use trunkline_actors::tree::router::Router;
use trunkline_config::{Backend, BackendAddress, Dns, Listener, Pool, Protocol};
use trunkline_observability::access::AccessLog;
use trunkline_runtime::Address;

use super::Places;
use super::pools;
use super::site::site;
use crate::brought::Configured;

pub(crate) fn listen_options(listener: &Listener) -> ListenOptions {
    ListenOptions { backlog: listener.backlog.get(), tcp: tcp_options(listener) }
}

fn tcp_options(listener: &Listener) -> TcpOptions {
    TcpOptions { keepalive: listener.keepalive, user_timeout: listener.user_timeout }
}

/// What handlers may need of the server around them.
pub(super) struct Around<'a> {
    pub(super) configured: &'a Configured,
    pub(super) directory: &'a Arc<Directory>,
    pub(super) routers: &'a Arc<[Address<Router>]>,
    pub(super) blocking: &'a Arc<Blocking>,
    pub(super) access: &'a AccessLog,
}

impl Around<'_> {
    /// What serves a listener; `None` for a protocol that this program does not bring, which was
    /// checked before.
    pub(super) fn handler(&self, name: &str, listener: &Listener) -> Option<Arc<dyn Handler>> {
        match &listener.protocol {
            Protocol::Forward { pool } => Some(Arc::new(Forwarding {
                pool: pool.as_str().into(),
                upstreams: self.upstreams(listener),
            })),
            Protocol::Http(http) => {
                let site = site(http, self.upstreams(listener), self.access.clone())?;
                Some(Arc::new(Http::new(site)))
            }
            Protocol::Echo => Some(Arc::new(Echoing { idle: listener.idle })),
            Protocol::Registered { name: protocol, .. } => {
                let upstreams = Some(self.upstreams(listener));
                let means = Arc::new(Means { upstreams, blocking: Arc::clone(self.blocking) });
                Some(self.configured.get(name)?.handler(protocol, listener.idle, means))
            }
        }
    }

    fn upstreams(&self, listener: &Listener) -> Upstreams {
        Upstreams {
            directory: Arc::clone(self.directory),
            routers: Arc::clone(self.routers),
            idle: listener.idle,
            tcp: tcp_options(listener),
        }
    }
}

pub(super) fn listener_plan(
    name: &str,
    listener: &Listener,
    sockets: Arc<Sockets>,
    handler: Arc<dyn Handler>,
    places: &Places,
) -> ListenerPlan {
    ListenerPlan {
        name: name.into(),
        sockets,
        handler,
        limit: listener.connections.and_then(|limit| usize::try_from(limit.get()).ok()),
        process_places: Arc::clone(&places.process),
        drain: places.drain,
        // A line of each request tells more than one of their connection.
        log: !matches!(listener.protocol, Protocol::Http(_)),
    }
}

/// What a pool is built from.
///
/// # Errors
/// When the system has no random bytes for a key.
pub(super) fn pool_plan(
    name: &str,
    pool: &Pool,
    dns: &Dns,
    zone: Option<&Arc<str>>,
    resolver: &Address<Resolver>,
) -> io::Result<PoolPlan> {
    Ok(PoolPlan {
        name: name.into(),
        settings: pools::settings(name, pool)?,
        health: pools::health(pool),
        probe: pools::probe(pool),
        pace: Pace { shortest: dns.shortest, longest: pool.resolve },
        sources: sources(&pool.backends),
        file: pool.file.clone().map(source_file),
        zone: zone.cloned(),
        resolver: resolver.clone(),
    })
}

/// How names are asked for.
pub(super) fn resolver_settings(dns: &Dns) -> ResolverSettings {
    let Dns { servers, timeout, attempts, .. } = dns;
    ResolverSettings { servers: servers.clone(), timeout: *timeout, attempts: *attempts }
}

fn source_file(path: PathBuf) -> SourceFile {
    let from = path.clone();
    let load = move || match trunkline_config::load_backends(&from) {
        Ok(backends) => Ok(sources(&backends)),
        // A line of the log holds the first; `check` shows all.
        Err(mistakes) => Err(mistakes.iter().next().map(ToString::to_string).unwrap_or_default()),
    };
    SourceFile { path, load: Box::new(load) }
}

/// Where the backends of a pool come from.
pub(crate) fn sources(backends: &[Backend]) -> Vec<SourcePlan> {
    backends.iter().map(source).collect()
}

fn source(backend: &Backend) -> SourcePlan {
    let origin = match &backend.address {
        BackendAddress::Socket(address) => Origin::Address(*address),
        BackendAddress::Name { host, port } => {
            Origin::Host { name: host.as_str().into(), port: *port }
        }
        BackendAddress::Srv(name) => Origin::Srv { name: name.as_str().into() },
    };
    SourcePlan {
        origin,
        // The configuration has checked the range.
        weight: Weight::try_from(backend.weight.get()).unwrap_or(Weight::ONE),
        backup: backend.backup,
        priority: backend.priority,
        zone: backend.zone.as_deref().map(Arc::from),
    }
}
