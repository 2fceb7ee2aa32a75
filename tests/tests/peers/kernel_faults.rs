//! Errors of accept, which strace puts in the place of what the kernel would have said.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::Signal;
use tempfile::TempDir;
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::peers::require;
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::{Missing, Process};
use trunkline_tests::procfs;
use trunkline_tests::trunkline::forwarding;

use super::{ANY, SOON, peer, trunkline};

/// How many calls in a row fail.
const FAILURES: usize = 4;
/// Processor time beyond which a process that has nothing to do must be spinning, in nanoseconds.
/// Some of it is the start.
const SPINNING: u64 = 2_000_000_000;

/// The program under strace, with one worker, so that one thread makes all the calls.
struct Traced {
    process: Process,
    port: ReservedPort,
    trace: PathBuf,
    _backend: Backend,
    _folder: TempDir,
}

impl Traced {
    /// Calls 2 and following of accept fail with `error`. `None` where strace is missing.
    fn start(error: &str) -> Result<Option<Self>> {
        let Some(strace) = require("strace")? else {
            return Ok(None);
        };
        let backend = Backend::start(peer(), &BackendPlan::new(ANY, Mode::Echo))?;
        let port = ReservedPort::new()?;
        let folder = tempfile::tempdir()?;
        let (file, trace) = (folder.path().join("a.toml"), folder.path().join("trace"));
        fs::write(&file, forwarding(port.address(), &[backend.address()], 1))?;
        let mut command = strace.command();
        // The tracer is nobody's parent (-D), so that signals and the id are the program's own.
        command.args(["-D", "-f", "-e", "trace=accept4", "-o"]).arg(&trace);
        let last = 1 + FAILURES;
        command.args(["-e", &format!("inject=accept4:error={error}:when=2..{last}")]);
        command.arg(trunkline()).arg("run").arg("-c").arg(&file);
        let mut process = Process::spawn(command)?;
        process.wait_until_listening(port.address(), SOON)?;
        Ok(Some(Self { process, port, trace, _backend: backend, _folder: folder }))
    }

    /// One connection to its orderly end.
    fn serve(&self) -> Result<()> {
        let mut stream = TcpStream::connect(self.port.address())?;
        stream.set_read_timeout(Some(SOON))?;
        stream.write_all(b"hello")?;
        stream.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("the answer")?;
        assert_eq!(answer, "hello");
        Ok(())
    }

    /// Ends it; the calls that strace has seen.
    fn calls(mut self) -> Result<Vec<String>> {
        assert!(procfs::cpu_nanos(self.process.id())? < SPINNING);
        self.process.signal(Signal::TERM)?;
        // The tracer holds it open, too: what it has written is complete only when it is gone.
        let end = self.process.stderr().wait_for(0, Instant::now() + SOON, |_| false);
        assert_eq!(end, Err(Missing::Closed));
        assert_eq!(self.process.wait(SOON)?.code(), Some(0));
        let trace = fs::read_to_string(&self.trace)?;
        let calls = trace.lines().filter(|line| line.contains("accept4("));
        Ok(calls.map(str::to_owned).collect())
    }
}

/// How many of the calls strace has made fail.
fn injected(calls: &[String]) -> usize {
    let failed = calls.iter().filter(|call| call.contains("(INJECTED)"));
    failed.count()
}

/// Descriptors or memory are used up: accepting pauses and goes on.
fn pauses_and_goes_on(error: &str) -> Result<()> {
    let Some(traced) = Traced::start(error)? else {
        return Ok(());
    };
    let begun = Instant::now();
    for _ in 0..10 {
        traced.serve()?;
    }
    traced.process.wait_for_line("accepting pauses", SOON)?;
    // Every failure is followed by a rest.
    assert!(begun.elapsed() >= Duration::from_millis(100));
    let calls = traced.calls()?;
    assert_eq!(injected(&calls), FAILURES, "{calls:#?}");
    // One for each connection and one that finds the queue empty; some to spare.
    assert!(calls.len() <= 3 * 10 + FAILURES, "{calls:#?}");
    Ok(())
}

#[test]
fn a_process_without_descriptors_pauses_accepting_and_goes_on() -> Result<()> {
    pauses_and_goes_on("EMFILE")
}

#[test]
fn a_machine_without_descriptors_pauses_accepting_and_goes_on() -> Result<()> {
    pauses_and_goes_on("ENFILE")
}

#[test]
fn a_machine_without_memory_pauses_accepting_and_goes_on() -> Result<()> {
    pauses_and_goes_on("ENOMEM")
}

#[test]
fn connections_that_were_aborted_in_the_queue_are_passed_over() -> Result<()> {
    let Some(traced) = Traced::start("ECONNABORTED")? else {
        return Ok(());
    };
    for _ in 0..10 {
        traced.serve()?;
    }
    traced.process.wait_for_line("connection closed", SOON)?;
    let paused = |line: &String| line.contains("accepting pauses");
    assert!(!traced.process.stderr().last(usize::MAX).iter().any(paused));
    let calls = traced.calls()?;
    assert_eq!(injected(&calls), FAILURES, "{calls:#?}");
    assert!(calls.len() <= 3 * 10 + FAILURES, "{calls:#?}");
    Ok(())
}

#[test]
fn an_acceptor_whose_socket_fails_is_restarted_and_serves() -> Result<()> {
    let Some(traced) = Traced::start("EINVAL")? else {
        return Ok(());
    };
    for _ in 0..10 {
        traced.serve()?;
    }
    traced.process.wait_for_line("the listening socket fails", SOON)?;
    let calls = traced.calls()?;
    assert_eq!(injected(&calls), FAILURES, "{calls:#?}");
    assert!(calls.len() <= 4 * 10 + FAILURES, "{calls:#?}");
    Ok(())
}
