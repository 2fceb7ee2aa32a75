//! Loopback ports that nobody else is given.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};

/// A free port of 127.0.0.1, kept away from everybody but the program it is meant for.
///
/// A socket stays bound to the port without listening. The kernel then neither hands the port out
/// for `bind` to port 0 nor uses it as the local port of an outgoing connection, which is what
/// makes "bind 0, close, use the number" flaky under thousands of connections. A server that sets
/// `SO_REUSEADDR` or `SO_REUSEPORT`, as all do that are used here, can bind and listen beside it;
/// one that sets neither is refused.
#[derive(Debug)]
pub struct ReservedPort {
    _held: Socket,
    address: SocketAddr,
}

impl ReservedPort {
    /// Reserves a port that the kernel chooses.
    ///
    /// # Errors
    /// When no socket can be made or no port is left.
    pub fn new() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // Bound before the two options are set: the kernel then gives a port that no other socket
        // shares.
        socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(true)?;
        let address = socket
            .local_addr()?
            .as_socket()
            .ok_or_else(|| io::Error::other("a socket bound to 127.0.0.1 has no IPv4 address"))?;
        Ok(Self { _held: socket, address })
    }

    /// The address to give to the server: 127.0.0.1 and the port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
