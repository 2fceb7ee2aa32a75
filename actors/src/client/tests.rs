//! Clients against a peer in the test, in memory and in virtual time.

mod asking;
mod balancing;
mod crashing;
mod expiring;
mod harness;
mod losing;
mod stopping;
mod storm;
mod tcp;
