//! The long runs: each starts a server with its clients and backends, does something to it, and
//! reports figures with their bounds.
//!
//! The program `long` makes them in full, and `trace-cost` the one of its name; the integration tests make short ones of the same code.
//!
//! | File | What happens |
//! |---|---|
//! | [`failover`] | a backend is killed and brought back under load |
//! | [`crashes`] | every kind of actor panics under load |
//! | [`park`] | a pool spends its intensity |
//! | [`escalate`] | the root spends its intensity |
//! | [`stuck`] | a worker is blocked |
//! | [`idle`] | thousands of connections do nothing, then the server stops |
//! | [`recoveries`] | handlers of protocols panic on all connections at once |
//! | [`poison`] | one line crashes every handler, and is sent again and again |
//! | [`flood`] | peers send without end, or read nothing |
//! | [`broadcast`] | some members of a room read nothing |
//! | [`client`] | the peer of a client is killed |
//! | [`dispatch`] | actors that messages are balanced over panic |
//! | [`reload`] | backends come, go and are reweighed |
//! | [`http`] | the same over HTTP: panics, long bodies, slow and idle clients |
//! | [`collector`] | the collector of traces is slow, broken and gone |
//! | [`observability_crashes`] | what shows the server to others panics until it is parked |
//! | [`tree`] | the whole tree is asked for, with thousands of connections in it |
//! | [`trace_cost`] | what tracing costs a request |
//! | [`slow_http`] | a thousand clients of HTTP are slow on purpose |
//!
//! [`Report`] is what they return, [`Programs`] what they start, [`site`] the server most of them
//! run.

mod admin;
pub mod broadcast;
pub mod client;
pub mod collector;
mod cost;
pub mod crashes;
pub mod dispatch;
pub mod escalate;
pub mod failover;
pub mod flood;
mod host;
pub mod http;
pub mod idle;
pub mod observability_crashes;
pub(crate) mod pace;
pub mod park;
pub mod poison;
mod programs;
pub mod recoveries;
pub mod reload;
mod report;
pub mod site;
pub mod slow_http;
pub mod stuck;
pub mod trace_cost;
pub mod tree;

pub use programs::Programs;
pub use report::Report;
