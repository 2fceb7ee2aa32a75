//! nginx as a proxy, with a master and workers as it is run in earnest.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::temporary_folders;
use crate::peers::{OutsideServer, Program};
use crate::port::ReservedPort;
use crate::proxied::{
    BACKLOG, BODY, CONNECT, CONNECTIONS, FIRST_BYTE, HEAD, IDLE, IDLE_UPSTREAM, IDLE_UPSTREAM_TIME,
    KEEP_ALIVE, Layer, REQUESTS, RISE_AND_FALL, TCP_KEEPALIVE, WORKERS,
};

/// Descriptors that a worker needs beside its connections.
const SPARE_DESCRIPTORS: u32 = 512;

/// Starts nginx with the settings of [`crate::proxied`], in front of `backend`.
///
/// # Errors
/// When it does not start, or has no module for L4; the error shows what it said.
pub fn proxy(program: &Program, layer: Layer, backend: SocketAddr) -> Result<OutsideServer> {
    let module = match layer {
        Layer::L4 => stream_module(program)?,
        Layer::Http => None,
    };
    let port = ReservedPort::new()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("nginx.conf");
    let load = module.map(|path| format!("load_module {};\n", path.display())).unwrap_or_default();
    let text = configuration(layer, port.address(), backend, folder.path());
    fs::write(&file, load + &text)?;
    let mut command = program.command();
    command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
    // What it would log before it has read the file would go to a folder of the machine.
    command.args(["-e", "stderr"]);
    OutsideServer::start(command, port, folder)
}

/// The file of the module for L4, or `None` where it is built in.
fn stream_module(program: &Program) -> Result<Option<PathBuf>> {
    let output = program.command().arg("-V").output().context("nginx -V")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let Some(path) = stream_module_of(&said) else { return Ok(None) };
    let there = path.is_file();
    ensure!(there, "{} is missing: apt-get install libnginx-mod-stream", path.display());
    Ok(Some(path))
}

/// Where what `nginx -V` says has the module for L4, unless it is built in.
fn stream_module_of(said: &str) -> Option<PathBuf> {
    let mut words = said.split_whitespace();
    if words.clone().any(|word| word == "--with-stream") {
        return None;
    }
    let folder = words.find_map(|word| word.strip_prefix("--modules-path="));
    Some(Path::new(folder.unwrap_or("modules")).join("ngx_stream_module.so"))
}

/// `reuseport`: a listening socket for each worker, as its page on `listen` and nginx.com's tuning
/// guide advise and as Trunkline has it. A worker has room for all connections, with both their
/// sides, since the kernel need not spread them evenly. The log is buffered, as that guide advises.
fn configuration(layer: Layer, listen: SocketAddr, backend: SocketAddr, folder: &Path) -> String {
    let descriptors = 2 * CONNECTIONS + SPARE_DESCRIPTORS;
    let layer = match layer {
        Layer::L4 => stream(listen, backend, folder),
        Layer::Http => http(listen, backend, folder),
    };
    let folder = folder.display();
    format!(
        "user root;\ndaemon off;\nworker_processes {WORKERS};\n\
         worker_rlimit_nofile {descriptors};\npid {folder}/pid;\nerror_log stderr;\n\
         events {{ worker_connections {descriptors}; }}\n{layer}"
    )
}

fn listening(listen: SocketAddr) -> String {
    format!("listen {listen} reuseport backlog={BACKLOG} so_keepalive={TCP_KEEPALIVE}s::;")
}

fn server(backend: SocketAddr) -> String {
    format!("server {backend} max_fails={} fail_timeout=1s;", RISE_AND_FALL.1)
}

/// The log's format is that of its own page on the module's log.
fn stream(listen: SocketAddr, backend: SocketAddr, folder: &Path) -> String {
    let (listening, server, folder) = (listening(listen), server(backend), folder.display());
    format!(
        "stream {{\n    log_format basic '$remote_addr [$time_local] $protocol $status \
         $bytes_sent $bytes_received $session_time \"$upstream_addr\"';\n    \
         access_log {folder}/access.log basic buffer=64k flush=1s;\n    \
         proxy_connect_timeout {CONNECT}s;\n    proxy_timeout {IDLE}s;\n    \
         proxy_socket_keepalive on;\n    upstream main {{ {server} }}\n    \
         server {{ {listening} proxy_pass main; }}\n}}\n"
    )
}

/// Connections to the backend are kept as its page on `keepalive` has it, which needs HTTP/1.1 and
/// an empty `Connection`. Nothing is written to disk, as the others never do.
fn http(listen: SocketAddr, backend: SocketAddr, folder: &Path) -> String {
    let (listening, server) = (listening(listen), server(backend));
    let temporary = temporary_folders(folder);
    let folder = folder.display();
    format!(
        "http {{\n{temporary}    access_log {folder}/access.log combined buffer=64k flush=1s;\n    \
         keepalive_requests {REQUESTS};\n    keepalive_timeout {KEEP_ALIVE}s;\n    \
         client_header_timeout {HEAD}s;\n    client_body_timeout {BODY}s;\n    \
         send_timeout {BODY}s;\n    proxy_connect_timeout {CONNECT}s;\n    \
         proxy_send_timeout {BODY}s;\n    proxy_read_timeout {FIRST_BYTE}s;\n    \
         proxy_socket_keepalive on;\n    proxy_max_temp_file_size 0;\n    \
         proxy_http_version 1.1;\n    proxy_set_header Connection \"\";\n    \
         proxy_set_header Host $http_host;\n    \
         proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n    \
         proxy_set_header X-Forwarded-Proto $scheme;\n    \
         upstream main {{ {server} keepalive {IDLE_UPSTREAM}; keepalive_requests {REQUESTS}; \
         keepalive_timeout {IDLE_UPSTREAM_TIME}s; }}\n    \
         server {{ {listening} location / {{ proxy_pass http://main; }} }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_for_l4_that_is_built_in_needs_no_file() {
        assert_eq!(stream_module_of("arguments: --modules-path=/m --with-stream --x"), None);
    }

    #[test]
    fn a_module_for_l4_of_its_own_is_in_the_folder_of_modules() {
        let said = "configure arguments: --modules-path=/a/b --with-stream=dynamic";
        assert_eq!(stream_module_of(said), Some("/a/b/ngx_stream_module.so".into()));
    }
}
