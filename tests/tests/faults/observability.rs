//! The short forms of the runs of what shows the server to others.

use anyhow::Result;
use trunkline_tests::runs::collector::{self, CollectorPlan};
use trunkline_tests::runs::observability_crashes::{self, ObservabilityCrashPlan};
use trunkline_tests::runs::trace_cost::{self, TraceCostPlan};
use trunkline_tests::runs::tree::{self, TreePlan};

use crate::{judge, programs};

#[test]
fn tracing_goes_on_whatever_becomes_of_the_collector_and_every_span_is_accounted_for() -> Result<()>
{
    let plan = CollectorPlan { rate: 400, slice: 1, turns: 1, timed: false };
    judge(&collector::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn panics_of_what_shows_the_server_to_others_cost_no_request() -> Result<()> {
    let plan = ObservabilityCrashPlan { clients: 8, rate: 50, seconds: 2, with_trial: false };
    judge(&observability_crashes::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn the_whole_tree_is_told_while_there_are_many_connections() -> Result<()> {
    let plan = TreePlan { connections: 200, turns: 1, trees: 4, timed: false };
    judge(&tree::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn all_spans_of_traced_requests_arrive() -> Result<()> {
    let plan = TraceCostPlan {
        counted: 0,
        rounds: 1,
        requests: 400,
        rate: 400,
        sampled: None,
        full: None,
    };
    let programs = programs();
    judge(&trace_cost::run(&programs.peer, &programs.server, plan)?);
    Ok(())
}
