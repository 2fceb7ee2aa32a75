//! Tests with outside programs (*peers*): each is skipped, loudly, where its program is missing,
//! and fails there if `TRUNKLINE_REQUIRE_PEERS=1`.
//!
//! | File | What it shows |
//! |---|---|
//! | `programs` | the outside programs start and do what the tests want of them |
//! | `traffic` | redis-benchmark, wrk and curl through the program |
//! | `http` | real clients, origins, WebSocket and slow attacks through the HTTP proxy |
//! | `admin` | schemathesis finds the admin API to be as its document says |
//! | `prometheus` | promtool and Prometheus read the metrics; the dashboard shows all of them |
//! | `oteltap` | a collector that is not ours gets the traces, and who may begin them |
//! | `redis_lite` | redis-benchmark and redis-cli against redis-lite, and it against redis-server |
//! | `kernel_faults` | errors of accept, injected by strace |

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

mod admin;
mod http;
mod kernel_faults;
mod oteltap;
mod programs;
mod prometheus;
mod redis_lite;
mod traffic;

/// Any port of 127.0.0.1.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(60);
/// The clients and backends, as a program.
fn peer() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_peer"))
}

/// The program under test.
fn trunkline() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_trunkline-under-test"))
}
