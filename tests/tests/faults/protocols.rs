//! The short forms of the runs of authors' protocols.

use anyhow::Result;
use trunkline_tests::runs::broadcast::{self, BroadcastPlan};
use trunkline_tests::runs::client::{self, ClientPlan};
use trunkline_tests::runs::dispatch::{self, DispatchPlan};
use trunkline_tests::runs::flood::{self, FloodPlan};
use trunkline_tests::runs::poison::{self, PoisonPlan};
use trunkline_tests::runs::recoveries::{self, RecoveryPlan};

use crate::{judge, programs};

#[test]
fn handlers_that_crash_cost_no_connection_and_no_other_line() -> Result<()> {
    let plan = RecoveryPlan { seconds: 3, connections: 100, period_millis: 250 };
    judge(&recoveries::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn a_line_that_crashes_every_handler_is_refused_until_it_stays_away() -> Result<()> {
    judge(&poison::run(&programs(), PoisonPlan { seconds: 1, rate: 10 })?);
    Ok(())
}

#[test]
fn peers_that_flood_or_never_read_cost_their_bound_and_are_cut_off() -> Result<()> {
    judge(&flood::run(&programs(), FloodPlan { senders: 4, sleepers: 8 })?);
    Ok(())
}

#[test]
fn members_that_read_nothing_take_no_line_from_the_others() -> Result<()> {
    let short =
        BroadcastPlan { members: 50, slow: 3, rate: 50, seconds: 1, rounds: 1, timed: false };
    judge(&broadcast::run(&programs(), short)?);
    Ok(())
}

#[test]
fn every_message_over_actors_that_crash_is_delivered_or_fails() -> Result<()> {
    let plan = DispatchPlan { seconds: 3, connections: 20, crashes: 12, timed: false };
    judge(&dispatch::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn a_request_to_a_peer_that_dies_is_answered_or_fails_as_chosen() -> Result<()> {
    judge(&client::run(&programs(), ClientPlan { kills: 6 })?);
    Ok(())
}
