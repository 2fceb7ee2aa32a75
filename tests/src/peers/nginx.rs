//! nginx as an HTTP backend, and as a proxy.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::{OutsideServer, Program};
use crate::port::ReservedPort;

mod proxy;

pub use proxy::proxy;

/// Starts nginx, answering every request with 200 and `body`, over connections that stay.
///
/// It runs as the only process (`master_process off`), so that ending it leaves no worker behind:
/// right for a backend of tests, not for measuring nginx itself.
///
/// # Errors
/// When it does not start; the error shows what it said.
pub fn start(program: &Program, body: &str) -> Result<OutsideServer> {
    let port = ReservedPort::new()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("nginx.conf");
    fs::write(&file, configuration(&port, folder.path(), body))?;
    let mut command = program.command();
    command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
    // What it would log before it has read the file would go to a folder of the machine.
    command.args(["-e", "stderr"]);
    OutsideServer::start(command, port, folder)
}

fn configuration(port: &ReservedPort, folder: &Path, body: &str) -> String {
    let temporary = temporary_folders(folder);
    let folder = folder.display();
    let body = body.replace('\\', "\\\\").replace('"', "\\\"");
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\n\
         events {{ worker_connections 8192; }}\n\
         http {{\n    access_log off;\n    keepalive_requests 1000000000;\n{temporary}\
         \x20   server {{ listen {}; location / {{ return 200 \"{body}\"; }} }}\n}}\n",
        port.address()
    )
}

/// Keeps what is too large for memory in `folder`: its own choice is a folder of the machine.
fn temporary_folders(folder: &Path) -> String {
    let folder = folder.display();
    ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .concat()
}
