//! The admin API, asked at random by its own document.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::trunkline::Trunkline;

use super::http::require_of_python;
use super::{ANY, SOON, peer, trunkline};

/// Starts the program with the admin API in front of a backend that serves.
fn start(admin: SocketAddr, main: SocketAddr, backend: &Backend) -> Result<Trunkline> {
    let configuration = format!(
        "[server]\nworkers = 2\nadmin = \"{admin}\"\n\n\
         [listener.main]\nbind = \"{main}\"\npool = \"main\"\n\n\
         [pool.main]\nbackends = [\"{}\"]\nprobe.enabled = false\n",
        backend.address()
    );
    Trunkline::run(trunkline(), &configuration, &[main, admin])
}

/// All checks of schemathesis: no server error, no status or field that the document does not have,
/// nothing mistaken accepted and nothing right refused. The stream of events is left out: it does
/// not end.
#[test]
fn schemathesis_finds_the_admin_api_to_be_as_its_document_says() -> Result<()> {
    let Some(schemathesis) = require_of_python("schemathesis")? else { return Ok(()) };
    let backend = Backend::start(peer(), &BackendPlan::new(ANY, Mode::Echo))?;
    let (admin, main) = (ReservedPort::new()?, ReservedPort::new()?);
    let mut server = start(admin.address(), main.address(), &backend)?;
    let folder = tempfile::tempdir()?;
    let mut command: Command = schemathesis.command();
    command.arg("run").arg(format!("http://{}/openapi.json", admin.address()));
    command.args(["--checks", "all", "--exclude-path", "/events", "--max-examples", "30"]);
    command.args(["--header", "X-Trunkline: 1", "--seed", "1", "--no-color"]);
    command.args(["--request-timeout", "5", "--suppress-health-check", "all"]);
    // Where it keeps what it has found.
    command.current_dir(folder.path());
    let mut client = Process::spawn(command)?;
    let code = client.wait(SOON).context("schemathesis")?.code();
    let _shown = client.last_lines();
    let said = client.stdout().last(usize::MAX).join("\n");
    ensure!(code == Some(0), "{code:?}\n{said}");
    let log = server.process().stderr().last(usize::MAX);
    let crash = log.iter().find(|line| line.contains("panicked"));
    ensure!(crash.is_none(), "{crash:?}");
    Ok(())
}
