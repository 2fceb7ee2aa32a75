//! Protocols and actors as an author writes them, for `protocols-under-test`: what the long runs of
//! protocols do their work on.
//!
//! | protocol | what it does | run |
//! |---|---|---|
//! | [`Fragile`] | sends lines back, and panics over those that ask for it | recoveries, poison, crashes |
//! | [`Torrent`] | counts lines, and sends without end when told to | flood |
//! | [`Room`] | sends each line to all who have joined | broadcast |
//! | [`Counter`] | has lines answered by one of some actors that crash | dispatch |
//! | [`Observed`] | makes spans, and has an actor make some | none; tests of traces |
//! | [`Relay`] | asks lines of a peer that dies | client |

mod counter;
mod fragile;
mod observed;
mod relay;
mod room;
mod torrent;

pub use counter::{Counter, DEADLINE, Job, MEMBERS, SILENCE, team};
pub use fragile::{CRASHED, Fragile, PANIC, REFUSED};
pub use observed::{CRASH, CRASHED as WORKER_CRASHED, INSIDE, Observed, WORK, observed};
pub use relay::{Asking, PEER, Relay, relay};
pub use room::{JOIN, JOINED, PEER_TAKES_NOTHING, Room};
pub use torrent::{POUR, Torrent};
