//! A listener's sockets over its whole life: bound before the tree starts, held outside any actor,
//! closed when the listener stops or is parked, and opened again when it is tried again.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;

use parking_lot::Mutex;

use crate::stream::Stream;

use super::{AcceptSocket, BindError, ListenOptions, Listening};

/// The table of one listener's sockets. No crash of an actor closes any of them.
#[derive(Debug)]
pub struct Sockets {
    address: SocketAddr,
    workers: NonZeroUsize,
    options: ListenOptions,
    open: Mutex<Opened>,
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
        Ok(Self { address, workers, options, open })
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
        Ok(!std::mem::replace(&mut open.announced, true))
    }

    /// Another hold on a worker's socket, for the thread that is to accept from it. A socket that
    /// was closed is opened again: its acceptor was stopped, and is being started anew.
    ///
    /// # Errors
    /// When descriptors are used up, or somebody else has taken the port since.
    pub fn accept_socket(&self, worker: usize) -> io::Result<AcceptSocket> {
        let mut open = self.open.lock();
        open.listening.reopen(worker, &self.options)?;
        open.listening.accept_socket(worker)
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
        self.open.lock().listening.close(worker);
    }

    /// Closes all sockets that are still open; whoever is in their queues is reset.
    pub fn close_all(&self) {
        self.open.lock().listening.close_all();
    }
}
