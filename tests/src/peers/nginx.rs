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
    let body = body.replace('\\', "\\\\").replace('"', "\\\"");
    start_site(program, &[], &format!("location / {{ return 200 \"{body}\"; }}"))
}

/// Starts nginx, serving `files`, each a name and what is in it, as text; `settings` go into its
/// server block. Otherwise as [`start`].
///
/// # Errors
/// When it does not start; the error shows what it said.
pub fn start_site(
    program: &Program,
    files: &[(&str, &[u8])],
    settings: &str,
) -> Result<OutsideServer> {
    let port = ReservedPort::new()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("nginx.conf");
    fs::write(&file, configuration(&port, folder.path(), settings))?;
    let site = folder.path().join("site");
    fs::create_dir(&site)?;
    for (name, content) in files {
        fs::write(site.join(name), content)?;
    }
    let mut command = program.command();
    command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
    // What it would log before it has read the file would go to a folder of the machine.
    command.args(["-e", "stderr"]);
    OutsideServer::start(command, port, folder)
}

fn configuration(port: &ReservedPort, folder: &Path, settings: &str) -> String {
    let temporary = temporary_folders(folder);
    let folder = folder.display();
    format!(
        "daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\n\
         events {{ worker_connections 8192; }}\n\
         http {{\n    access_log off;\n    keepalive_requests 1000000000;\n{temporary}\
         \x20   default_type text/plain;\n    root {folder}/site;\n\
         \x20   server {{ listen {}; {settings} }}\n}}\n",
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
