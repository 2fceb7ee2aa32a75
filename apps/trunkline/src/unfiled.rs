//! What a program serves without a file: its own protocols, each on a port of its own.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use trunkline_actors::socket::{BindError, Sockets};
use trunkline_config::{Format, Listener, Mistakes, Override, Protocols, Settings, Source};
use trunkline_observability::admin::{AdminSocket, Bind, BindError as AdminBindError};

use crate::server::Plan;
use crate::server::observing;
use crate::server::plans::listen_options;

/// The port of the first protocol.
const FIRST_PORT: u16 = 7000;

/// How many ports after the first are tried where ports are taken.
const OTHER_PORTS: u16 = 100;

/// Why there is nothing to serve.
pub(crate) enum Refusal {
    Settings(Mistakes),
    Bind(BindError),
}

impl From<Mistakes> for Refusal {
    fn from(mistakes: Mistakes) -> Self {
        Self::Settings(mistakes)
    }
}

impl From<BindError> for Refusal {
    fn from(error: BindError) -> Self {
        Self::Bind(error)
    }
}

/// A listener on 127.0.0.1 for each protocol, under what the command line says.
pub(crate) fn plan(protocols: &Protocols, flags: Vec<Override>) -> Result<Plan, Refusal> {
    let text: String = (FIRST_PORT..)
        .zip(protocols.names())
        .map(|(port, name)| {
            format!("[listener.{name}]\nbind = \"127.0.0.1:{port}\"\nprotocol = \"{name}\"\n")
        })
        .collect();
    let source = Source::new("the settings of a program without a file", Format::Toml, text);
    let settings = protocols.parse(&source, std::env::vars_os(), flags)?;
    let workers = Plan::workers(&settings);
    let mut plan = Plan::new(settings, None);
    let mut banner = String::new();
    for (name, listener) in &plan.settings.listeners {
        let sockets = first_free(listener, workers)?;
        banner.push_str(&format!(
            "{name} on {}{}\n",
            sockets.local_addr(),
            taken(listener, &sockets)
        ));
        plan.bound.insert(name.clone(), Arc::new(sockets));
    }
    banner.push_str("Ctrl-C stops it. `run -c FILE` serves a file, `--help` shows the rest.");
    plan.banner = Some(banner);
    Ok(plan)
}

fn taken(listener: &Listener, sockets: &Sockets) -> String {
    let (wanted, got): (SocketAddr, _) = (listener.bind, sockets.local_addr());
    if wanted.port() == got.port() || wanted.port() == 0 {
        return String::new();
    }
    format!(" (port {} is in use)", wanted.port())
}

/// The port of the listener, or the next free one: what has no file is to work at once. `run`
/// never does this.
pub(crate) fn first_free(listener: &Listener, workers: NonZeroUsize) -> Result<Sockets, BindError> {
    let mut address = listener.bind;
    let first = address.port();
    loop {
        match Sockets::bind(address, workers, listen_options(listener)) {
            Err(BindError::InUse { .. })
                if address.port() < u16::MAX && address.port() - first < OTHER_PORTS =>
            {
                address.set_port(address.port() + 1);
            }
            result => return result,
        }
    }
}

/// The same for the admin API; none where it is not wanted, or its place cannot be had for another
/// reason, which the start will tell.
pub(crate) fn first_free_admin(settings: &Settings) -> Option<AdminSocket> {
    let mut wanted = observing::bind(settings)?;
    for _ in 0..=OTHER_PORTS {
        match (AdminSocket::bind(&wanted), &mut wanted) {
            (Err(AdminBindError::Tcp { error, .. }), Bind::Tcp(address))
                if error.kind() == io::ErrorKind::AddrInUse =>
            {
                address.set_port(address.port().checked_add(1)?);
            }
            (bound, _) => return bound.ok(),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_port_is_the_one_that_the_architecture_names() {
        let row = format!("\n| first port without a file | {FIRST_PORT} |");
        assert!(include_str!("../../../ARCHITECTURE.md").contains(&row), "{row}");
    }
}
