//! The short forms of the runs over HTTP.

use anyhow::Result;
use trunkline_tests::runs::http::bodies::{self, BodyPlan};
use trunkline_tests::runs::http::crashes::{self, HttpCrashPlan};
use trunkline_tests::runs::http::keepalive::{self, KeepalivePlan};

use crate::{judge, programs};

#[test]
fn panics_of_every_kind_of_actor_cost_only_the_requests_of_connections_that_panicked() -> Result<()>
{
    let plan = HttpCrashPlan { seconds: 4, clients: 8, panics_of_each: 4 };
    judge(&crashes::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn bodies_of_any_length_and_slow_clients_cost_little_memory() -> Result<()> {
    let mib = 1024 * 1024;
    let plan = BodyPlan { bytes: 32 * mib, bytes_of_each: 8 * mib, readers: 20, seconds: 2 };
    judge(&bodies::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn clients_that_ask_for_nothing_are_closed_at_once_when_the_server_stops() -> Result<()> {
    let plan = KeepalivePlan { connections: 200, timed: false };
    judge(&keepalive::run(&programs(), plan)?);
    Ok(())
}
