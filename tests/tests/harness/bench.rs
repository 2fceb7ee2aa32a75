//! The comparison with other proxies, without them: it measures, and misses bounds that it cannot
//! judge.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use trunkline_tests::bulk::{Bulk, BulkPlan};
use trunkline_tests::idle_clients::{IdleClients, IdlePlan};
use trunkline_tests::keepalive::{Keepalive, KeepalivePlan};
use trunkline_tests::origin::{Origin, OriginPlan};
use trunkline_tests::process::Process;

use super::{ANY, SOON, peer};

/// Longer than a small measurement takes, also beside the other tests.
const MEASURED: Duration = Duration::from_secs(90);

fn bench(more: &[&str]) -> Result<Process> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["--trunkline", env!("CARGO_BIN_EXE_trunkline-under-test")]);
    command.args(["--quick", "--rounds", "1", "--proxies", "trunkline"]).args(more);
    Process::spawn(command)
}

#[test]
fn trunkline_alone_is_measured() -> Result<()> {
    let mut bench = bench(&["--only", "l4-connections", "--markdown"])?;
    assert!(bench.wait(MEASURED)?.success(), "{}", bench.last_lines());
    let row = bench.wait_for_line("| l4-connections: CPU us per connection | trunkline |", SOON)?;
    assert!(row.contains(" to "), "{row}");
    Ok(())
}

#[test]
fn a_bound_without_a_peer_to_compare_with_is_missed() -> Result<()> {
    let mut bench = bench(&["--only", "l4-idle", "--at-most", "l4-idle=1.0"])?;
    assert_eq!(bench.wait(MEASURED)?.code(), Some(1), "{}", bench.last_lines());
    bench.wait_for_line("l4-idle=1: missed, as it was not measured", SOON)?;
    Ok(())
}

#[test]
fn an_origin_answers_every_kind_of_http_client_and_counts_their_requests() -> Result<()> {
    let mut origin = Origin::start(peer(), &OriginPlan::new(ANY))?;
    let to = origin.address();
    let plan = KeepalivePlan { size: 128, http: true, threads: 1, ..KeepalivePlan::new(to, 4) };
    let mut kept = Keepalive::open(peer(), &plan)?;
    assert_eq!(kept.round(100, SOON)?.done, 100);
    let idle = IdlePlan { http: true, ..IdlePlan::new(to, 10) };
    let idle = IdleClients::open(peer(), &idle, SOON)?;
    assert_eq!(idle.opened().ready, 10);
    let mut bulk = Bulk::open(peer(), &BulkPlan { to, streams: 3 })?;
    assert_eq!(bulk.round(1_000_001, SOON)?.done, 1_000_001);
    // The first of each kept connection counts as well.
    assert_eq!(origin.counts()?.requests, 4 + 100 + 10 + 3 + 3);
    assert_eq!(origin.counts()?.accepted, 4 + 10 + 3);
    Ok(())
}
