//! The HTTP proxy between real clients and real origins.
//!
//! | File | What it shows |
//! |---|---|
//! | `curl` | every way in which curl asks, and what it is refused |
//! | `transfer` | large bodies both ways, with curl |
//! | `load` | wrk and h2load see no error |
//! | `clients` | Python's http.client and aiohttp as clients |
//! | `nginx_origin` | what nginx does with answers comes through |
//! | `python_origins` | http.server in both versions, and one that leaves without a word |
//! | `websocket` | the cases of Autobahn, driven by kosoku |
//! | `slow` | the run `slow-http`, made short |
//!
//! What is needed from PyPI is in `http/python/requirements.txt`; `.ci/python-for-peers` makes an
//! environment of it in the target folder, where these tests look.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use trunkline_tests::peers::{OutsideServer, Program, find, python, require};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::trunkline::Trunkline;

use super::{SOON, trunkline};

mod clients;
mod curl;
mod load;
mod nginx_origin;
mod python_origins;
mod slow;
mod transfer;
mod websocket;

/// The program in front of an origin, over HTTP.
struct Front {
    server: Trunkline,
    port: ReservedPort,
}

impl Front {
    /// Everything goes to `origin`.
    fn of(origin: SocketAddr) -> Result<Self> {
        Self::with(origin, "{ pool = \"main\" }", "")
    }

    /// What fits one of `routes` goes to `origin`; `limits` are those of the listener, as in the
    /// file.
    fn with(origin: SocketAddr, routes: &str, limits: &str) -> Result<Self> {
        let port = ReservedPort::new()?;
        let configuration = format!(
            "[server]\nworkers = 2\n\n\
             [listener.main]\nbind = \"{}\"\nprotocol = \"http\"\nroutes = [{routes}]\n\n\
             [listener.main.http]\n{limits}\n\n\
             [pool.main]\nbackends = [\"{origin}\"]\n",
            port.address()
        );
        let server = Trunkline::run(trunkline(), &configuration, &[port.address()])?;
        Ok(Self { server, port })
    }

    fn address(&self) -> SocketAddr {
        self.port.address()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Whatever the clients have seen, no actor may have crashed.
    fn ends_well(mut self) -> Result<()> {
        let log = self.server.process().stderr().last(usize::MAX);
        let crash = log.iter().find(|line| line.contains("panicked") || line.contains("crashed"));
        ensure!(crash.is_none(), "{crash:?}");
        Ok(())
    }
}

/// How a client ended, and what it said.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs a client to its end.
fn listen_to(command: Command) -> Result<Said> {
    let mut client = Process::spawn(command)?;
    let code = client.wait(SOON)?.code();
    // Waits until both streams have been read to their ends.
    let _shown = client.last_lines();
    let stdout = client.stdout().last(usize::MAX).join("\n");
    Ok(Said { code, stdout, stderr: client.stderr().last(usize::MAX).join("\n") })
}

/// Runs a client that has to succeed; all it wrote to stdout.
pub(super) fn run(command: Command) -> Result<String> {
    let said = listen_to(command)?;
    ensure!(said.code == Some(0), "{:?}\n{}\n{}", said.code, said.stdout, said.stderr);
    Ok(said.stdout)
}

/// The environment that `.ci/python-for-peers` makes.
fn environment() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-for-peers/bin")
}

/// A program of that environment: skipped or required as any other.
pub(super) fn require_of_python(name: &str) -> Result<Option<Program>> {
    let path = environment().join(name);
    let path = path.to_string_lossy();
    if find(&path).is_none() {
        eprintln!("{path} is made by .ci/python-for-peers");
    }
    // An absolute name is found where it is.
    require(&path)
}

pub(super) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/http/python").join(name)
}

/// The origin that tells what came and streams what it is asked for.
fn aiohttp_origin(python: &Program) -> Result<OutsideServer> {
    python::start(python, &script("aiohttp_origin.py"), [""; 0])
}

/// Bytes in which a piece that is missing or moved shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..length.div_ceil(4) as u32).flat_map(u32::to_be_bytes).take(length).collect()
}
