//! Protocols that authors write, as actors: each connection has an address, a bounded inbox, a
//! supervisor and a place in the tree, and can outlive a crash of its handler.
//!
//! A [`Protocol`] is settings and hooks. For every connection the hooks run one at a time, as
//! those of a `gen_server`; what one of them needs between calls is in its `State`. When a hook
//! panics, or fails with an [`Error`] that is neither a vanished peer nor a time-out, the state is
//! built anew, and [`Protocol::recovered`] says how to go on. The connection keeps its socket, its
//! codec, its unread input, its unsent output and its inbox.
//!
//! | module | holds |
//! |---|---|
//! | `cx` | what a hook can do |
//! | `driver`, `event`, `guarded` | what happens next, the hook for it, and its crashes |
//! | `wire`, `link`, `buffers` | what outlives a crash: codec, buffers, socket, timers |
//! | `inbox` | messages of other actors, and the connection's address |
//! | `timers`, [`quarantine`] | decisions, as pure code |
//! | `serve`, `upgrade`, `duty` | a protocol as a handler, its end, and its role |

mod buffers;
mod closed;
mod crash;
mod cx;
#[cfg(test)]
mod defaults;
mod driver;
mod duty;
mod error;
mod event;
mod guarded;
pub mod heartbeat;
mod inbox;
mod limits;
mod link;
mod peer;
pub mod quarantine;
mod sending;
mod serve;
mod span;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
pub mod timers;
mod upgrade;
mod wire;

use tokio_util::codec::Decoder;
use trunkline_config::{ProtocolSettings, SettingsError};
use trunkline_runtime::Message;

pub use closed::Closed;
pub use crash::{Crash, Hook};
pub use cx::Cx;
pub(crate) use duty::Duty;
pub use error::{Error, Result, TrySendError};
pub use heartbeat::Heartbeat;
pub use inbox::Connection;
pub use limits::Limits;
pub use peer::Peer;
pub use sending::Sending;
pub use serve::{Hosted, Means};
pub(crate) use serve::{Served, serve_made};
pub use upgrade::Upgrade;
pub(crate) use wire::Item;

/// What follows a hook.
#[derive(Debug)]
pub enum Next {
    /// The next message, or whatever comes first.
    Read,
    /// The end, in order: what was sent goes out first.
    Close,
    /// Something else takes the connection over; see [`Cx::forward`] and [`Cx::upgrade`].
    Upgrade(Upgrade),
}

/// A protocol. Its fields are settings, shared by all connections of a listener; they survive a
/// crash. Write the hooks as `async fn`.
///
/// | hook | called | if it is not written |
/// |---|---|---|
/// | [`codec`](Self::codec) | once per connection | must be |
/// | [`state`](Self::state) | once per connection, and after each crash | must be |
/// | [`open`](Self::open) | once per connection, before anything is read | reads |
/// | [`message`](Self::message) | for each message of the peer | must be |
/// | [`Receive::receive`] | for each message of another actor | cannot be sent |
/// | [`recovered`](Self::recovered) | in the fresh handler after a crash | closes |
/// | [`quarantined`](Self::quarantined) | in place of `message`, for one that is refused | as `recovered` |
/// | [`malformed`](Self::malformed) | for what is no message | closes |
/// | [`idle`](Self::idle) | when nothing has moved for the idle time | closes |
/// | [`heartbeat`](Self::heartbeat) | for each heartbeat that passed in silence | reads |
/// | [`drain`](Self::drain) | once, when the listener stops | closes |
/// | [`close`](Self::close) | once, at the end | nothing |
pub trait Protocol: Sized + Send + Sync + 'static {
    /// How bytes become messages: any codec of `tokio-util`.
    type Codec: Decoder<Error: Into<Error>> + 'static;

    /// What one connection keeps from hook to hook.
    type State: 'static;

    /// This protocol with the `settings` that a listener gives it in the configuration; without
    /// any, the protocol is used as it was registered. A protocol that has settings reads them,
    /// usually into its own type: `settings.read()`. Unknown keys are refused.
    ///
    /// # Errors
    /// All mistakes in the settings; by default that there are any.
    fn configure(&self, settings: &ProtocolSettings) -> Result<Self, SettingsError> {
        /// No key is known.
        #[derive(serde::Deserialize)]
        struct None {}
        settings.read::<None>()?;
        Err(SettingsError::new("", "this protocol takes no settings: remove the key"))
    }

    /// The codec of one connection. It outlives a crash of the handler.
    fn codec(&self) -> Self::Codec;

    /// The state of a fresh handler.
    fn state(&self, peer: &Peer) -> Self::State;

    /// The bounds of a connection.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// A connection begins; this may greet the peer.
    ///
    /// # Errors
    /// See [`Error`], as for every hook.
    fn open(&self, cx: &mut Cx<Self>) -> impl Future<Output = Result<Next>> {
        let _ = cx;
        async { Ok(Next::Read) }
    }

    /// A message of the peer.
    ///
    /// # Errors
    /// See [`Error`].
    fn message(
        &self,
        cx: &mut Cx<Self>,
        item: <Self::Codec as Decoder>::Item,
    ) -> impl Future<Output = Result<Next>>;

    /// The handler before this one crashed. The message that it crashed over is gone; what came
    /// after it is still to be read. Where the peer waits for an answer to each message, it must
    /// be given one here, or it will take the next answer for this one: hence closing is what
    /// happens by default.
    ///
    /// # Errors
    /// See [`Error`].
    fn recovered(&self, cx: &mut Cx<Self>, crash: &Crash) -> impl Future<Output = Result<Next>> {
        let _ = (cx, crash);
        async { Ok(Next::Close) }
    }

    /// A message that has crashed handlers again and again came once more, and is refused. By
    /// default the peer is told what it is told after a crash.
    ///
    /// # Errors
    /// See [`Error`].
    fn quarantined(&self, cx: &mut Cx<Self>, crash: &Crash) -> impl Future<Output = Result<Next>> {
        self.recovered(cx, crash)
    }

    /// What the peer sent is no message. After one that is longer than [`Limits::message`] the
    /// connection closes, whatever this says; also where the codec only refuses the same again.
    ///
    /// # Errors
    /// See [`Error`].
    fn malformed(
        &self,
        cx: &mut Cx<Self>,
        malformed: &Malformed,
    ) -> impl Future<Output = Result<Next>> {
        let _ = (cx, malformed);
        async { Ok(Next::Close) }
    }

    /// Nothing has moved for the idle time, in either direction. A hook that waits counts as
    /// movement; a message of another actor does not by itself, nor does it where reading is paused.
    ///
    /// # Errors
    /// See [`Error`].
    fn idle(&self, cx: &mut Cx<Self>) -> impl Future<Output = Result<Next>> {
        let _ = cx;
        async { Ok(Next::Close) }
    }

    /// The peer has been silent for another heartbeat, the `missed`th in a row from 1. This is
    /// where it is asked for a sign of life. After as many as [`Heartbeat`] allows, the connection
    /// is cut off.
    ///
    /// # Errors
    /// See [`Error`].
    fn heartbeat(&self, cx: &mut Cx<Self>, missed: u32) -> impl Future<Output = Result<Next>> {
        let _ = (cx, missed);
        async { Ok(Next::Read) }
    }

    /// The listener stops. The connection may go on until its time to drain is over, or close now,
    /// between two messages.
    ///
    /// # Errors
    /// See [`Error`].
    fn drain(&self, cx: &mut Cx<Self>) -> impl Future<Output = Result<Next>> {
        let _ = cx;
        async { Ok(Next::Close) }
    }

    /// The end; after a crash, in the fresh handler that let the connection go. Not called when
    /// crashes are the end, as one too many or one in the codec; nor when the connection is killed,
    /// or taken over by something else. What is sent here still goes out where the peer is there. It
    /// may take 5 s.
    fn close(&self, cx: &mut Cx<Self>, closed: Closed) -> impl Future<Output = ()> {
        let _ = (cx, closed);
        async {}
    }
}

/// A protocol whose connections take messages of type `M` from other actors, by their addresses
/// ([`Connection`]).
pub trait Receive<M: Message<Answer = ()>>: Protocol {
    /// A message of another actor. Who asked gets the answer when this is over.
    ///
    /// # Errors
    /// See [`Error`].
    fn receive(&self, cx: &mut Cx<Self>, message: M) -> impl Future<Output = Result<Next>>;
}

/// What the peer sent is no message.
#[derive(Debug)]
pub enum Malformed {
    /// It is longer than a message may be.
    TooLarge {
        /// The bound, in bytes.
        limit: usize,
    },
    /// The codec refused it.
    Undecodable(Error),
}
