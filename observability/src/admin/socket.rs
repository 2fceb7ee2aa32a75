//! The listening socket of the admin API: bound before anything starts, and held outside the actor,
//! so that a restart keeps it and whoever waits in its queue.

mod unix;

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};

use super::guard::Door;
use unix::UnixSocket;

/// Where the admin API listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// At an address; port 0 takes any free one.
    Tcp(SocketAddr),
    /// At a file, which nobody but the server's own user and root may use.
    Unix(PathBuf),
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Why the admin API cannot be listened for.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address cannot be had.
    #[error("{address} cannot be listened on: {error}: name another in server.admin, or \"off\"")]
    Tcp {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// A server that lives has the file.
    #[error("another server listens at {}: stop it, or name another file in server.admin", .0.display())]
    Living(PathBuf),
    /// There is something else at that place.
    #[error("{} is there and no socket: remove it, or name another file in server.admin", .0.display())]
    Occupied(PathBuf),
    /// The file cannot be made.
    #[error("no socket can be made at {}: {error}: name a file of up to 90 characters in a folder \
             that the server may write to", path.display())]
    Unix {
        /// Where.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// The socket. Where it is a file, that goes when this is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    socket: Socket,
    bound: Bind,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixSocket),
}

impl AdminSocket {
    /// Listens. A socket's file that a dead server has left is replaced.
    ///
    /// # Errors
    /// When the place cannot be had: a sentence with its remedy.
    pub fn bind(bind: &Bind) -> Result<Self, BindError> {
        match bind {
            Bind::Tcp(address) => {
                let listen = || {
                    let listener = TcpListener::bind(address)?;
                    listener.set_nonblocking(true)?;
                    let bound = Bind::Tcp(listener.local_addr()?);
                    Ok(Self { socket: Socket::Tcp(listener), bound })
                };
                listen().map_err(|error| BindError::Tcp { address: *address, error })
            }
            Bind::Unix(path) => {
                let socket = Socket::Unix(UnixSocket::bind(path)?);
                Ok(Self { socket, bound: bind.clone() })
            }
        }
    }

    /// Where it listens, with the port that was found where 0 was asked for.
    #[must_use]
    pub fn bound(&self) -> &Bind {
        &self.bound
    }

    /// Another hold on it, for the thread that is to accept from it.
    ///
    /// # Errors
    /// When descriptors are used up.
    pub(super) fn listener(&self) -> io::Result<Listener> {
        Ok(match &self.socket {
            Socket::Tcp(listener) => {
                Listener::Tcp(tokio::net::TcpListener::from_std(listener.try_clone()?)?)
            }
            Socket::Unix(socket) => {
                Listener::Unix(tokio::net::UnixListener::from_std(socket.try_clone()?)?)
            }
        })
    }
}

/// What is accepted from.
pub(super) enum Listener {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

/// A connection's bytes, whichever way it came.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl Listener {
    /// The next connection and its door.
    ///
    /// # Errors
    /// When descriptors are used up, or a client was gone before it was accepted.
    pub(super) fn poll_accept(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<(Box<dyn Stream>, Door)>> {
        match self {
            Self::Tcp(listener) => listener.poll_accept(cx).map(|accepted| {
                let (stream, _) = accepted?;
                let door = Door::Tcp(stream.local_addr()?.ip());
                Ok((Box::new(stream) as Box<dyn Stream>, door))
            }),
            Self::Unix(listener) => listener.poll_accept(cx).map(|accepted| {
                let (stream, _) = accepted?;
                Ok((Box::new(stream) as Box<dyn Stream>, Door::Unix))
            }),
        }
    }
}
