//! Listening sockets: one per worker on one address, so that the kernel spreads connections
//! over the workers and none of them wakes another.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener as HeldListener};
use std::num::NonZeroUsize;
use std::task::{Context, Poll};

use rustix::io::Errno;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};

use super::TcpOptions;
use crate::stream::Stream;

/// How a listener's sockets are set up. Linux hands `tcp` on to every accepted connection, so it
/// costs nothing per connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenOptions {
    /// Connections that may wait for accept on each socket; the kernel caps it at
    /// `net.core.somaxconn`.
    pub backlog: u32,
    /// How a vanished client is noticed.
    pub tcp: TcpOptions,
}

/// The sockets of one listener, bound and listening. Held outside every actor: while it lives,
/// a crash of an acceptor costs no connection, they wait in the kernel.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    sockets: Vec<Option<HeldListener>>,
}

/// A worker's own hold on one listening socket, in the reactor of the thread that made it.
#[derive(Debug)]
pub struct AcceptSocket(TcpListener);

/// Why an address cannot be listened on, as a sentence with its remedy.
#[derive(Debug, Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error(
        "cannot listen on {address}: the port is in use; stop what listens there \
         (`ss -ltnp 'sport = :{port}'` names it) or choose another port",
        port = address.port()
    )]
    InUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The port is reserved for root.
    #[error(
        "cannot listen on {address}: port {port} needs a privilege; choose a port of 1024 or \
         more, or give it with `setcap cap_net_bind_service=+ep` on the binary or \
         `AmbientCapabilities=CAP_NET_BIND_SERVICE` in the systemd unit",
        port = address.port()
    )]
    Privileged {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address is not one of this machine's.
    #[error(
        "cannot listen on {address}: this machine has no address {ip}; use one that \
         `ip address` shows, or {any} for all of them",
        ip = address.ip(),
        any = if address.is_ipv4() { "0.0.0.0" } else { "[::]" }
    )]
    NotOurs {
        /// The address asked for.
        address: SocketAddr,
    },
    /// This machine has no IPv6.
    #[error(
        "cannot listen on {address}: IPv6 is switched off on this machine; use an IPv4 address"
    )]
    NoIpv6 {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Anything else the kernel refuses.
    #[error("cannot listen on {address}: {source}")]
    Other {
        /// The address asked for.
        address: SocketAddr,
        /// What the kernel said.
        source: io::Error,
    },
}

impl BindError {
    fn new(address: SocketAddr, source: io::Error) -> Self {
        match Errno::from_io_error(&source) {
            Some(Errno::ADDRINUSE) => Self::InUse { address },
            Some(Errno::ACCESS | Errno::PERM) => Self::Privileged { address },
            Some(Errno::AFNOSUPPORT) => Self::NoIpv6 { address },
            Some(Errno::ADDRNOTAVAIL) => Self::NotOurs { address },
            Some(_) | None => Self::Other { address, source },
        }
    }
}

impl Listening {
    /// Binds one socket for each worker and listens on all. Port 0 takes a free port, the same
    /// for all workers. `[::]` serves IPv4 too.
    ///
    /// # Errors
    /// When the address cannot be had: a sentence with its remedy.
    pub fn bind(
        address: SocketAddr,
        workers: NonZeroUsize,
        options: &ListenOptions,
    ) -> Result<Self, BindError> {
        Self::open(address, workers, options).map_err(|source| BindError::new(address, source))
    }

    fn open(
        address: SocketAddr,
        workers: NonZeroUsize,
        options: &ListenOptions,
    ) -> io::Result<Self> {
        // SO_REUSEPORT would share the port with any other process of the same user that has set
        // it, and each would get a part of the connections. So the first socket takes the port
        // without it and opens it to its siblings only then, before it listens.
        let first = bound(address, options, true)?;
        let address = local_address(&first)?;
        let mut sockets = vec![first];
        for _ in 1..workers.get() {
            sockets.push(bound(address, options, false)?);
        }
        for socket in &sockets {
            socket.listen(backlog(options))?;
        }
        Ok(Self {
            address,
            sockets: sockets.into_iter().map(|socket| Some(HeldListener::from(socket))).collect(),
        })
    }

    /// The address, with the port that was found where 0 was asked for.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Gives up the hold on a worker's socket; it closes with the last hold that is left.
    /// Whoever is still in its queue is reset, so it is to be emptied first.
    pub fn close(&mut self, worker: usize) {
        if let Some(socket) = self.sockets.get_mut(worker) {
            *socket = None;
        }
    }

    /// Gives up the hold on every socket.
    pub fn close_all(&mut self) {
        self.sockets.fill_with(|| None);
    }

    /// Closes every socket, also for those who have another hold on it: an acceptor whose thread is
    /// blocked cannot let go, and its socket would go on taking connections in.
    pub fn close_for_all(&mut self) {
        for socket in self.sockets.iter_mut().filter_map(Option::take) {
            // Linux: a listening socket that is shut down is closed (`inet_shutdown`). It cannot
            // fail for one that listens.
            let _ = SockRef::from(&socket).shutdown(Shutdown::Both);
        }
    }

    /// Opens a worker's socket again, if it was closed.
    ///
    /// # Errors
    /// Whatever the kernel says; also when somebody else has taken the port since.
    pub fn reopen(&mut self, worker: usize, options: &ListenOptions) -> io::Result<()> {
        let alone = self.is_closed();
        let address = self.address;
        match self.sockets.get_mut(worker) {
            Some(closed @ None) => {
                let socket = bound(address, options, alone)?;
                socket.listen(backlog(options))?;
                *closed = Some(socket.into());
                Ok(())
            }
            Some(Some(_)) | None => Ok(()),
        }
    }

    /// Whether no socket is held.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sockets.iter().all(Option::is_none)
    }

    /// Whether every socket is held.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.sockets.iter().all(Option::is_some)
    }

    /// Another hold on a worker's socket, from within the runtime that is to accept from it: an
    /// acceptor takes a new one whenever it starts, and so does a worker that accepts for another.
    ///
    /// # Errors
    /// When descriptors are used up, or there is no such worker.
    ///
    /// # Panics
    /// Outside a runtime with IO.
    pub fn accept_socket(&self, worker: usize) -> io::Result<AcceptSocket> {
        TcpListener::from_std(self.held(worker)?.try_clone()?).map(AcceptSocket)
    }

    /// A connection that waits in the queue of a worker's socket, or none, from within the runtime
    /// that is to serve it. An [`AcceptSocket`] knows of the queue only what its reactor has heard.
    ///
    /// # Errors
    /// See [`AcceptFault`](crate::accept_fault::AcceptFault) for what to do about each; also when
    /// there is no such worker.
    ///
    /// # Panics
    /// Outside a runtime with IO.
    pub fn accept_now(&self, worker: usize) -> io::Result<Option<(Stream, SocketAddr)>> {
        let (tcp, peer) = match self.held(worker)?.accept() {
            Ok(accepted) => accepted,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        tcp.set_nonblocking(true)?;
        Ok(Some((Stream::Plain(TcpStream::from_std(tcp)?), canonical(peer))))
    }

    fn held(&self, worker: usize) -> io::Result<&HeldListener> {
        let socket = self.sockets.get(worker).and_then(Option::as_ref);
        socket.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl AcceptSocket {
    /// The next connection and its peer's address; that of an IPv4 client of `[::]` is IPv4.
    ///
    /// # Errors
    /// See [`AcceptFault`](crate::accept_fault::AcceptFault) for what to do about each.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, SocketAddr)>> {
        self.0.poll_accept(cx).map_ok(|(tcp, peer)| (Stream::Plain(tcp), canonical(peer)))
    }
}

/// The peer's address as it is meant: IPv4 where IPv6 only carries it.
fn canonical(peer: SocketAddr) -> SocketAddr {
    SocketAddr::new(peer.ip().to_canonical(), peer.port())
}

/// A socket on `address`; `first` where no sibling is there to share it with.
fn bound(address: SocketAddr, options: &ListenOptions, first: bool) -> io::Result<Socket> {
    let socket = new_socket(address, options)?;
    if first {
        socket.bind(&address.into())?;
        socket.set_reuse_port(true)?;
    } else {
        socket.set_reuse_port(true)?;
        socket.bind(&address.into())?;
    }
    Ok(socket)
}

fn backlog(options: &ListenOptions) -> i32 {
    i32::try_from(options.backlog).unwrap_or(i32::MAX)
}

fn new_socket(address: SocketAddr, options: &ListenOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    // Connections of an earlier process in TIME_WAIT do not hold the port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // Stated, since the default is a setting of the machine.
        socket.set_only_v6(false)?;
    }
    options.tcp.set_on(&SockRef::from(&socket))?;
    Ok(socket)
}

fn local_address(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
}

#[cfg(test)]
mod tests;
