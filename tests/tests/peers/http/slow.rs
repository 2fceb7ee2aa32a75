//! The run `slow-http`, made short.

use anyhow::Result;
use trunkline_tests::peers::require;
use trunkline_tests::runs::Programs;
use trunkline_tests::runs::slow_http::{self, SlowHttpPlan};

use super::super::{peer, trunkline};

#[test]
fn slow_clients_cost_no_request_of_others_and_are_cut_off() -> Result<()> {
    let (Some(_), Some(_)) = (require("slowhttptest")?, require("nginx")?) else {
        return Ok(());
    };
    let programs = Programs {
        peer: peer().into(),
        server: trunkline().into(),
        faults: env!("CARGO_BIN_EXE_trunkline-faults").into(),
        protocols: env!("CARGO_BIN_EXE_protocols-under-test").into(),
    };
    let plan = SlowHttpPlan { connections: 200, seconds: 2, timed: false };
    let report = slow_http::run(&programs, plan)?;
    assert!(report.passed(), "\n{report}");
    Ok(())
}
