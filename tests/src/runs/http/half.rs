//! A listener of HTTP, and the origins of the pool of the same name.

use std::net::SocketAddr;

use anyhow::Result;

use crate::port::ReservedPort;
use crate::runs::site::WORKERS;
use crate::web::origin::Origin;

pub(super) struct Half {
    name: &'static str,
    port: ReservedPort,
    pub(super) origins: Vec<Origin>,
}

impl Half {
    pub(super) fn start(name: &'static str, origins: usize) -> Result<Self> {
        let origins = (0..origins).map(|_| Origin::start()).collect::<Result<_>>()?;
        Ok(Self { name, port: ReservedPort::new()?, origins })
    }

    /// Where its clients connect to.
    pub(super) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    pub(super) fn origins(&self) -> Vec<SocketAddr> {
        self.origins.iter().map(Origin::address).collect()
    }

    /// How often its origins have seen requests of which number, and what else they have seen.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.origins.iter().flat_map(Origin::wrong).collect()
    }

    fn tables(&self) -> String {
        let Self { name, .. } = self;
        let origins: Vec<_> = self.origins().iter().map(|it| format!("\"{it}\"")).collect();
        // Short, so that what is kept is gone again when descriptors are counted.
        format!(
            "[listener.{name}]\nbind = \"{}\"\nprotocol = \"http\"\n\
             routes = [{{ pool = \"{name}\" }}]\n\
             [pool.{name}]\nbackends = [{}]\nidle_timeout = \"1s\"\n",
            self.address(),
            origins.join(", ")
        )
    }
}

/// The file of a server with `halves`, which drains for `drain_seconds` and writes JSON.
pub(super) fn configuration(halves: &[&Half], drain_seconds: u32) -> String {
    let tables: String = halves.iter().map(|half| half.tables()).collect();
    format!(
        "[server]\nworkers = {WORKERS}\ndrain = \"{drain_seconds}s\"\n\
         [log]\nlevel = \"info\"\nformat = \"json\"\n{tables}"
    )
}
