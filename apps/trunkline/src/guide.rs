//! The authors' guide: how a protocol is written, and what holds for it.
//!
//! | page | what it answers |
//! |---|---|
//! | [`ten_minutes`] | from nothing to a server that is supervised, limited, drained and logged |
//! | [`crash_recovery`] | what a crash is, what it costs, and when a connection may go on after it |
//! | [`hooks`] | every hook: when it is called, what may be awaited, what its answer means |
//! | [`actors`] | actors beside the connections: asking, broadcasting, balancing, blocking work |
//! | [`clients`] | connections that the program makes itself |
//! | [`from_ranch_and_thousand_island`] | the same things under the names of Erlang and Elixir |
//!
//! Every example is compiled and run with the tests of this crate. The tests in them need the
//! feature `testing`, which belongs in the dev-dependencies:
//!
//! ```toml
//! [dev-dependencies]
//! trunkline = { path = "…/apps/trunkline", features = ["testing"] }
//! ```

#[doc = include_str!("guide/ten_minutes.md")]
pub mod ten_minutes {}

#[doc = include_str!("guide/crash_recovery.md")]
pub mod crash_recovery {}

#[doc = include_str!("guide/hooks.md")]
pub mod hooks {}

#[doc = include_str!("guide/actors.md")]
#[doc = include_str!("guide/actors/groups.md")]
#[doc = include_str!("guide/actors/balancing.md")]
#[doc = include_str!("guide/actors/blocking.md")]
#[doc = include_str!("guide/actors/idempotency.md")]
#[doc = include_str!("guide/actors/heartbeats.md")]
pub mod actors {}

#[doc = include_str!("guide/clients.md")]
pub mod clients {}

#[doc = include_str!("guide/from_ranch_and_thousand_island.md")]
pub mod from_ranch_and_thousand_island {}
