//! The program as its users meet it: started with a file, flags or nothing, spoken to over
//! loopback, signalled, refused and crashed piece by piece.
//!
//! | File | What it shows |
//! |---|---|
//! | `admin` | the admin API |
//! | `demo` | what starts without a file |
//! | `check`, `proxy`, `refusals` | the command line, and starts that are refused |
//! | `forwarding` | one connection: bytes, ends, aborts, addresses, time-outs |
//! | `balancing` | many connections: order, failover, backups, return |
//! | `tiers` | priorities, zones, backups, and who has just come back |
//! | `queueing` | connections that wait for a place under the limits of their pool |
//! | `limits` | connections beyond a limit |
//! | `signals` | drain, lame duck, SIGHUP |
//! | `logging` | the lines on stderr |
//! | `terminal` | the commands for a running server |
//! | `crashes` | every actor of the tree, crashed by the build with fault injection |
//! | `suspending` | a listener that an operator suspends and restarts |
//! | `site`, `end` | a running program between the test's own two ends of a connection |

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

mod admin;
mod balancing;
mod check;
mod crashes;
mod demo;
mod end;
mod forwarding;
mod limits;
mod logging;
mod proxy;
mod queueing;
mod refusals;
mod signals;
mod site;
mod suspending;
mod terminal;
mod tiers;

/// Any port of 127.0.0.1.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(30);

/// The clients and backends, as a program.
fn peer() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_peer"))
}
