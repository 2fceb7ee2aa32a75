//! The clients of redis against redis-lite, and redis-lite against redis-server.
//!
//! | File | What it shows |
//! |---|---|
//! | `benchmark` | redis-benchmark's whole suite, one request at a time and pipelined |
//! | `cli` | redis-cli: commands, publishing, crashes |
//! | `likeness` | the same requests have the same answers as of redis-server |
//! | `random_commands`, `answers` | what that asks, and how it reads answers |

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use trunkline_tests::port::ReservedPort;
use trunkline_tests::trunkline::{Trunkline, serving};

mod answers;
mod benchmark;
mod cli;
mod likeness;
mod random_commands;

/// A running redis-lite, with nothing in it.
struct RedisLite {
    _server: Trunkline,
    port: ReservedPort,
}

impl RedisLite {
    /// Starts it with two workers. Crashes are logged, and nothing of less weight.
    fn start() -> Result<Self> {
        let port = ReservedPort::new()?;
        let program = Path::new(env!("CARGO_BIN_EXE_redis-lite-under-test"));
        let file = serving(port.address(), "redis", 2, "error");
        let server = Trunkline::run(program, &file, &[port.address()])?;
        Ok(Self { _server: server, port })
    }

    fn address(&self) -> SocketAddr {
        self.port.address()
    }
}
