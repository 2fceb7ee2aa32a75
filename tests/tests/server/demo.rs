//! What starts without a file.

use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, Result};
use rustix::process::Signal;
use trunkline_tests::process::Process;

use super::end::End;
use super::site::trunkline;
use super::{ANY, SOON};

const RESPONDERS: [&str; 3] = ["one", "two", "three"];

/// Starts the demo on `bind`: the process and what the banner says.
fn demo(bind: SocketAddr) -> Result<(Process, SocketAddr)> {
    let mut command = trunkline();
    command.env("TRUNKLINE__LISTENER__WEB__BIND", bind.to_string());
    let process = Process::spawn(command)?;
    let banner = process.wait_for_line("is balanced over three responders", SOON)?;
    let address = banner
        .split_once("http://")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .with_context(|| format!("no address in {banner:?}"))?
        .parse()?;
    Ok((process, address))
}

/// One GET, as curl makes it: the status and the body.
fn get(address: SocketAddr, path: &str) -> Result<(String, String)> {
    let mut client = End::connect(address)?;
    client.send(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"))?;
    let answer = String::from_utf8(client.rest()?)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no head")?;
    let status = head.lines().next().unwrap_or_default();
    Ok((status.to_owned(), body.to_owned()))
}

/// Which responder answers.
fn responder(address: SocketAddr) -> Result<usize> {
    let (status, body) = get(address, "/")?;
    assert_eq!(status, "HTTP/1.1 200 OK");
    let named = RESPONDERS.iter().position(|name| body.starts_with(&format!("responder {name}: ")));
    named.with_context(|| format!("no responder in {body:?}"))
}

fn nine_in_turn(address: SocketAddr) -> Result<()> {
    let first = responder(address)?;
    for turn in 1..9 {
        assert_eq!(responder(address)?, (first + turn) % 3, "turn {turn}");
    }
    Ok(())
}

#[test]
fn all_three_answer_in_turn_before_and_after_a_crash() -> Result<()> {
    let (mut process, address) = demo(ANY)?;
    nine_in_turn(address)?;
    let (status, body) = get(address, "/crash")?;
    assert_eq!(status, "HTTP/1.1 500 Internal Server Error");
    assert!(body.contains("panicked over this request"), "{body}");
    nine_in_turn(address)?;
    process.signal(Signal::INT)?;
    assert_eq!(process.wait(SOON)?.code(), Some(0));
    Ok(())
}

#[test]
fn every_crash_is_answered_and_survived() -> Result<()> {
    let (_process, address) = demo(ANY)?;
    for _ in 0..6 {
        let (status, _) = get(address, "/crash")?;
        assert_eq!(status, "HTTP/1.1 500 Internal Server Error");
    }
    nine_in_turn(address)
}

/// One GET over a connection that stays: the status and the one line of the body.
fn ask(client: &mut End, path: &str) -> Result<(String, String)> {
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"))?;
    let status = client.line()?.trim_end().to_owned();
    while !client.line()?.trim_end().is_empty() {}
    Ok((status, client.line()?.trim_end().to_owned()))
}

#[test]
fn requests_on_one_connection_are_balanced_one_by_one() -> Result<()> {
    let (_process, address) = demo(ANY)?;
    let mut client = End::connect(address)?;
    for request in 0..6 {
        let (_, answer) = ask(&mut client, "/")?;
        let (name, number) = (RESPONDERS[request % 3], request / 3 + 1);
        assert!(
            answer.starts_with(&format!("responder {name}: request {number} since")),
            "{answer}"
        );
    }
    Ok(())
}

#[test]
fn one_route_fails_half_the_time_and_one_is_answered_by_itself() -> Result<()> {
    let (_process, address) = demo(ANY)?;
    let mut client = End::connect(address)?;
    let mut failed = 0;
    for _ in 0..10 {
        let (status, answer) = ask(&mut client, "/flaky")?;
        assert!(answer.starts_with("responder flaky: "), "{answer}");
        failed += usize::from(status == "HTTP/1.1 500 Internal Server Error");
    }
    assert_eq!(failed, 5);
    let hello = ("HTTP/1.1 200 OK".to_owned(), "hello from the route itself".to_owned());
    assert_eq!(ask(&mut client, "/hello")?, hello);
    Ok(())
}

#[test]
fn a_busy_port_makes_it_take_the_next_free_one_and_say_so() -> Result<()> {
    // Not so near the end that there is no next one.
    let taken = loop {
        let listener = TcpListener::bind(ANY)?;
        if listener.local_addr()?.port() < 65_000 {
            break listener;
        }
    };
    let wanted = taken.local_addr()?;
    let (mut process, address) = demo(wanted)?;
    assert!(address.port() > wanted.port());
    let said = format!("Port {} is in use, so this is port {}.", wanted.port(), address.port());
    process.wait_for_line(&said, SOON)?;
    nine_in_turn(address)?;
    process.signal(Signal::TERM)?;
    assert_eq!(process.wait(SOON)?.code(), Some(0));
    Ok(())
}
