//! Groups and dispatchers of real actors, under supervision.
//!
//! Nothing sleeps for real: what fits on one thread runs on a clock that jumps, what needs threads
//! waits for answers and is bounded by deadlines.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by a panic, and its fixtures misbehave by one"
)]

#[path = "messaging/dispatching.rs"]
mod dispatching;
#[path = "messaging/grouping.rs"]
mod grouping;
#[path = "messaging/universe.rs"]
mod universe;
#[path = "messaging/worker.rs"]
mod worker;
