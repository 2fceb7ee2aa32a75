//! Takes the log of a program that sends it by UDP.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use socket2::SockRef;

/// The longest line.
const LINE: usize = 64 * 1024;
/// What the kernel may hold until it is read; it lowers this to its own limit.
const QUEUE: usize = 4 * 1024 * 1024;
/// How soon the receiver notices that it is no longer wanted.
const LOOK: Duration = Duration::from_millis(100);

/// A receiver on a thread of its own, which throws away what it is sent. Ended when dropped.
#[derive(Debug)]
pub struct Syslog {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    lines: AtomicU64,
    ended: AtomicBool,
}

impl Syslog {
    /// Starts to receive on a port of 127.0.0.1 that the kernel chooses.
    ///
    /// # Errors
    /// When no socket or no thread can be made.
    pub fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        SockRef::from(&socket).set_recv_buffer_size(QUEUE)?;
        socket.set_read_timeout(Some(LOOK))?;
        let address = socket.local_addr()?;
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("syslog".to_owned());
        let thread = thread.spawn(move || theirs.receive(&socket))?;
        Ok(Self { address, shared, thread: Some(thread) })
    }

    /// Where to send lines.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lines received so far.
    pub fn lines(&self) -> u64 {
        self.shared.lines.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn receive(&self, socket: &UdpSocket) {
        let mut line = vec![0; LINE];
        while !self.ended.load(Ordering::Relaxed) {
            match socket.recv(&mut line) {
                Ok(_) => {
                    self.lines.fetch_add(1, Ordering::Relaxed);
                }
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return,
            }
        }
    }
}

impl Drop for Syslog {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It cannot panic, and ends within a tenth of a second.
            let _ended = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_received_and_counted() -> io::Result<()> {
        let syslog = Syslog::start()?;
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        sender.send_to(b"<134>one", syslog.address())?;
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while syslog.lines() == 0 && std::time::Instant::now() < deadline {
            thread::yield_now();
        }
        assert_eq!(syslog.lines(), 1);
        Ok(())
    }
}
