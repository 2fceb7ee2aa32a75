//! Whose fault it is that a connection could not be accepted, and so what to do about it.

use std::io;

use rustix::io::Errno;

/// Whose fault an error of accept is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptFault {
    /// That of the one connection, which is gone: go on with the next.
    Peer,
    /// Descriptors or memory are used up; the connection stays queued. Pause, then go on: an
    /// immediate retry would fail in the same way and spin.
    Limits,
    /// The socket cannot be accepted from any more: fail, to be started anew.
    Socket,
}

impl AcceptFault {
    /// Sorts an error of accept as accept(2) describes them. Linux passes on pending errors of
    /// the network as errors of accept ("Error handling"); they concern the one connection.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(
                Errno::CONNABORTED
                | Errno::CONNRESET
                | Errno::INTR
                | Errno::AGAIN
                // A firewall's rule forbids this connection.
                | Errno::PERM
                | Errno::NETDOWN
                | Errno::PROTO
                | Errno::NOPROTOOPT
                | Errno::HOSTDOWN
                | Errno::NONET
                | Errno::HOSTUNREACH
                | Errno::OPNOTSUPP
                | Errno::NETUNREACH
                | Errno::TIMEDOUT,
            ) => Self::Peer,
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => Self::Limits,
            // EBADF, EINVAL and ENOTSOCK; and of an error that nobody foresaw, to start anew
            // under a back-off is the one answer that neither spins nor stays silent.
            Some(_) | None => Self::Socket,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(errno: Errno) -> AcceptFault {
        AcceptFault::of(&errno.into())
    }

    #[test]
    fn a_connection_that_was_aborted_in_the_queue_is_its_peers_fault() {
        for errno in [Errno::CONNABORTED, Errno::PROTO, Errno::PERM, Errno::NETDOWN] {
            assert_eq!(fault(errno), AcceptFault::Peer, "{errno}");
        }
    }

    #[test]
    fn running_out_of_descriptors_or_memory_is_a_limits_fault() {
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert_eq!(fault(errno), AcceptFault::Limits, "{errno}");
        }
    }

    #[test]
    fn a_broken_socket_and_the_unforeseen_are_the_sockets_fault() {
        for errno in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK, Errno::XDEV] {
            assert_eq!(fault(errno), AcceptFault::Socket, "{errno}");
        }
        assert_eq!(AcceptFault::of(&io::Error::other("no errno")), AcceptFault::Socket);
    }
}
