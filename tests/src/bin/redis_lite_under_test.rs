//! The program `redis-lite`, as a binary of this package, for the same reason as
//! `trunkline-under-test`.

use std::process::ExitCode;

fn main() -> ExitCode {
    redis_lite::app().run()
}
