//! One end of an HTTP/1.1 connection, in the hands of a test.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use socket2::SockRef;

use super::answer::{Answer, find};

/// Longer than anything takes that is waited for here.
const SOON: Duration = Duration::from_secs(30);

/// How the other side's stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// In order.
    Clean,
    /// Cut off by a reset.
    Reset,
}

/// A connected socket on which every wait has a deadline.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&to, SOON);
        Self::of(stream.with_context(|| format!("connecting to {to}"))?)
    }

    /// Takes over a connected socket.
    ///
    /// # Errors
    /// When it is not one any more.
    pub fn of(stream: TcpStream) -> Result<Self> {
        stream.set_read_timeout(Some(SOON))?;
        stream.set_write_timeout(Some(SOON))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, held: Vec::new() })
    }

    /// Its own address.
    ///
    /// # Errors
    /// When the kernel has none for it.
    pub fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.stream.local_addr()?)
    }

    /// Sends all of `bytes`.
    ///
    /// # Errors
    /// When the other side takes no more.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.stream.write_all(bytes.as_ref()).context("sending")
    }

    /// Ends what it sends, and goes on receiving.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn finish(&self) -> Result<()> {
        self.stream.shutdown(Shutdown::Write).context("half-closing")
    }

    /// Cuts the connection off with a reset.
    ///
    /// # Errors
    /// When the kernel does not let it.
    pub fn abort(self) -> Result<()> {
        Ok(SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?)
    }

    /// Receives `count` bytes.
    ///
    /// # Errors
    /// When the stream ends before.
    pub fn bytes(&mut self, count: usize) -> Result<Vec<u8>> {
        while self.held.len() < count {
            self.more().with_context(|| format!("waiting for {count} bytes"))?;
        }
        Ok(self.held.drain(..count).collect())
    }

    /// Receives exactly `expected`.
    ///
    /// # Errors
    /// When something else comes.
    pub fn expect(&mut self, expected: impl AsRef<[u8]>) -> Result<()> {
        let expected = expected.as_ref();
        let received = self.bytes(expected.len())?;
        ensure!(
            received == expected,
            "{:?} came instead of {:?}",
            String::from_utf8_lossy(&received),
            String::from_utf8_lossy(expected)
        );
        Ok(())
    }

    /// Receives a head, up to and with its empty line.
    ///
    /// # Errors
    /// When the stream ends before.
    pub fn head(&mut self) -> Result<String> {
        loop {
            if let Some(end) = find(&self.held, b"\r\n\r\n") {
                let head = self.held.drain(..end + 4).collect();
                return Ok(String::from_utf8(head)?);
            }
            self.more().context("waiting for a head")?;
        }
    }

    /// Receives a whole answer to anything but HEAD.
    ///
    /// # Errors
    /// When it is none, or is cut off; a reset is never the end of a body.
    pub fn answer(&mut self) -> Result<Answer> {
        self.answer_to(false)
    }

    /// Receives a whole answer; `to_head`: to HEAD.
    ///
    /// # Errors
    /// As [`Wire::answer`].
    pub fn answer_to(&mut self, to_head: bool) -> Result<Answer> {
        let mut ended = false;
        loop {
            if let Some((answer, length)) = Answer::read(&self.held, to_head, ended)? {
                self.held.drain(..length);
                return Ok(answer);
            }
            if ended {
                bail!("cut off after {:?}", String::from_utf8_lossy(&self.held));
            }
            match self.read() {
                Ok(0) => ended = true,
                Ok(_) => {}
                Err(error) => return Err(error).context("waiting for an answer"),
            }
        }
    }

    /// Receives all that comes up to the end of the other side's stream.
    ///
    /// # Errors
    /// When it does not end.
    pub fn rest(&mut self) -> Result<(Vec<u8>, Ended)> {
        loop {
            let ended = match self.read() {
                Ok(0) => Ended::Clean,
                Ok(_) => continue,
                Err(error) if is_cut(error.kind()) => Ended::Reset,
                Err(error) => return Err(error).context("waiting for the end"),
            };
            return Ok((std::mem::take(&mut self.held), ended));
        }
    }

    /// Receives the end of the other side's stream, in order, and nothing before it.
    ///
    /// # Errors
    /// When something else comes.
    pub fn expect_end(&mut self) -> Result<()> {
        let (rest, ended) = self.rest()?;
        let rest = String::from_utf8_lossy(&rest);
        ensure!(rest.is_empty() && ended == Ended::Clean, "{rest:?} and an end: {ended:?}");
        Ok(())
    }

    /// Whether nothing has come that was not received yet, and no end.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn is_quiet(&mut self) -> Result<bool> {
        if !self.held.is_empty() {
            return Ok(false);
        }
        self.stream.set_nonblocking(true)?;
        let read = self.stream.peek(&mut [0]);
        self.stream.set_nonblocking(false)?;
        match read {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(false),
        }
    }

    /// A second handle, to send from another thread.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn try_clone(&self) -> Result<Self> {
        Ok(Self { stream: self.stream.try_clone()?, held: Vec::new() })
    }

    fn more(&mut self) -> Result<()> {
        if self.read()? == 0 {
            bail!("the stream ended after {:?}", String::from_utf8_lossy(&self.held));
        }
        Ok(())
    }

    fn read(&mut self) -> std::io::Result<usize> {
        let mut piece = [0; 16 * 1024];
        let count = self.stream.read(&mut piece)?;
        self.held.extend_from_slice(&piece[..count]);
        Ok(count)
    }
}

/// Whether an error says that the other side has cut the connection off.
fn is_cut(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// A server whose connections are the test's own.
#[derive(Debug)]
pub struct Upstream {
    listener: TcpListener,
}

impl Upstream {
    /// Listens on a port of 127.0.0.1 that the kernel chooses.
    ///
    /// # Errors
    /// When there is none.
    pub fn new() -> Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
        // Linux applies it to accept, too.
        SockRef::from(&listener).set_read_timeout(Some(SOON))?;
        Ok(Self { listener })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// The next connection.
    ///
    /// # Errors
    /// When nobody comes.
    pub fn accept(&self) -> Result<Wire> {
        let (stream, _) = self.listener.accept().context("nobody came")?;
        Wire::of(stream)
    }

    /// Whether no connection waits to be accepted.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn is_quiet(&self) -> Result<bool> {
        self.listener.set_nonblocking(true)?;
        let accepted = self.listener.accept();
        self.listener.set_nonblocking(false)?;
        match accepted {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(false),
        }
    }
}
