//! Real clients and servers through the program.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::peers::{Program, nginx, redis, require};
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::trunkline::{Trunkline, forwarding};

use super::{ANY, SOON, peer, trunkline};

/// The program in front of `backends`.
fn in_front_of(backends: &[SocketAddr]) -> Result<(Trunkline, ReservedPort)> {
    let port = ReservedPort::new()?;
    let file = forwarding(port.address(), backends, 2);
    let server = Trunkline::run(trunkline(), &file, &[port.address()])?;
    Ok((server, port))
}

/// Runs a client to its end; all it wrote to stdout.
fn run(command: Command) -> Result<String> {
    let mut client = Process::spawn(command)?;
    let status = client.wait(SOON)?;
    ensure!(status.success(), "{status}{}", client.last_lines());
    // Waits until stdout has been read to its end.
    let _shown = client.last_lines();
    Ok(client.stdout().last(usize::MAX).join("\n"))
}

#[test]
fn redis_benchmark_makes_a_hundred_thousand_requests_without_an_error() -> Result<()> {
    let (Some(server), Some(benchmark)) = (require("redis-server")?, require("redis-benchmark")?)
    else {
        return Ok(());
    };
    let redis = redis::start(&server)?;
    let (_server, port) = in_front_of(&[redis.address()])?;
    for pipeline in ["1", "16"] {
        let mut command = benchmark.command();
        command.args(["-h", "127.0.0.1", "-p", &port.address().port().to_string()]);
        command.args(["-n", "100000", "-P", pipeline, "-t", "set,get", "-e", "--csv"]);
        let said = run(command)?;
        for request in ["\"SET\"", "\"GET\""] {
            ensure!(said.contains(request), "no {request} in {said:?}");
        }
        ensure!(!said.to_lowercase().contains("err"), "{said}");
    }
    Ok(())
}

#[test]
fn wrk_sees_no_error_of_our_own_http_backend() -> Result<()> {
    let Some(wrk) = require("wrk")? else {
        return Ok(());
    };
    let backend = Backend::start(peer(), &BackendPlan::new(ANY, Mode::Http))?;
    wrk_without_errors(&wrk, &[backend.address()])
}

#[test]
fn wrk_sees_no_error_of_two_nginx() -> Result<()> {
    let (Some(wrk), Some(program)) = (require("wrk")?, require("nginx")?) else {
        return Ok(());
    };
    let servers = [nginx::start(&program, "one")?, nginx::start(&program, "two")?];
    wrk_without_errors(&wrk, &servers.each_ref().map(|server| server.address()))
}

fn wrk_without_errors(wrk: &Program, backends: &[SocketAddr]) -> Result<()> {
    let (_server, port) = in_front_of(backends)?;
    let mut command = wrk.command();
    command.args(["-t2", "-c64", "-d3s"]);
    command.arg(format!("http://{}/", port.address()));
    let said = run(command)?;
    ensure!(said.contains("Requests/sec"), "{said}");
    let complaint = said.contains("Socket errors") || said.contains("Non-2xx");
    ensure!(!complaint, "{said}");
    Ok(())
}

#[test]
fn curl_meets_all_responders_of_the_demo_in_turn_before_and_after_a_crash() -> Result<()> {
    let Some(curl) = require("curl")? else {
        return Ok(());
    };
    let mut command = Command::new(trunkline());
    command.env("TRUNKLINE__LISTENER__WEB__BIND", ANY.to_string());
    let demo = Process::spawn(command)?;
    let banner = demo.wait_for_line("is balanced over three responders", SOON)?;
    let address = banner.split_whitespace().find(|word| word.starts_with("http://"));
    let address = address.with_context(|| format!("no address in {banner:?}"))?;
    let get = |path: &str| {
        let mut command = curl.command();
        command.args(["--silent", "--show-error", "--write-out", "%{http_code}"]);
        command.arg(format!("{address}{path}"));
        run(command)
    };
    let nine = || -> Result<()> {
        let mut names = Vec::new();
        for _ in 0..9 {
            let answer = get("/")?;
            ensure!(answer.ends_with("200"), "{answer}");
            let name = answer.split([' ', ':']).nth(1).unwrap_or_default();
            names.push(name.to_owned());
        }
        let (first, rest) = names.split_at(3);
        ensure!(rest == [first, first].concat(), "{names:?}");
        let mut different = first.to_vec();
        different.sort_unstable();
        ensure!(different == ["one", "three", "two"], "{names:?}");
        Ok(())
    };
    nine()?;
    let crash = get("/crash")?;
    ensure!(crash.contains("panicked") && crash.ends_with("500"), "{crash}");
    nine()
}
