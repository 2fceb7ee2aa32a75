//! What the clients report of a healthy backend, a dead one, and none.

use std::fs;

use anyhow::{Context, Result};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::helper::Helper;
use trunkline_tests::idle_clients::{IdleClients, IdlePlan};
use trunkline_tests::keepalive::{Connected, Keepalive, KeepalivePlan, Round};
use trunkline_tests::ledger::{BackendLog, Verdict, read_attempts};
use trunkline_tests::load::{Fate, Load, LoadPlan};
use trunkline_tests::port::ReservedPort;

use super::{ANY, SOON, peer};

fn echo() -> Result<Backend> {
    Backend::start(peer(), &BackendPlan::new(ANY, Mode::Echo))
}

#[test]
fn a_load_on_a_healthy_backend_is_all_ok_and_all_in_its_log() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (log, ledger) = (folder.path().join("log"), folder.path().join("ledger"));
    let plan = BackendPlan { log: Some(log.clone()), ..BackendPlan::new(ANY, Mode::Echo) };
    let mut backend = Backend::start(peer(), &plan)?;
    let mut plan = LoadPlan::new(backend.address(), 300, 1);
    plan.payload = 100_000;
    plan.ledger = Some(ledger.clone());
    let summary = Load::start(peer(), &plan)?.finish()?;
    assert_eq!((summary.started, summary.count(Fate::Ok)), (300, 300));
    assert_eq!(summary.latency.count, 300);
    assert_eq!(backend.counts()?.accepted, 300);

    let attempts = read_attempts(&ledger)?;
    assert!(attempts.iter().all(|attempt| attempt.answered_nanos > Some(attempt.started_nanos)));
    // One line for the accept and one for the token of each.
    assert_eq!(fs::read_to_string(&log)?.lines().count(), 600);
    let verdict = Verdict::of(&attempts, &[BackendLog::read(&log, Vec::new())?]);
    assert_eq!((verdict.ok, verdict.repeated.len()), (300, 0), "{verdict}");
    Ok(())
}

#[test]
fn nobody_listening_is_refused() -> Result<()> {
    let port = ReservedPort::new()?;
    let summary = Load::start(peer(), &LoadPlan::new(port.address(), 20, 1))?.finish()?;
    assert_eq!(summary.count(Fate::Refused), 20);
    Ok(())
}

#[test]
fn a_round_of_requests_is_accounted_for() -> Result<()> {
    let backend = echo()?;
    let mut clients = Keepalive::open(peer(), &KeepalivePlan::new(backend.address(), 8))?;
    for requests in [1000, 7] {
        let round = clients.round(requests, SOON)?;
        assert_eq!(
            (round.started, round.done, round.latency.count),
            (requests, requests, requests)
        );
    }
    Ok(())
}

#[test]
fn a_round_can_be_a_time_instead_of_a_number() -> Result<()> {
    let backend = echo()?;
    let plan = KeepalivePlan { seconds: Some(1), ..KeepalivePlan::new(backend.address(), 4) };
    let mut helper = Helper::start(peer(), plan.arguments())?;
    assert_eq!(helper.answer::<Connected>(SOON)?.connected, 4);
    let round: Round = helper.answer(SOON)?;
    assert!(round.done > 0 && round.done == round.started);
    assert!(round.took_nanos >= 1_000_000_000);
    assert!(helper.process().wait(SOON)?.success());
    Ok(())
}

#[test]
fn a_round_over_connections_that_died_is_an_error() -> Result<()> {
    let backend = echo()?;
    let mut clients = Keepalive::open(peer(), &KeepalivePlan::new(backend.address(), 8))?;
    backend.kill()?;
    assert!(clients.round(1000, SOON).is_err());
    Ok(())
}

#[test]
fn idle_connections_are_held_and_their_end_is_noticed() -> Result<()> {
    let mut backend = echo()?;
    let plan = IdlePlan::new(backend.address(), 500);
    let mut clients = IdleClients::open(peer(), &plan, SOON)?;
    assert_eq!((clients.opened().ready, clients.opened().failed), (500, 0));
    assert_eq!(clients.held()?.open, 500);
    assert_eq!(backend.counts()?.open, 500);

    let killed = backend.kill()?;
    let held = clients.wait_until_closed(500, SOON)?;
    assert_eq!((held.open, held.ended + held.reset), (0, 500));
    assert!(held.ready_nanos < killed && held.first_closed_nanos > Some(killed));
    assert_eq!(clients.close()?, held);
    Ok(())
}

#[test]
fn idle_connections_that_nobody_answers_are_told_as_failed() -> Result<()> {
    let port = ReservedPort::new()?;
    let clients = IdleClients::open(peer(), &IdlePlan::new(port.address(), 5), SOON)?;
    assert_eq!((clients.opened().ready, clients.opened().failed), (0, 5));
    assert!(clients.opened().first_error.as_deref().is_some_and(|error| error.contains("refused")));
    Ok(())
}

#[test]
fn more_connections_than_descriptors_are_refused_before_the_first() -> Result<()> {
    let error = IdleClients::open(peer(), &IdlePlan::new(ANY, u32::MAX), SOON).err();
    assert!(error.context("opened")?.to_string().contains("ulimit"));
    Ok(())
}
