//! The short forms of the runs over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::runs::http::bodies::{self, BodyPlan};
use trunkline_tests::runs::http::crashes::{self, HttpCrashPlan};
use trunkline_tests::runs::http::keepalive::{self, KeepalivePlan};
use trunkline_tests::web::access::AccessLine;

use trunkline_tests::runs::site::{TREE, is_connection};
use trunkline_tests::trunkline::Trunkline;

use crate::{judge, programs};

const SOON: Duration = Duration::from_secs(10);

#[test]
fn panics_of_every_kind_of_actor_cost_only_the_requests_of_connections_that_panicked() -> Result<()>
{
    let plan = HttpCrashPlan { seconds: 4, clients: 8, panics_of_each: 4 };
    judge(&crashes::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn bodies_of_any_length_and_slow_clients_cost_little_memory() -> Result<()> {
    let mib = 1024 * 1024;
    let plan = BodyPlan { bytes: 32 * mib, bytes_of_each: 8 * mib, readers: 20, seconds: 2 };
    judge(&bodies::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn clients_that_ask_for_nothing_are_closed_at_once_when_the_server_stops() -> Result<()> {
    let plan = KeepalivePlan { connections: 200, timed: false };
    judge(&keepalive::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn a_request_whose_actor_crashes_before_it_was_read_is_answered_and_has_its_line() -> Result<()> {
    let port = ReservedPort::new()?;
    let configuration = format!(
        "[log]\nformat = \"json\"\n[listener.main]\nbind = \"{}\"\nprotocol = \"http\"\n\
         routes = [{{ answer = {{ body = \"ok\" }} }}]\n",
        port.address()
    );
    let listeners = [port.address()];
    let (mut server, control) =
        Trunkline::run_with_faults(&programs().faults, &configuration, &listeners)?;
    let mut client = TcpStream::connect(port.address())?;
    client.set_read_timeout(Some(SOON))?;
    let path = || {
        let connection = control.tree(TREE)?.into_iter().find(|node| is_connection(&node.path));
        Ok(connection.map(|node| node.path))
    };
    server.process().wait_until("served", SOON, |_| path().map(|path| path.is_some()))?;
    let path = path()?.context("no connection")?;
    // Not to its end, so that it is not begun, whether it is read before the crash or not.
    client.write_all(b"GET /7/1/1/0/length HTTP/1.1\r\nHost: a\r\n")?;
    control.panic(&path)?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    let line = server.process().wait_for_line("request done", SOON)?;
    let line = AccessLine::read(&line).context("not the line of a request")?;
    assert_eq!((line.seed(), line.status, &*line.code), (Some(7), Some(503), "crashed"));
    let below = path.trim_start_matches("server/traffic/");
    assert_eq!(line.detail, format!("crashed: {below}"));
    Ok(())
}
