//! Child programs: their lines, their end, their ports.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, test_kill_process};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::helper::Helper;
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;
use trunkline_tests::procfs;

use super::{ANY, SOON, peer};

fn shell(script: &str) -> Result<Process> {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    Process::spawn(command)
}

fn runs(id: u32) -> bool {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    id.is_some_and(|id| test_kill_process(id).is_ok())
}

#[test]
fn a_process_is_killed_and_reaped_when_dropped() -> Result<()> {
    let process = shell("trap '' TERM INT HUP; echo up; read line")?;
    process.wait_for_line("up", SOON)?;
    let id = process.id();
    assert!(runs(id));
    drop(process);
    assert!(!runs(id));
    Ok(())
}

#[test]
fn a_process_is_killed_when_its_owner_panics() -> Result<()> {
    let process = shell("echo up; read line")?;
    let id = process.id();
    let owner = std::thread::Builder::new().spawn(move || {
        let _held = process;
        panic!("on purpose");
    })?;
    assert!(owner.join().is_err());
    assert!(!runs(id));
    Ok(())
}

#[test]
fn lines_of_both_streams_are_waited_for() -> Result<()> {
    let process = shell("echo one; echo two >&2; read line")?;
    assert_eq!(process.wait_for_line("two", SOON)?, "two");
    assert_eq!(process.wait_for_line("one", SOON)?, "one");
    Ok(())
}

#[test]
fn a_line_that_never_comes_is_an_error_that_shows_what_came() -> Result<()> {
    let process = shell("echo something else")?;
    let error = process.wait_for_line("up", SOON).err().context("found")?.to_string();
    assert!(error.contains("\"up\"") && error.contains("something else"), "{error}");
    Ok(())
}

#[test]
fn an_exit_code_and_a_fatal_signal_are_told_apart() -> Result<()> {
    let mut process = shell("read line; exit 7")?;
    process.send_line("go")?;
    assert_eq!(process.wait(SOON)?.code(), Some(7));
    assert!(process.signal(Signal::TERM).is_err());

    let mut process = shell("read line")?;
    process.signal(Signal::TERM)?;
    assert_eq!(process.wait(SOON)?.code(), None);
    Ok(())
}

#[test]
fn waiting_for_a_process_that_stays_ends_at_the_deadline() -> Result<()> {
    let mut process = shell("read line")?;
    assert!(process.wait(Duration::from_millis(1)).is_err());
    assert!(process.status()?.is_none());
    Ok(())
}

#[test]
fn a_helper_ends_when_its_stdin_closes() -> Result<()> {
    let mut helper = Helper::start(peer(), BackendPlan::new(ANY, Mode::Echo).arguments())?;
    drop(helper.process().take_stdin());
    assert_eq!(helper.process().wait(SOON)?.code(), Some(3));
    Ok(())
}

#[test]
fn a_port_held_by_somebody_else_is_refused() -> Result<()> {
    let listener = TcpListener::bind(ANY)?;
    let mut process = shell("read line")?;
    let error = process.wait_until_listening(listener.local_addr()?, SOON).err();
    assert!(error.context("accepted")?.to_string().contains("another process"));
    Ok(())
}

#[test]
fn a_server_can_listen_on_a_reserved_port() -> Result<()> {
    let port = ReservedPort::new()?;
    let mut backend = Backend::start(peer(), &BackendPlan::new(port.address(), Mode::Echo))?;
    backend.process().wait_until_listening(port.address(), SOON)?;
    let id = backend.process().id();
    assert_eq!(procfs::listening_sockets_of(id)?.len(), 1);
    TcpStream::connect(port.address())?;
    Ok(())
}
