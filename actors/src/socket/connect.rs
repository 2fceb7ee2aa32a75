//! Connections to backends.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use rustix::io::Errno;
use socket2::SockRef;
use thiserror::Error;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use trunkline_runtime::Deadline;

use super::TcpOptions;
use crate::kept;
use crate::stream::Stream;

/// Why a connection could not be made. Nothing had been sent, so trying elsewhere is always safe.
#[derive(Debug, Error)]
#[error("cannot connect to {address}: {source}")]
pub struct ConnectError {
    /// The address tried last.
    pub address: SocketAddr,
    /// What kind of failure it was.
    pub failure: ConnectFailure,
    /// What the kernel said.
    pub source: io::Error,
}

/// The kinds of failure to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectFailure {
    /// Nothing listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The network does not lead there, or does not let us.
    Unreachable,
    /// Cut off while connecting, or something rarer.
    Broken,
    /// This process or machine has no descriptors, ports or memory left.
    LocalLimits,
}

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The backend's, or that of the way there.
    Backend,
    /// This machine's: it says nothing about the backend.
    Ours,
}

impl ConnectFailure {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Broken => "broken",
            Self::LocalLimits => "local_limits",
        }
    }

    /// Whose fault it is.
    #[must_use]
    pub fn fault(self) -> Fault {
        match self {
            Self::Refused | Self::TimedOut | Self::Unreachable | Self::Broken => Fault::Backend,
            Self::LocalLimits => Fault::Ours,
        }
    }

    fn of(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(Errno::CONNREFUSED) => Self::Refused,
            Some(Errno::TIMEDOUT) => Self::TimedOut,
            // The last two: a firewall of ours rejects the address.
            Some(
                Errno::HOSTUNREACH
                | Errno::NETUNREACH
                | Errno::NETDOWN
                | Errno::HOSTDOWN
                | Errno::AFNOSUPPORT
                | Errno::ACCESS
                | Errno::PERM,
            ) => Self::Unreachable,
            // EADDRNOTAVAIL and EAGAIN: no ephemeral port is left, see connect(2).
            Some(
                Errno::MFILE
                | Errno::NFILE
                | Errno::NOBUFS
                | Errno::NOMEM
                | Errno::ADDRNOTAVAIL
                | Errno::AGAIN,
            ) => Self::LocalLimits,
            Some(_) | None => Self::Broken,
        }
    }
}

/// Connects to the first of the addresses that answers, in their order. Each gets an even share
/// of the time that is left, so that one that swallows packets does not use up the others' time.
///
/// # Errors
/// The failure of the last address tried; a backend without addresses is unreachable.
pub async fn connect(
    addresses: &[SocketAddr],
    within: Duration,
    options: &TcpOptions,
) -> Result<Stream, ConnectError> {
    let begun = Instant::now();
    let mut last = None;
    let mut untried = addresses.len() as u32;
    for &address in addresses {
        let share = within.saturating_sub(begun.elapsed()) / untried;
        untried -= 1;
        let source = match within_share(share, connect_one(address, options)).await {
            Ok(tcp) => return Ok(Stream::Plain(tcp)),
            Err(source) => source,
        };
        last = Some(ConnectError { address, failure: ConnectFailure::of(&source), source });
    }
    Err(last.unwrap_or_else(|| ConnectError {
        address: SocketAddr::from(([0, 0, 0, 0], 0)),
        failure: ConnectFailure::Unreachable,
        source: io::Error::new(io::ErrorKind::AddrNotAvailable, "it has no address"),
    }))
}

/// On the wheel of the thread, which costs a fraction of a time-out of tokio's.
async fn within_share(
    share: Duration,
    connecting: impl Future<Output = io::Result<TcpStream>>,
) -> io::Result<TcpStream> {
    let mut connecting = pin!(connecting);
    let mut limit = Deadline::after(share);
    poll_fn(|cx| match connecting.as_mut().poll(cx) {
        Poll::Ready(connected) => Poll::Ready(connected),
        Poll::Pending => Pin::new(&mut limit).poll(cx).map(|()| Err(Errno::TIMEDOUT.into())),
    })
    .await
}

/// Kept connections, of which nobody would be told, give way to one that is wanted.
fn new_socket(address: SocketAddr) -> io::Result<TcpSocket> {
    loop {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        match socket {
            Err(error) if is_out_of_descriptors(&error) && kept::give_way() => {}
            socket => return socket,
        }
    }
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

async fn connect_one(address: SocketAddr, options: &TcpOptions) -> io::Result<TcpStream> {
    let socket = new_socket(address)?;
    options.set_on(&SockRef::from(&socket))?;
    let tcp = socket.connect(address).await?;
    // A port of this machine on which nothing listens may be given to this very socket as its
    // own; TCP's simultaneous open then connects it to itself.
    if ephemeral::contains(address.port()) && tcp.local_addr()? == address {
        SockRef::from(&tcp).set_linger(Some(Duration::ZERO))?;
        return Err(Errno::CONNREFUSED.into());
    }
    Ok(tcp)
}

mod ephemeral;

#[cfg(test)]
mod tests;
