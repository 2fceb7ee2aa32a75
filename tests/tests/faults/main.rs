//! The long runs, made short: the same code, a few seconds each. Times are judged only in the long
//! ones, as other tests run at the same moment.

use anyhow::Result;
use trunkline_tests::runs::crashes::{self, CrashPlan};
use trunkline_tests::runs::escalate::{self, Victims};
use trunkline_tests::runs::failover::{self, FailoverPlan};
use trunkline_tests::runs::idle::{self, IdleRunPlan};
use trunkline_tests::runs::park::{self, ParkPlan};
use trunkline_tests::runs::stuck::{self, StuckPlan};
use trunkline_tests::runs::{Programs, Report};

mod http;
mod observability;
mod pools;
mod protocols;

fn programs() -> Programs {
    Programs {
        peer: env!("CARGO_BIN_EXE_peer").into(),
        server: env!("CARGO_BIN_EXE_trunkline-under-test").into(),
        faults: env!("CARGO_BIN_EXE_trunkline-faults").into(),
        protocols: env!("CARGO_BIN_EXE_protocols-under-test").into(),
    }
}

fn judge(report: &Report) {
    assert!(report.passed(), "\n{report}");
}

#[test]
fn a_killed_backend_costs_only_what_it_had_accepted() -> Result<()> {
    let plan = FailoverPlan { seconds: 6, rate: 50, kills: 2 };
    judge(&failover::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn panics_of_every_kind_of_actor_cost_only_the_connections_that_panicked() -> Result<()> {
    let plan = CrashPlan { seconds: 4, rate: 50, calm_rate: 25, panics_of_each: 4, timed: false };
    judge(&crashes::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn a_pool_that_spends_its_intensity_is_parked_alone() -> Result<()> {
    let plan = ParkPlan { seconds: 3, rate: 50, with_trial: false };
    judge(&park::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn panics_that_reach_the_root_end_the_process_with_its_documented_code() -> Result<()> {
    judge(&escalate::run(&programs(), Victims::TheirSupervisor)?);
    Ok(())
}

#[test]
fn a_blocked_worker_strands_nobody() -> Result<()> {
    let plan = StuckPlan { seconds: 2, timed: false };
    judge(&stuck::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn idle_connections_are_closed_when_their_time_to_drain_is_over() -> Result<()> {
    let plan = IdleRunPlan { connections: 200, drain_seconds: 1, timed: false };
    judge(&idle::run(&programs(), plan)?);
    Ok(())
}
