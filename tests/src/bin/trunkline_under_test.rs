//! The program `trunkline`, as a binary of this package: cargo builds the binaries of the package
//! under test, and of no other.

use std::process::ExitCode;

fn main() -> ExitCode {
    trunkline::app().version(env!("CARGO_PKG_VERSION")).run()
}
