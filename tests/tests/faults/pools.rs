//! The short forms of the runs in which backends fail, come and go.

use anyhow::Result;
use trunkline_tests::runs::http::failover::{self, HttpFailoverPlan};
use trunkline_tests::runs::http::faults::{self, FaultPlan};
use trunkline_tests::runs::http::pool_crashes::{self, PoolCrashPlan};
use trunkline_tests::runs::http::storm::{self, StormPlan};
use trunkline_tests::runs::reload::{self, ReloadPlan};

use crate::{judge, programs};

#[test]
fn killed_origins_cost_only_posts_that_were_with_them() -> Result<()> {
    let plan = HttpFailoverPlan { seconds: 4, kills: 2, clients: 4, full_speed: false };
    judge(&failover::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn origins_that_flap_vanish_or_are_slow_are_gone_around() -> Result<()> {
    let plan = FaultPlan { rounds: 1, seconds: 4, clients: 40, compared: false, timed: false };
    judge(&faults::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn origins_that_all_fail_get_no_more_than_the_budget_allows() -> Result<()> {
    judge(&storm::run(&programs(), StormPlan { seconds: 2, clients: 8 })?);
    Ok(())
}

#[test]
fn backends_that_come_and_go_with_the_file_cost_nobody_anything() -> Result<()> {
    let plan = ReloadPlan { seconds: 4, files: 20, clients: 4, streams: 8 };
    judge(&reload::run(&programs(), plan)?);
    Ok(())
}

#[test]
fn what_is_known_of_a_pool_outlives_the_panics_of_whoever_looks_after_it() -> Result<()> {
    let plan = PoolCrashPlan { seconds: 2, calm: 1, clients: 16, panics_a_second: 6 };
    judge(&pool_crashes::run(&programs(), plan)?);
    Ok(())
}
