//! Trunkline: protocols as supervised actors, and the server around them.
//!
//! An author writes a [`Protocol`]; [`app`] makes a program of it, with listeners, limits, drain,
//! a log and crash recovery. This is a whole server, which sends every line back:
//!
//! ```no_run
//! use trunkline::{Cx, Next, Peer, Protocol, Result, codec::LinesCodec};
//!
//! struct Echo;
//!
//! impl Protocol for Echo {
//!     type Codec = LinesCodec;
//!     type State = ();
//!     fn codec(&self) -> LinesCodec {
//!         LinesCodec::new()
//!     }
//!     fn state(&self, _: &Peer) {}
//!     async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
//!         cx.send(line).await.map(|()| Next::Read)
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     trunkline::app().protocol("lines", Echo).run()
//! }
//! ```
//!
//! The [`guide`] goes on from there. `trunkline` itself is the same program with no protocol of its
//! own.
//!
//! | what | where |
//! |---|---|
//! | a protocol, its connections and their limits | [`Protocol`], [`Cx`], [`Connection`], [`Limits`] |
//! | actors of the program's own | [`Actor`], [`Handles`], [`Address`], [`ChildSpec`], [`SupervisorSpec`] |
//! | connections that the program makes itself | [`client`] |
//! | messages to all of a group of actors, and to one of them | [`group`], [`dispatch`] |
//! | answers that are kept, so that a repeated request takes effect once | [`idempotency`] |
//! | codecs and their buffers | [`codec`], [`bytes`] |
//!
//! | feature | on by default | what it brings |
//! |---|---|---|
//! | `cli` | yes | [`App::run`]: the command line, and what starts without a file |
//! | `testing` | no | `testing::TestConnection`: protocols in virtual time, without sockets; for dev-dependencies |

mod app;
mod brought;
#[cfg(feature = "cli")]
mod cli;
pub mod client;
mod console;
#[cfg(feature = "cli")]
mod demo;
mod exit;
pub mod guide;
#[cfg(feature = "cli")]
mod operate;
mod reload;
mod server;
mod steward;
#[cfg(feature = "cli")]
mod unfiled;

pub use app::{App, app};
#[doc(hidden)]
pub use server::Hooks;
pub use server::ServeError;

pub use trunkline_actors::blocking::BlockingError;
#[cfg(feature = "testing")]
pub use trunkline_actors::protocol::testing;
pub use trunkline_actors::protocol::{
    Closed, Connection, Crash, Cx, Error, Heartbeat, Hook, Limits, Malformed, Next, Peer, Protocol,
    Receive, Result, TrySendError, Upgrade,
};
pub use trunkline_actors::stream::Loss;
pub use trunkline_actors::{dispatch, group, idempotency};
pub use trunkline_config::{
    Format, Mistakes, ProtocolSettings, Settings, SettingsError, Source, duration, size,
};

pub use trunkline_runtime::{
    Accepts, Actor, Address, Ask, AskError, Backoff, ChildId, ChildSpec, Context, Detail, Ended,
    ExitReason, Failure, Flags, Handles, Intensity, Leaf, Message, Node, OnSpent, Panic, Placement,
    Recipient, Refused, Reply, Restart, Runtime, SendError, Shutdown, SpecError, StartError,
    Stopping, Strategy, SupervisorHandle, SupervisorSpec, Timer,
};

pub use bytes;
pub use tokio_util::codec;

/// When a message that crashes one handler after another is refused.
pub mod quarantine {
    pub use trunkline_actors::protocol::quarantine::Policy;
}

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
