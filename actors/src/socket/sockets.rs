//! A listener's sockets over its whole life: bound before the tree starts, held outside any actor,
//! closed when the listener stops, is suspended or parked, and opened again when it comes back.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::stream::Stream;

use super::{AcceptSocket, BindError, ListenOptions, Listening};

/// The table of one listener's sockets. No crash of an actor closes any of them.
#[derive(Debug)]
pub struct Sockets {
    address: SocketAddr,
    workers: NonZeroUsize,
    options: ListenOptions,
    open: Mutex<Opened>,
    /// Changed only under the lock of the table.
    wanted: watch::Sender<Wanted>,
}

/// What the listener wants of those who accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// To accept.
    Open,
    /// To empty the queues, and to let go.
    Shut,
    /// Nothing: all have let go.
    Closed,
}

#[derive(Debug)]
struct Opened {
    listening: Listening,
    announced: bool,
}

impl Sockets {
    /// Binds the sockets: one for each worker, on the same port.
    ///
    /// # Errors
    /// When the address cannot be had: a sentence with its remedy.
    pub fn bind(
        address: SocketAddr,
        workers: NonZeroUsize,
        options: ListenOptions,
    ) -> Result<Self, BindError> {
        let listening = Listening::bind(address, workers, &options)?;
        let address = listening.local_addr();
        let open = Mutex::new(Opened { listening, announced: false });
        let wanted = watch::Sender::new(Wanted::Open);
        Ok(Self { address, workers, options, open, wanted })
    }

    /// The address, with the port that was found where 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Whether all of them are open: what comes waits in the kernel's queues, if nobody accepts it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.lock().listening.is_open()
    }

    /// Makes sure that the sockets are open, and says whether this is news: the first call after
    /// they were bound, or after they were closed.
    ///
    /// # Errors
    /// When they were closed, and somebody else has taken the port since.
    pub fn open(&self) -> Result<bool, BindError> {
        let mut open = self.open.lock();
        if !open.listening.is_open() {
            open.listening.close_all();
            open.listening = Listening::bind(self.address, self.workers, &self.options)?;
            open.announced = false;
        }
        self.wanted.send_replace(Wanted::Open);
        Ok(!std::mem::replace(&mut open.announced, true))
    }

    /// Another hold on a worker's socket, for the thread that is to accept from it. A socket that
    /// was closed is opened again: its acceptor was stopped, and is being started anew. None where
    /// the listener has shut all of them.
    ///
    /// # Errors
    /// When descriptors are used up, or somebody else has taken the port since.
    pub fn accept_socket(&self, worker: usize) -> io::Result<Option<AcceptSocket>> {
        let mut open = self.open.lock();
        if *self.wanted.borrow() != Wanted::Open {
            return Ok(None);
        }
        open.listening.reopen(worker, &self.options)?;
        open.listening.accept_socket(worker).map(Some)
    }

    /// Has all who accept empty their queues and let go, and nobody open a socket again before
    /// [`Self::open`].
    pub(crate) fn shut(&self) {
        let open = self.open.lock();
        self.wanted.send_replace(Wanted::Shut);
        self.note_closed(&open);
    }

    /// What is wanted, and whenever that changes.
    pub(crate) fn wanted(&self) -> watch::Receiver<Wanted> {
        self.wanted.subscribe()
    }

    fn note_closed(&self, open: &Opened) {
        if open.listening.is_closed() && *self.wanted.borrow() == Wanted::Shut {
            self.wanted.send_replace(Wanted::Closed);
        }
    }

    /// A connection that waits in the queue of a worker's socket, or none, for the thread that is
    /// to serve it.
    ///
    /// # Errors
    /// See [`AcceptFault`](crate::accept_fault::AcceptFault); also when the socket is closed.
    pub fn accept_now(&self, worker: usize) -> io::Result<Option<(Stream, SocketAddr)>> {
        self.open.lock().listening.accept_now(worker)
    }

    /// Closes a worker's socket, once the last acceptor has let go of it. Its queue is to be
    /// emptied first: whoever is in it is reset.
    pub fn close(&self, worker: usize) {
        let mut open = self.open.lock();
        open.listening.close(worker);
        self.note_closed(&open);
    }

    /// Closes all sockets that are still open, whoever has a hold on them; who is in their queues
    /// is reset.
    pub fn close_all(&self) {
        let mut open = self.open.lock();
        open.listening.close_for_all();
        self.note_closed(&open);
    }
}
