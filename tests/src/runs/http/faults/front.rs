//! A proxy in front of the origins: this server, or haproxy.

use std::net::SocketAddr;

use anyhow::Result;

use crate::peers::haproxy::balancer::balance;
use crate::peers::{OutsideServer, Program};
use crate::port::ReservedPort;
use crate::runs::Programs;
use crate::runs::http::mortal::{Mortal, backends};
use crate::runs::site::WORKERS;
use crate::trunkline::Trunkline;

use super::scenario::Scenario;

pub(super) enum Front {
    Ours { _server: Trunkline, port: ReservedPort },
    Theirs(OutsideServer),
}

impl Front {
    pub(super) fn start(
        programs: &Programs,
        haproxy: Option<&Program>,
        origins: &[Mortal],
        scenario: Scenario,
    ) -> Result<Self> {
        if let Some(haproxy) = haproxy {
            let servers: Vec<_> = origins.iter().map(Mortal::address).collect();
            return Ok(Self::Theirs(balance(haproxy, &servers, scenario.theirs())?));
        }
        let port = ReservedPort::new()?;
        let configuration = format!(
            "[server]\nworkers = {WORKERS}\n[log]\nlevel = \"error\"\n\
             [listener.main]\nbind = \"{}\"\nprotocol = \"http\"\n\
             routes = [{{ pool = \"main\" }}]\n[pool.main]\n{}{}",
            port.address(),
            backends(origins),
            scenario.ours()
        );
        let server = Trunkline::run(&programs.server, &configuration, &[port.address()])?;
        Ok(Self::Ours { _server: server, port })
    }

    pub(super) fn address(&self) -> SocketAddr {
        match self {
            Self::Ours { port, .. } => port.address(),
            Self::Theirs(server) => server.address(),
        }
    }
}
