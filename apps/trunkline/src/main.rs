//! The `trunkline` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    trunkline::app().version(env!("CARGO_PKG_VERSION")).run()
}
