//! Sockets: the only place besides [`stream`](crate::stream) that knows the transport is TCP.
//!
//! | file | what |
//! |---|---|
//! | [`listen`] | one listening socket per worker, all on one address |
//! | [`mod@connect`] | a connection to a backend |

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

pub use self::connect::{ConnectError, ConnectFailure, Fault, connect};
pub use self::listen::{AcceptSocket, BindError, ListenOptions, Listening};
pub use self::sockets::Sockets;
pub(crate) use self::sockets::Wanted;

pub mod connect;
pub mod listen;
mod sockets;

/// How a vanished peer is noticed. `TCP_NODELAY` is not among these: a proxy has no small writes
/// to join, it is always set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpOptions {
    /// Send keep-alive probes after this long without a byte; in whole seconds, at least one.
    pub keepalive: Option<Duration>,
    /// Give up when bytes that were sent stay unacknowledged this long (`TCP_USER_TIMEOUT`,
    /// milliseconds). It also ends a connection whose peer keeps its window shut this long.
    pub user_timeout: Option<Duration>,
}

impl TcpOptions {
    fn set_on(&self, socket: &SockRef<'_>) -> io::Result<()> {
        socket.set_tcp_nodelay(true)?;
        if let Some(idle) = self.keepalive {
            let idle = idle.max(Duration::from_secs(1));
            socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle))?;
        }
        if let Some(timeout) = self.user_timeout {
            socket.set_tcp_user_timeout(Some(timeout))?;
        }
        Ok(())
    }
}
