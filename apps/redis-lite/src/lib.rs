//! A key-value server that redis-cli and redis-benchmark talk to: a sample of a protocol with
//! ordered answers.
//!
//! | module | what |
//! |---|---|
//! | [`resp`] | the codec: requests and answers |
//! | [`store`] | the keyspace, a cell that all workers share |
//! | `commands` | what each command does, a file for each family |
//! | [`server`], [`session`] | what all connections share; what one knows of its client |
//! | [`channels`] | the seam to publishing and subscribing |
//! | [`expirer`] | the actor that removes keys whose time is over |
//! | [`protocol`] | what a connection does: requests, what others publish, crashes |
//! | [`hub`] | who hears which channel |
//!
//! Only [`protocol`], [`hub`] and [`expirer`] know of actors, and nothing knows of a socket: to all
//! else, time and chance are arguments.
//!
//! It is no replacement for redis: nothing is written to disk, and there are no transactions,
//! scripts, streams, replicas or users.

pub mod channels;
mod commands;
pub mod expirer;
pub mod hub;
pub mod protocol;
pub mod resp;
pub mod server;
pub mod session;
pub mod store;

use std::time::SystemTime;

use tokio::time::Instant;
use trunkline::App;

use expirer::Expirer;
use protocol::Redis;
use server::Server;

/// The program: a server with nothing in it, as the protocol `redis`.
#[must_use]
pub fn app() -> App {
    let server = Server::new(Instant::now(), SystemTime::now());
    let expirer = Expirer::spec(server.store().clone());
    trunkline::app().child(expirer).protocol("redis", Redis::new(server))
}
