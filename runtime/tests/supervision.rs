//! The supervision suite, after OTP's `supervisor_SUITE`: one binary, one file per subject.
//!
//! Nothing sleeps for real: what fits on one thread runs on a clock that jumps, what needs threads
//! waits for events and is bounded by a time-out.
#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by a panic, and its fixtures misbehave by one"
)]

mod asks;
mod children_of_leaves;
mod deadlines;
mod dynamic_children;
mod escalation;
mod harness;
mod intensity_and_backoff;
mod mailboxes;
mod mishaps;
mod operations;
mod panics_everywhere;
mod parking;
mod parts;
mod recipients;
mod refused_mail;
mod restart_policies;
mod shutdown;
mod spec_refusals;
mod start_and_stop;
mod strategies;
mod supervisor_crash;
mod tree_and_events;
mod workers_and_watchdog;
