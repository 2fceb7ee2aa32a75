//! Messages of other actors to a connection, and its address.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use trunkline_runtime::{
    Accepts, Ask, AskError, Message, Node, Panic, Part, Permit, Recipient, Refused, Reply,
    SendError, contain,
};

use super::span::Sent;
use super::{Cx, Next, Protocol, Receive, Result};

/// More room than this is given back when the queue is empty.
const KEPT: usize = 4;

/// A message on its way to a connection that knows how to receive it.
pub(super) trait Envelope<P: Protocol>: Send {
    fn open<'a>(self: Box<Self>, protocol: &'a P, cx: &'a mut Cx<P>) -> Receiving<'a>;

    /// When it was sent, where it is a part of a trace.
    fn sent(&self) -> Option<Sent>;

    /// Tells who asked that nobody will receive it.
    fn refuse(self: Box<Self>);
}

pub(super) type Receiving<'a> = Pin<Box<dyn Future<Output = Result<Next>> + 'a>>;

struct Letter<M: Message> {
    message: M,
    reply: Reply<M::Answer>,
    sent: Option<Sent>,
}

impl<P: Receive<M>, M: Message<Answer = ()>> Envelope<P> for Letter<M> {
    fn open<'a>(self: Box<Self>, protocol: &'a P, cx: &'a mut Cx<P>) -> Receiving<'a> {
        let Self { message, reply, sent: _ } = *self;
        Box::pin(async move {
            match protocol.receive(cx, message).await {
                Ok(next) => {
                    reply.send(());
                    Ok(next)
                }
                Err(error) => {
                    let ends = error.is_peer_gone() || error.is_timeout();
                    reply.fail(if ends { AskError::Stopped } else { AskError::Crashed });
                    Err(error)
                }
            }
        })
    }

    fn sent(&self) -> Option<Sent> {
        self.sent
    }

    fn refuse(self: Box<Self>) {
        self.reply.fail(AskError::Stopped);
    }
}

/// What was asked of a connection from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    GoOn,
    /// After the hook that runs.
    Close,
    /// At once.
    Disconnect,
    /// It has ended.
    Ended,
}

const WISHES: [Wish; 4] = [Wish::GoOn, Wish::Close, Wish::Disconnect, Wish::Ended];

type Queue<P> = VecDeque<(Box<dyn Envelope<P>>, Permit)>;

/// The queue of a connection. It outlives crashes of the handler.
struct Inbox<P> {
    node: Arc<Node>,
    queue: Mutex<Queue<P>>,
    waker: AtomicWaker,
    wish: AtomicU8,
}

impl<P: Protocol> Inbox<P> {
    /// Of the part of `node`, whose capacity is the inbox's.
    fn new(node: &Arc<Node>) -> Arc<Self> {
        Arc::new(Self {
            node: Arc::clone(node),
            queue: Mutex::default(),
            waker: AtomicWaker::new(),
            wish: AtomicU8::new(Wish::GoOn as u8),
        })
    }

    fn wish(&self) -> Wish {
        WISHES[usize::from(self.wish.load(Ordering::Acquire))]
    }

    /// Wishes only grow.
    fn ask_for(&self, wish: Wish) {
        self.wish.fetch_max(wish as u8, Ordering::AcqRel);
        self.waker.wake();
    }

    pub(super) fn poll_next(&self) -> Poll<Box<dyn Envelope<P>>> {
        if self.node.waiting() == 0 {
            return Poll::Pending;
        }
        let mut queue = self.queue.lock();
        let Some((envelope, permit)) = queue.pop_front() else { return Poll::Pending };
        if queue.is_empty() && queue.capacity() > KEPT {
            *queue = VecDeque::new();
        }
        drop(queue);
        drop(permit);
        Poll::Ready(envelope)
    }

    /// Takes no more, and tells whoever waits.
    pub(super) fn close(&self) {
        self.wish.store(Wish::Ended as u8, Ordering::Release);
        // The lock is open while the envelopes go: they run code that is not ours.
        let rest = std::mem::take(&mut *self.queue.lock());
        for (envelope, _) in rest {
            // One destructor that panics must not cost the others their answer.
            let _: Result<(), Panic> = contain(|| envelope.refuse());
        }
    }

    /// Takes a message, unless the connection has ended; the lock orders the two.
    fn push<E: Envelope<P> + 'static>(&self, letter: Box<E>, permit: Permit) -> Result<(), Box<E>> {
        let mut queue = self.queue.lock();
        if self.wish() == Wish::Ended {
            return Err(letter);
        }
        queue.push_back((letter, permit));
        drop(queue);
        self.waker.wake();
        Ok(())
    }
}

/// The inbox of a connection from when somebody has its address.
pub(super) struct Mail<P>(OnceCell<Arc<Inbox<P>>>);

impl<P> Default for Mail<P> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<P: Protocol> Mail<P> {
    /// The address to the part of `node`.
    pub(super) fn address(&self, part: &Part) -> Connection<P> {
        let inbox = self.0.get_or_init(|| Inbox::new(part.node()));
        Connection { inbox: Arc::clone(inbox) }
    }

    pub(super) fn register(&self, task: &Context<'_>) {
        if let Some(inbox) = self.0.get() {
            inbox.waker.register(task.waker());
        }
    }

    pub(super) fn wish(&self) -> Wish {
        self.0.get().map_or(Wish::GoOn, |inbox| inbox.wish())
    }

    pub(super) fn poll_next(&self) -> Poll<Box<dyn Envelope<P>>> {
        self.0.get().map_or(Poll::Pending, |inbox| inbox.poll_next())
    }

    pub(super) fn close(&self) {
        if let Some(inbox) = self.0.get() {
            inbox.close();
        }
    }
}

/// The address of a connection. Other actors keep and use it safely when the connection has gone:
/// what they send is handed back then. It stays the same when the handler crashes and is built
/// anew, and what waits for it is kept.
pub struct Connection<P> {
    inbox: Arc<Inbox<P>>,
}

impl<P> Clone for Connection<P> {
    fn clone(&self) -> Self {
        Self { inbox: Arc::clone(&self.inbox) }
    }
}

impl<P> fmt::Debug for Connection<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({:?})", self.inbox.node)
    }
}

impl<P: Protocol> Connection<P> {
    /// The handler as the tree sees it.
    #[must_use]
    pub fn node(&self) -> &Arc<Node> {
        &self.inbox.node
    }

    /// Whether the connection has not ended yet.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inbox.wish() != Wish::Ended
    }

    /// Sends the connection a message, for its [`Receive`] to handle.
    ///
    /// # Errors
    /// The message, if the inbox is full or the connection has ended.
    pub fn send<M: Message<Answer = ()>>(&self, message: M) -> Result<(), SendError<M>>
    where
        P: Receive<M>,
    {
        Recipient::from(self.clone()).send(message)
    }

    /// Sends the connection a message; the future is ready when it was handled.
    ///
    /// Sent at once, not when the future is first polled. Cancel-safe. Deadlines are rounded up to
    /// 10 ms.
    pub fn ask<M: Message<Answer = ()>>(&self, message: M, within: Duration) -> Ask<()>
    where
        P: Receive<M>,
    {
        Recipient::from(self.clone()).ask(message, within)
    }

    /// Closes the connection in order, after the hook that runs.
    pub fn close(&self) {
        self.inbox.ask_for(Wish::Close);
    }

    /// Cuts the connection off at once, also within a hook that waits.
    pub fn disconnect(&self) {
        self.inbox.ask_for(Wish::Disconnect);
    }
}

impl<P: Receive<M>, M: Message<Answer = ()>> Accepts<M> for Connection<P> {
    fn deliver(&self, message: M, reply: Reply<()>) -> Result<(), Refused<M>> {
        if !self.is_open() {
            return Err(Refused::Stopped(message, reply));
        }
        let Some(permit) = self.inbox.node.admit() else {
            return Err(Refused::Full(message, reply));
        };
        let letter = Box::new(Letter { message, reply, sent: Sent::now() });
        self.inbox
            .push(letter, permit)
            .map_err(|letter| Refused::Stopped(letter.message, letter.reply))
    }

    fn node(&self) -> &Arc<Node> {
        Self::node(self)
    }

    fn is_open(&self) -> bool {
        Self::is_open(self)
    }

    fn waiting(&self) -> u32 {
        self.inbox.node.waiting()
    }

    fn close(&self) -> bool {
        self.disconnect();
        true
    }
}

impl<P: Receive<M>, M: Message<Answer = ()>> From<Connection<P>> for Recipient<M> {
    fn from(connection: Connection<P>) -> Self {
        Self::new(Arc::new(connection))
    }
}
