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
//!
//! Nothing here but [`expirer`] knows of an actor or of a socket: time and chance are arguments.
//!
//! It is no replacement for redis: nothing is written to disk, and there are no transactions,
//! scripts, streams, replicas or users.

pub mod channels;
mod commands;
pub mod expirer;
pub mod resp;
pub mod server;
pub mod session;
pub mod store;
