//! The outside programs start, do what the tests want of them, and can be pointed at by the
//! harness.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::Result;
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::idle_clients::{IdleClients, IdlePlan};
use trunkline_tests::ledger::{BackendLog, Verdict, read_attempts};
use trunkline_tests::load::{Load, LoadPlan};
use trunkline_tests::peers::{haproxy, nginx, redis, require};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::procfs;

use super::{ANY, SOON, peer};

fn backend(name: &str) -> Result<Backend> {
    let plan = BackendPlan { name: name.to_owned(), ..BackendPlan::new(ANY, Mode::Banner) };
    Backend::start(peer(), &plan)
}

#[test]
fn haproxy_forwards_to_its_backends_in_turn() -> Result<()> {
    let Some(program) = require("haproxy")? else {
        return Ok(());
    };
    let (one, two) = (backend("one")?, backend("two")?);
    let mut proxy = haproxy::start(&program, &[one.address(), two.address()], 2)?;
    let plan = LoadPlan { banner: true, ..LoadPlan::new(proxy.address(), 200, 1) };
    let summary = Load::start(peer(), &plan)?.finish()?;
    assert_eq!(summary.failed(), 0, "{summary:?}");
    assert_eq!(summary.backends, [("one".to_owned(), 100), ("two".to_owned(), 100)].into());
    let id = proxy.process().id();
    assert_eq!(procfs::thread_names(id)?.len(), 2);
    assert!(procfs::cpu_nanos(id)? > 0);
    Ok(())
}

#[test]
fn idle_connections_through_haproxy_end_with_it() -> Result<()> {
    let Some(program) = require("haproxy")? else {
        return Ok(());
    };
    let backend = Backend::start(peer(), &BackendPlan::new(ANY, Mode::Echo))?;
    let mut proxy = haproxy::start(&program, &[backend.address()], 2)?;
    let id = proxy.process().id();
    let before = procfs::open_descriptors(id)?;
    let mut clients = IdleClients::open(peer(), &IdlePlan::new(proxy.address(), 300), SOON)?;
    assert_eq!(clients.opened().ready, 300);
    assert!(procfs::open_descriptors(id)? >= before + 600);
    drop(proxy);
    assert_eq!(clients.wait_until_closed(300, SOON)?.open, 0);
    Ok(())
}

#[test]
fn what_a_crashed_backend_costs_behind_haproxy_is_excused_by_token() -> Result<()> {
    let Some(program) = require("haproxy")? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    // Reserved, so that nobody else answers there once the backend is gone.
    let port = ReservedPort::new()?;
    let plan =
        BackendPlan { log: Some(file("log")), ..BackendPlan::new(port.address(), Mode::Echo) };
    let mut mortal = Backend::start(peer(), &plan)?;
    let proxy = haproxy::start(&program, &[port.address()], 2)?;
    let plan = LoadPlan { ledger: Some(file("ledger")), ..LoadPlan::new(proxy.address(), 200, 2) };
    let load = Load::start(peer(), &plan)?;
    let answered = mortal.mute()?.accepted;
    mortal.wait_until_accepted(answered + 20, SOON)?;
    let crashed = mortal.crash()?;
    load.finish()?;
    let attempts = read_attempts(&file("ledger"))?;
    let log = BackendLog::read(&file("log"), vec![crashed.killed_nanos])?;
    let verdict = Verdict::of(&attempts, &[log]);
    assert!(verdict.ok > 0, "{verdict}");
    // The proxy's ports are not the client's: only the tokens can have matched.
    assert!(verdict.excused.len() as u64 + crashed.nameless >= 20, "{verdict}");
    // Nobody is left to serve the later ones, and no log speaks for them.
    assert!(!verdict.unexcused.is_empty(), "{verdict}");
    Ok(())
}

#[test]
fn nginx_answers_with_its_body() -> Result<()> {
    let Some(program) = require("nginx")? else {
        return Ok(());
    };
    let server = nginx::start(&program, "say \"hello\"")?;
    let mut stream = TcpStream::connect(server.address())?;
    stream.set_read_timeout(Some(SOON))?;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with("say \"hello\""), "{answer}");
    Ok(())
}

#[test]
fn redis_answers_its_own_benchmark_and_saves_nothing() -> Result<()> {
    let Some(server) = require("redis-server")? else {
        return Ok(());
    };
    let Some(benchmark) = require("redis-benchmark")? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let redis = redis::start(&server)?;
    let address = redis.address();
    let mut command = benchmark.command();
    command.args(["-h", &address.ip().to_string(), "-p", &address.port().to_string()]);
    command.args(["-n", "1000", "-t", "set", "--csv"]).current_dir(folder.path());
    let mut benchmark = Process::spawn(command)?;
    assert!(benchmark.wait(SOON)?.success(), "{}", benchmark.last_lines());
    benchmark.wait_for_line("SET", SOON)?;
    drop(redis);
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

#[test]
fn wrk_is_served_by_our_own_http_backend() -> Result<()> {
    let Some(wrk) = require("wrk")? else {
        return Ok(());
    };
    let backend = Backend::start(peer(), &BackendPlan::new(ANY, Mode::Http))?;
    let mut command = wrk.command();
    command.args(["-t1", "-c8", "-d1s"]).arg(format!("http://{}/", backend.address()));
    let mut wrk = Process::spawn(command)?;
    assert!(wrk.wait(SOON)?.success(), "{}", wrk.last_lines());
    wrk.wait_for_line("Requests/sec", SOON)?;
    let complaint = |line: &String| line.contains("Socket errors") || line.contains("Non-2xx");
    assert!(!wrk.stdout().last(100).iter().any(complaint), "{}", wrk.last_lines());
    Ok(())
}
