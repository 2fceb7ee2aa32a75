//! haproxy in front of several origins, some of which fail.

use std::fmt::Write;
use std::net::SocketAddr;

use anyhow::Result;

use super::run;
use crate::peers::{OutsideServer, Program};
use crate::proxied::WORKERS;

/// What it is told, in milliseconds where it is a time.
#[derive(Clone, Copy, Debug)]
pub struct Balancing<'a> {
    /// The path that health checks ask for.
    pub check: &'a str,
    /// From one to the next.
    pub inter: u32,
    /// How long one may take.
    pub timeout_check: u32,
    /// Checks in a row that take a server in, and out.
    pub rise_and_fall: (u32, u32),
    /// Bad answers in a row that take it out.
    pub error_limit: u32,
    /// Tries after the first.
    pub retries: u32,
    /// How long connecting may take.
    pub connect: u32,
    /// How long a server may be silent, if another is then tried.
    pub per_try: Option<u32>,
    /// Requests that a server serves at once, and how long others wait.
    pub maxconn: Option<(u32, u32)>,
    /// Whether connections to servers are kept.
    pub keeps: bool,
}

/// Starts haproxy with these settings. Every further try goes to another server at once (`option
/// redispatch 1`), which is the best it can do; by its default only the last one does.
///
/// # Errors
/// When it does not start; the error shows what it said.
pub fn balance(
    program: &Program,
    servers: &[SocketAddr],
    settings: Balancing<'_>,
) -> Result<OutsideServer> {
    run(program, |listen| configuration(listen, servers, settings))
}

fn configuration(
    listen: SocketAddr,
    servers: &[SocketAddr],
    settings: Balancing<'_>,
) -> Result<String> {
    let Balancing { check, inter, timeout_check, rise_and_fall, error_limit, .. } = settings;
    let Balancing { retries, connect, per_try, maxconn, keeps, .. } = settings;
    let (rise, fall) = rise_and_fall;
    let too_late = if per_try.is_some() { " response-timeout" } else { "" };
    let server = per_try.map_or_else(|| "60s".to_owned(), |millis| format!("{millis}ms"));
    let (most, queue) = maxconn.unzip();
    let queue = queue.unwrap_or(5_000);
    let close = if keeps { "" } else { "    option http-server-close\n    http-reuse never\n" };
    let mut text = format!(
        "global\n    nbthread {WORKERS}\n    maxconn 4096\n\n\
         listen main\n    bind {listen}\n    mode http\n    balance roundrobin\n    \
         timeout client 60s\n    timeout http-request 10s\n    timeout connect {connect}ms\n    \
         timeout server {server}\n    timeout queue {queue}ms\n    \
         timeout check {timeout_check}ms\n{close}    retries {retries}\n    \
         option redispatch 1\n    retry-on conn-failure empty-response{too_late}\n    \
         option httpchk\n    http-check send meth GET uri {check} ver HTTP/1.1 hdr Host origin\n"
    );
    let most = most.map(|most| format!(" maxconn {most}")).unwrap_or_default();
    for (number, address) in servers.iter().enumerate() {
        writeln!(
            text,
            "    server s{number} {address} check inter {inter}ms rise {rise} fall {fall} \
             observe layer7 error-limit {error_limit} on-error mark-down{most}"
        )?;
    }
    Ok(text)
}
