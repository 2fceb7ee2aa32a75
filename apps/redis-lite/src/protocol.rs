//! The protocol: what a connection does with a request, with what others publish, and after a
//! crash.

#[cfg(test)]
mod tests;
mod wire;

use fastrand::Rng;
use serde::Deserialize;
use tokio::time::Instant;
use trunkline::{
    Crash, Cx, Hook, Limits, Malformed, Next, Peer, Protocol, ProtocolSettings, Receive, Result,
    SettingsError,
};

use crate::channels::Published;
use crate::hub::{Ear, Heard, Hub};
use crate::resp::{Answer, Request};
use crate::server::Server;
use crate::session::Session;
use wire::{Apology, Told};

pub use wire::Wire;

/// The longest request, in bytes: what a cache is sent, not what a file server is.
const LONGEST_REQUEST: usize = 1024 * 1024;

/// The protocol. All connections share its keyspace and its channels.
#[derive(Debug, Clone)]
pub struct Redis {
    server: Server,
    hub: Hub,
}

/// What a listener's `settings` can say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// How many keys the clients of this listener may make the keyspace hold.
    maxkeys: Option<usize>,
}

/// What one connection keeps from request to request. A crash costs it its name and its channels.
pub struct State {
    session: Session,
    heard: Heard,
}

impl Redis {
    /// The protocol of this server.
    #[must_use]
    pub fn new(server: Server) -> Self {
        Self { server, hub: Hub::default() }
    }

    fn execute(&self, cx: &mut Cx<Self>, request: &Request) -> Answer {
        let connection = cx.connection();
        let who = || connection.clone().into();
        let State { session, heard } = &mut cx.state;
        let mut ear = Ear { hub: &self.hub, heard, who: &who };
        self.server.execute(request, session, &mut ear, Instant::now())
    }
}

impl Protocol for Redis {
    type Codec = Wire;
    type State = State;

    fn configure(&self, settings: &ProtocolSettings) -> Result<Self, SettingsError> {
        let Settings { maxkeys } = settings.read()?;
        let limited = maxkeys.map(|max| self.server.limited(max));
        Ok(Self { server: limited.unwrap_or_else(|| self.server.clone()), hub: self.hub.clone() })
    }

    fn limits(&self) -> Limits {
        Limits { message: LONGEST_REQUEST, ..Limits::default() }
    }

    fn codec(&self) -> Wire {
        Wire::new(LONGEST_REQUEST)
    }

    fn state(&self, peer: &Peer) -> State {
        State { session: Session::new(peer.connection, Rng::new()), heard: Heard::default() }
    }

    async fn message(&self, cx: &mut Cx<Self>, request: Request) -> Result<Next> {
        let answer = self.execute(cx, &request);
        let subscribed = cx.state.session.is_subscribed();
        cx.send(Told { answer, subscribed }).await?;
        Ok(if cx.state.session.is_closing() { Next::Close } else { Next::Read })
    }

    /// The client is given the answer that it waits for, so that the next one is not taken for it.
    /// A subscriber has lost its channels, and is to connect again, as it does when any server goes.
    async fn recovered(&self, cx: &mut Cx<Self>, crash: &Crash) -> Result<Next> {
        // Each request has one answer: where that has gone out, or none is due, nothing is to be
        // said that the client would understand.
        if crash.hook() != Hook::Message || crash.sent() > 0 {
            return Ok(Next::Close);
        }
        Ok(if cx.send(Apology).await.is_ok() { Next::Read } else { Next::Close })
    }

    async fn malformed(&self, cx: &mut Cx<Self>, malformed: &Malformed) -> Result<Next> {
        let said = match malformed {
            Malformed::TooLarge { limit } => {
                format!("ERR Protocol error: request exceeds {limit} bytes; send less at once")
            }
            Malformed::Undecodable(error) => format!("ERR {error}"),
        };
        cx.send(Answer::Error(said.into())).await?;
        Ok(Next::Close)
    }
}

impl Receive<Published> for Redis {
    async fn receive(&self, cx: &mut Cx<Self>, message: Published) -> Result<Next> {
        // It may have left the channel while the message waited.
        if cx.state.session.hears(&message.channel) {
            cx.send(message.answer()).await?;
        }
        Ok(Next::Read)
    }
}
