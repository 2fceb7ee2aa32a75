//! The same program as `trunkline`, with faults on command: see [`trunkline_tests::faults`].

use std::process::ExitCode;

fn main() -> ExitCode {
    trunkline_tests::faults::run(trunkline::app())
}
