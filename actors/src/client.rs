//! Clients: the same protocols on connections that are made, not accepted.
//!
//! A [`Client`] is the handle of a supervised session with one peer. Its actor connects, and
//! connects again with a back-off whenever the connection is lost; its queue and its table of
//! pending requests live outside the actor, so that no crash loses or doubles one. Each request
//! ends exactly once: with its answer, or with a [`RequestError`] that says whether the peer may
//! have seen it.
//!
//! ```text
//! NAME                           supervisor; parks what fails too often
//! └─ connection                  connects, serves, connects again
//!    └─ protocol                 the handler; there while a connection is
//! ```
//!
//! Hooks, crashes, limits, heartbeats and drain are those of a [`Protocol`]; requests wait until
//! [`Protocol::open`] is over, which may log in. What differs:
//!
//! - **Order.** Where answers have no ids, one that is lost gives every later request somebody
//!   else's answer. So the connection closes, whatever the hooks say, when a message of the peer
//!   is lost while answers are awaited: [`Requests::sort`] crashed over it, it is no message, or
//!   it is in quarantine. What was in flight when `sort` crashed is not repeated: one of the
//!   answers may be what crashes handlers. No hook follows that crash, nor [`Protocol::close`].
//! - **A crash of [`Requests::request`]** fails that request alone. If it had sent something, an
//!   answer to that is awaited, and thrown away.
//! - **An answer that nobody awaits** is a fault of the peer, and closes the connection. So does a
//!   connection full of requests whose deadlines have all passed, as soon as another one waits.
//! - **An outage.** Requests wait for a connection until their deadlines, also while a client whose
//!   actor crashes too often is parked.
//! - **Drain.** A client that is to stop takes no more requests, and those that are there get its
//!   grace ([`ClientSettings::drain`]); [`Protocol::drain`] is called when none is left.
//!
//! | file | holds |
//! |---|---|
//! | `handle`, `recipient`, `error` | what whoever asks has to do with |
//! | `pending`, `retry` | which request is where, when to connect again: decisions, as pure code |
//! | `desk`, `expiry` | the queue and the table, outside of any actor, and their deadlines |
//! | `asking` | requests and answers as the duty of a connection |
//! | `dial` | where to connect |
//! | `connection` | the actor |
//!
//! ```
//! use std::io::{BufRead, BufReader, Write};
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use tokio_util::codec::LinesCodec;
//! use trunkline_actors::client::{self, Arrival, ClientSettings, Requests};
//! use trunkline_actors::protocol::{Cx, Means, Next, Peer, Protocol, Result};
//! # use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Flags, Runtime, StartError, Strategy};
//!
//! /// A line for a line.
//! struct Lines;
//!
//! impl Protocol for Lines {
//!     type Codec = LinesCodec;
//!     type State = ();
//!
//!     fn codec(&self) -> LinesCodec {
//!         LinesCodec::new()
//!     }
//!
//!     fn state(&self, _: &Peer) {}
//!
//!     /// What is no answer: there is none such here.
//!     async fn message(&self, _: &mut Cx<Self>, _: String) -> Result<Next> {
//!         Ok(Next::Close)
//!     }
//! }
//!
//! impl Requests for Lines {
//!     type Request = String;
//!     type Answer = String;
//!
//!     async fn request(&self, cx: &mut Cx<Self>, _: u64, line: &String) -> Result<Next> {
//!         cx.send(line).await?;
//!         Ok(Next::Read)
//!     }
//!
//!     fn sort(&self, _: &mut Cx<Self>, line: String) -> Result<Arrival<Self>> {
//!         Ok(Arrival::Next(line))
//!     }
//! }
//!
//! # let peer = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let address = peer.local_addr()?.to_string();
//! # let peer = std::thread::spawn(move || -> std::io::Result<()> {
//! #     let (mut stream, _) = peer.accept()?;
//! #     let mut line = String::new();
//! #     BufReader::new(stream.try_clone()?).read_line(&mut line)?;
//! #     stream.write_all(line.to_uppercase().as_bytes())
//! # });
//! # struct Pupil(client::Client<Lines>);
//! # impl Actor for Pupil {
//! #     fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
//! #         let (client, runtime) = (self.0.clone(), cx.runtime().cloned());
//! #         cx.run(async move {
//! // From any actor, or any other future on a thread of the runtime:
//! let answer = client.request("hello".to_owned(), Duration::from_secs(5)).await;
//! assert_eq!(answer.as_deref(), Ok("HELLO"));
//! #             if let Some(runtime) = runtime {
//! #                 runtime.stop();
//! #             }
//! #             Ok(())
//! #         });
//! #         Ok(())
//! #     }
//! # }
//! # let flags = Flags::new(Strategy::OneForOne);
//! # Runtime::builder().workers(0).run("server", flags, |_, root| {
//! # let means = Arc::new(Means { upstreams: None, blocking: Arc::default() });
//! // Where the tree is built:
//! let settings = ClientSettings::default();
//! let (child, client) = client::spec("shout", [address], Arc::new(Lines), means, settings);
//! # let pupil = ChildSpec::leaf("pupil", move || Pupil(client.clone()));
//! # Ok::<_, StartError>(root.child(child).child(pupil))
//! # })?;
//! # peer.join().expect("the peer ends")?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asking;
mod connection;
mod desk;
mod dial;
mod error;
mod expiry;
mod handle;
mod pending;
mod recipient;
mod retry;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::codec::Decoder;
use trunkline_runtime::{
    Backoff, ChildSpec, Flags, OnSpent, Placement, Shutdown, Strategy, SupervisorSpec,
};

use crate::protocol::{Cx, Means, Next, Protocol, Result};
use crate::socket::TcpOptions;
use connection::Owner;
use dial::Dial;

pub use error::RequestError;
pub use handle::{Client, Requested};
pub use recipient::Asked;

/// A protocol that also asks.
pub trait Requests: Protocol {
    /// What is asked.
    type Request: Send + 'static;

    /// What is answered. Where the peer can refuse, that is an answer, too: a `Result`, say.
    type Answer: Send + 'static;

    /// Sends a request to the peer; called again, on a new connection, for one that is repeated.
    /// `id` is unique in the client, and stays that of the request: protocols with ids put it on
    /// the wire.
    ///
    /// It is called only while less waits for the peer than may
    /// ([`Limits::write`](crate::protocol::Limits::write)), so that one message never waits. It
    /// should send exactly one to which there is an answer.
    ///
    /// # Errors
    /// See [`Error`](crate::protocol::Error), as for every hook.
    fn request(
        &self,
        cx: &mut Cx<Self>,
        id: u64,
        request: &Self::Request,
    ) -> impl Future<Output = Result<Next>>;

    /// Says what a message of the peer is. What a hook reads by itself ([`Cx::read`]) does not come
    /// here, so it must be no answer.
    ///
    /// # Errors
    /// A message of which that cannot be said: a crash of the handler.
    fn sort(
        &self,
        cx: &mut Cx<Self>,
        item: <Self::Codec as Decoder>::Item,
    ) -> Result<Arrival<Self>>;

    /// What becomes of a request that was sent and has no answer when the connection breaks.
    /// Asked just before it is sent. Only what may take effect twice should be repeated.
    fn broken(&self, request: &Self::Request) -> Broken {
        let _ = request;
        Broken::Fail
    }
}

/// What a message of the peer is.
pub enum Arrival<P: Requests> {
    /// The answer to the request that has been with the peer longest: where the peer answers in
    /// order.
    Next(P::Answer),
    /// The answer to the request of this id: where the peer answers in any order.
    To(u64, P::Answer),
    /// No answer; it goes to [`Protocol::message`].
    Message(<P::Codec as Decoder>::Item),
}

/// What becomes of a request that has no answer when its connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// It ends with [`RequestError::Broken`].
    Fail,
    /// It is sent again, ahead of all that is newer, unless its deadline has passed.
    Repeat,
}

/// How a client works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientSettings {
    /// Where it lives: on the control thread. The connection is served there as well.
    pub placement: Placement,
    /// How many requests may wait to be sent: 1024. Those that are repeated come on top.
    pub queue: NonZeroUsize,
    /// How many may be with the peer at once: 64. 1 is strictly one after the other.
    pub in_flight: NonZeroUsize,
    /// How long one attempt to connect may take, the look-up of host names included: 5 s.
    pub connect: Duration,
    /// The rest before the next attempt: from 50 ms up to 30 s; a connection that lasts 10 s is
    /// healthy. It holds for restarts of the actor as well.
    pub backoff: Backoff,
    /// How long nothing may move in either direction before [`Protocol::idle`] is called: for
    /// ever.
    pub idle: Option<Duration>,
    /// How long requests that are there may take once the client is to stop: 5 s.
    pub drain: Duration,
    /// How a peer that has vanished is noticed.
    pub tcp: TcpOptions,
}

/// A request that waits behind more than this is late anyway.
const QUEUE: NonZeroUsize = NonZeroUsize::new(1024).unwrap();
/// Enough to hide the way to the peer and back, few enough to lose with a connection.
const IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(64).unwrap();

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            placement: Placement::Control,
            queue: QUEUE,
            in_flight: IN_FLIGHT,
            connect: Duration::from_secs(5),
            backoff: Backoff::new(
                Duration::from_millis(50),
                Duration::from_secs(30),
                Duration::from_secs(10),
            ),
            idle: None,
            drain: Duration::from_secs(5),
            tcp: TcpOptions::default(),
        }
    }
}

/// The supervisor `name` of a client, to be put where the client is started, and the client's
/// handle. Requests are taken at once, and wait for the first connection.
///
/// It connects as soon as it is started, to the first of `addresses` that answers: each is
/// `IP:PORT` or `HOST:PORT`, and host names are resolved again for each connection.
///
/// A back-off that is not sound is refused when the supervisor is started.
pub fn spec<P: Requests>(
    name: &str,
    addresses: impl IntoIterator<Item: Into<Box<str>>>,
    protocol: Arc<P>,
    means: Arc<Means>,
    settings: ClientSettings,
) -> (SupervisorSpec, Client<P>) {
    let names = addresses.into_iter().map(Into::into).collect();
    let dial = Dial::Tcp { names, options: settings.tcp };
    build(name, dial, protocol, means, settings)
}

fn build<P: Requests>(
    name: &str,
    dial: Dial,
    protocol: Arc<P>,
    means: Arc<Means>,
    settings: ClientSettings,
) -> (SupervisorSpec, Client<P>) {
    let owner = Owner::new(name, dial, protocol, means, settings);
    let desk = Arc::clone(owner.desk());
    let shutdown = match settings.drain {
        Duration::ZERO => Shutdown::Kill,
        drain => Shutdown::Grace(drain),
    };
    let flags = Flags::new(Strategy::OneForOne).on_spent(OnSpent::Park).backoff(settings.backoff);
    let leaf = ChildSpec::leaf("connection", move || owner.incarnation());
    let (connection, address) = leaf.shutdown(shutdown).on(settings.placement).build();
    let spec = SupervisorSpec::new(name, flags).on(settings.placement).child(connection);
    (spec, Client::new(desk, address.node()))
}
