//! Listeners, connections, routers, pools and backends.
//!
//! | module | what |
//! |---|---|
//! | [`pool`], [`balance`] | the members of a pool, and which one serves next |
//! | [`backend`] | a backend's cell: health, leases, addresses |
//! | [`probe`] | the HTTP probe as pure code |
//! | [`discovery`] | where a pool's members come from, and what has changed |
//! | [`stream`], [`socket`] | the transport, and how one comes by it |
//! | [`forward`], [`echo`], [`closed`] | what serves a stream, and how that ends |
//! | [`tree`] | the actors that hold and drive all of the above, a file each |
//! | [`handler`] | the seam: what a listener starts for each connection |
//! | [`http`] | HTTP/1.1 as pure code |
//! | [`blocking`] | threads for work that blocks |
//! | [`idempotency`] | answers that are kept, so that a repeated request takes effect once |
//! | [`protocol`] | the handler that runs authors' protocols |
//! | [`client`] | the same protocols on connections that are made: requests and answers |
//! | [`metrics`] | what all of these count |
//! | [`directory`], [`record`] | which pools there are; what is logged of a connection |
//! | [`group`], [`dispatch`] | messages to all of a group of actors, and to one of them |
//! | [`accept_fault`], [`limits`] | what to do when accepting fails, and how not to get there |
//!
//! Outside [`tree`] nothing knows of an actor: actors hold these cells and drive these futures.
//! Time and randomness are arguments wherever something is decided.

pub mod accept_fault;
pub mod backend;
pub mod balance;
pub mod blocking;
pub mod client;
pub mod closed;
pub mod directory;
pub mod discovery;
pub mod dispatch;
pub mod echo;
pub mod forward;
pub mod group;
pub mod handler;
pub mod http;
pub mod idempotency;
mod idle;
mod kept;
pub mod limits;
pub mod metrics;
pub mod pool;
pub mod probe;
pub mod protocol;
pub mod record;
mod rendezvous;
mod roster;
mod scratch;
#[cfg(test)]
mod slots;
pub mod socket;
mod spare;
pub mod stream;
mod tenants;
mod trace;
pub mod tree;
