//! Verdicts on a backend that really dies under load.

use std::path::Path;

use anyhow::Result;
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::ledger::{Attempt, BackendLog, Verdict, read_attempts};
use trunkline_tests::load::{Fate, Load, LoadPlan};
use trunkline_tests::port::ReservedPort;

use super::{SOON, peer};

/// Connections that the backend leaves unanswered before it is ended.
const UNDER_WAY: u64 = 20;

/// A load on a backend that falls silent, and is ended by `end` once connections are waiting for
/// it.
fn ended_under_load(end: fn(Backend) -> Result<u64>) -> Result<(Vec<Attempt>, BackendLog)> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    // Reserved, so that nobody else answers there once the backend is gone.
    let port = ReservedPort::new()?;
    let plan =
        BackendPlan { log: Some(file("log")), ..BackendPlan::new(port.address(), Mode::Echo) };
    let mut backend = Backend::start(peer(), &plan)?;
    let plan = LoadPlan { ledger: Some(file("ledger")), ..LoadPlan::new(port.address(), 200, 2) };
    let load = Load::start(peer(), &plan)?;
    let answered = backend.mute()?.accepted;
    backend.wait_until_accepted(answered + UNDER_WAY, SOON)?;
    let killed = end(backend)?;
    assert_eq!(load.finish()?.done, 400);
    read(&file("ledger"), &file("log"), killed)
}

fn read(ledger: &Path, log: &Path, killed: u64) -> Result<(Vec<Attempt>, BackendLog)> {
    Ok((read_attempts(ledger)?, BackendLog::read(log, vec![killed])?))
}

fn refused(attempt: &Attempt) -> bool {
    attempt.fate == Fate::Refused
}

#[test]
fn connections_under_way_in_a_crash_are_excused_and_refused_ones_are_not() -> Result<()> {
    let (attempts, log) = ended_under_load(|backend| Ok(backend.crash()?.killed_nanos))?;
    let verdict = Verdict::of(&attempts, &[log]);
    assert!(verdict.ok > 0, "{verdict}");
    assert!(verdict.excused.len() >= UNDER_WAY as usize, "{verdict}");
    assert!(!verdict.excused.iter().any(refused), "{verdict}");
    // A crash leaves no connection that it had taken and does not know.
    assert!(!verdict.unexcused.is_empty(), "{verdict}");
    assert!(verdict.unexcused.iter().all(refused), "{verdict}");
    Ok(())
}

#[test]
fn a_kill_from_outside_excuses_only_what_the_log_knows() -> Result<()> {
    let (attempts, log) = ended_under_load(Backend::kill)?;
    let verdict = Verdict::of(&attempts, std::slice::from_ref(&log));
    assert!(verdict.excused.len() >= UNDER_WAY as usize, "{verdict}");
    assert!(verdict.unexcused.iter().any(refused), "{verdict}");
    let blank = BackendLog { lines: Vec::new(), kills: log.kills };
    assert!(Verdict::of(&attempts, &[blank]).excused.is_empty());
    Ok(())
}
