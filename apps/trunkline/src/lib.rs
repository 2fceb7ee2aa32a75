//! Trunkline: protocols as supervised actors, and the server around them.
//!
//! An author writes a [`Protocol`]; [`app`] makes a program of it, with listeners, limits, drain,
//! metrics and crash recovery. `trunkline` itself is the same program with no protocol of its own.
//!
//! | feature | on by default | what it brings |
//! |---|---|---|
//! | `cli` | yes | [`App::run`]: the command line, and what starts without a file |
//! | `testing` | no | [`testing`]: protocols in virtual time, without sockets |

mod app;
mod brought;
#[cfg(feature = "cli")]
mod cli;
mod console;
#[cfg(feature = "cli")]
mod demo;
mod exit;
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
pub use trunkline_config::{Mistakes, ProtocolSettings, Settings, SettingsError, duration, size};
pub use trunkline_runtime::{
    Actor, Address, Ask, AskError, ChildId, ChildSpec, Context, Detail, Ended, ExitReason, Failure,
    Flags, Handles, Intensity, Leaf, Message, OnSpent, Placement, Recipient, Reply, Restart,
    SendError, Shutdown, Stopping, Strategy, SupervisorHandle, SupervisorSpec, Timer,
};

pub use tokio_util::codec;
