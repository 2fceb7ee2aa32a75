//! What a hook can do.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio_util::codec::Encoder;
use trunkline_runtime::{Actor, Address, Children, Flags, Leaf, Strategy};

use super::heartbeat::Heartbeat;
use super::inbox::Connection;
use super::sending::Sending;
use super::timers::Due;
use super::upgrade::Upgrade;
use super::wire::{Found, Item, Wire};
use super::{Closed, Error, Next, Peer, Protocol, Result, TrySendError};
use crate::blocking::BlockingError;

/// A handler's means: its state, its peer, and the connection around it.
///
/// After a crash of the handler there is a new one, with a new state; the connection is the same.
pub struct Cx<P: Protocol> {
    /// The state of this incarnation of the handler.
    pub state: P::State,
    pub(super) wire: Rc<Wire<P>>,
}

impl<P: Protocol> Cx<P> {
    /// Sends a message to the peer; waits only while as much waits for the peer as may
    /// ([`Limits::write`](super::Limits::write)).
    ///
    /// What is sent in one hook goes out together, at the latest when the connection waits for
    /// something. Cancel-safe: dropped before it is ready, nothing was sent.
    ///
    /// # Errors
    /// The peer is gone, or the codec refused the message; nothing of it was sent then.
    pub fn send<I>(&mut self, message: I) -> Sending<'_, P, I>
    where
        P::Codec: Encoder<I, Error: Into<Error>>,
    {
        Sending { cx: self, message: Some(message) }
    }

    /// Ready when there is room for a message to wait.
    pub(super) fn poll_room(&self, task: &mut Context<'_>) -> Poll<Result<()>> {
        let (bound, mut link) = (self.wire.write_bound(), self.wire.link.borrow_mut());
        if link.waiting() < bound {
            return Poll::Ready(Ok(()));
        }
        let polled = link.poll_flush(task, bound - 1);
        if polled.is_pending() {
            self.wire.wait(task);
        }
        polled.map_err(Error::gone)
    }

    /// As [`Self::send`], but fails where that would wait.
    ///
    /// # Errors
    /// As much waits for the peer as may, and the message is handed back; or as [`Self::send`].
    pub fn try_send<I>(&mut self, message: I) -> Result<(), TrySendError<I>>
    where
        P::Codec: Encoder<I, Error: Into<Error>>,
    {
        let bound = self.wire.write_bound();
        let mut link = self.wire.link.borrow_mut();
        if link.waiting() >= bound {
            link.flush_now().map_err(|loss| TrySendError::Failed(Error::gone(loss)))?;
            if link.waiting() >= bound {
                return Err(TrySendError::Full(message));
            }
        }
        drop(link);
        self.encode(message).map_err(TrySendError::Failed)
    }

    pub(super) fn encode<I>(&self, message: I) -> Result<()>
    where
        P::Codec: Encoder<I, Error: Into<Error>>,
    {
        let mut codec = self.wire.codec.borrow_mut();
        self.wire
            .link
            .borrow_mut()
            .write(|output| codec.encode(message, output).map_err(Into::into))?;
        self.wire.sent.set(self.wire.sent.get().saturating_add(1));
        Ok(())
    }

    /// Waits until the kernel has taken all that was sent. Cancel-safe.
    ///
    /// # Errors
    /// The peer is gone.
    pub async fn flush(&mut self) -> Result<()> {
        poll_fn(|task| {
            let polled = self.wire.link.borrow_mut().poll_flush(task, 0);
            if polled.is_pending() {
                self.wire.wait(task);
            }
            polled
        })
        .await
        .map_err(Error::gone)
    }

    /// Reads the next message within a hook, as the lines after SMTP's `DATA`; none when the peer
    /// has ended its stream. It counts as part of the message that the hook handles, but a crash
    /// after it quarantines neither. Cancel-safe.
    ///
    /// No heartbeat is sent meanwhile. A peer that is silent through all of them, or takes nothing of
    /// what waits for it, is cut off as it is between hooks: the hook goes no further.
    ///
    /// # Errors
    /// A message that is too long or that the codec refuses, the peer gone, or a time-out when
    /// nothing moves for the idle time.
    pub async fn read(&mut self) -> Result<Option<Item<P>>> {
        self.wire.read_on.set(true);
        // A hook that reads all that comes lets the neighbours on the thread have their turn.
        tokio::task::coop::consume_budget().await;
        let found = poll_fn(|task| {
            loop {
                let polled = self.wire.poll_message(task);
                if polled.is_pending() {
                    self.wire.wait(task);
                }
                let Poll::Ready(Found::Due(due)) = polled else { return polled };
                let closed = match due {
                    Due::Idle => return polled,
                    Due::Beat { .. } => continue,
                    Due::HeartbeatLost => Closed::HeartbeatLost,
                    Due::SendTimeout => Closed::SendTimeout,
                };
                self.wire.over.set(Some(closed));
                return Poll::Pending;
            }
        });
        match found.await {
            Found::Message(item, _) => Ok(Some(item)),
            Found::Ended(Closed::PeerLost(loss)) => Err(Error::gone(loss)),
            Found::Ended(_) => Ok(None),
            Found::TooLarge => {
                Err(Error::malformed(Closed::TooLarge, &"a message is longer than it may be"))
            }
            Found::Undecodable(error) => Err(Error::malformed(Closed::Malformed, &error)),
            Found::CodecPanicked(panic) => Err(Error::new(format!("the codec panicked: {panic}"))),
            Found::Due(Due::Idle | Due::Beat { .. } | Due::HeartbeatLost | Due::SendTimeout) => {
                Err(Error::timeout("the peer sent nothing within a message"))
            }
        }
    }

    /// Reads no more messages until [`Self::resume`]: the peer is held back by its own window.
    /// Messages of other actors come nevertheless.
    pub fn pause(&mut self) {
        self.wire.paused.set(true);
        self.wire.link.borrow_mut().set_paused(true);
    }

    /// Reads messages again.
    pub fn resume(&mut self) {
        self.wire.paused.set(false);
        self.wire.link.borrow_mut().set_paused(false);
    }

    /// Changes how long nothing may move in either direction before the hook
    /// [`Protocol::idle`] is called; none is for ever.
    pub fn set_idle(&mut self, idle: Option<Duration>) {
        self.wire.link.borrow_mut().set_idle(idle);
    }

    /// Changes how silence of the peer is answered.
    pub fn set_heartbeat(&mut self, heartbeat: Option<Heartbeat>) {
        self.wire.link.borrow_mut().set_heartbeat(heartbeat);
    }

    /// Who is on the other side.
    #[must_use]
    pub fn peer(&self) -> Peer {
        Peer::of(&self.wire.record)
    }

    /// Our own address of the connection; none where the peer has reset it already.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.wire.link.borrow().local_address()
    }

    /// The address of this connection, for other actors to keep.
    #[must_use]
    pub fn connection(&self) -> Connection<P> {
        self.wire.inbox.address(&self.wire.part)
    }

    /// To return from a hook: the connection is forwarded to a pool from here on, with whatever
    /// of its input no message was made of yet.
    #[must_use]
    pub fn forward(&self, pool: &str) -> Next {
        Next::Upgrade(Upgrade::forward(pool, &self.wire.served.means))
    }

    /// To return from a hook: another protocol takes over, with whatever of the input no message
    /// was made of yet. Its hook `open` is called.
    #[must_use]
    pub fn upgrade<Q: Protocol>(&self, protocol: Q) -> Next {
        Next::Upgrade(Upgrade::protocol(self.wire.served.with(protocol)))
    }

    /// Starts an actor of this connection's own, on its thread: a timer, a cache, a session with
    /// something upstream. It hangs below the connection in the tree, is restarted like any child
    /// (ten times in ten seconds, then the connection closes), and ends with the connection, or
    /// with the handler that crashed: the next one starts its own.
    ///
    /// # Errors
    /// A spec that is not sound or whose id is taken, or more than 256 children.
    pub fn spawn_child<A: Actor>(&mut self, leaf: Leaf<A>) -> Result<Address<A>> {
        let children = match self.wire.children.take() {
            Some(children) => children,
            None => {
                let flags = Flags::new(Strategy::OneForOne);
                Box::new(Children::of(&self.wire.seat.node, flags)?)
            }
        };
        let started = if children.len() < MOST_CHILDREN {
            children.start(leaf).map_err(Error::from)
        } else {
            Err(Error::new(format!(
                "the connection has {MOST_CHILDREN} children already: let some end first"
            )))
        };
        self.wire.children.set(Some(children));
        started
    }

    /// Runs what blocks its thread on the pool of threads for that, and waits for it. Dropped,
    /// what has not begun yet never does.
    ///
    /// # Errors
    /// The pool's queue is full, `work` panicked, or the server is at its end.
    pub async fn blocking<F, T>(&mut self, work: F) -> Result<T, BlockingError>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.wire.served.means.blocking.run(work).await
    }
}

/// How many children one connection may have.
pub(super) const MOST_CHILDREN: usize = 256;
