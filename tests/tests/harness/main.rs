//! The harness proves itself: what it reports of a plain connection and of a killed backend is what
//! happened.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

mod backends;
mod bench;
mod clients;
mod ledgers;
mod lines;
mod processes;
mod servers;

/// Any port of 127.0.0.1.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(20);

/// The clients and backends, as a program.
fn peer() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_peer"))
}
