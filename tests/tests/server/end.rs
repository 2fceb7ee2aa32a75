//! One end of a connection in the hands of a test.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use socket2::SockRef;

use super::{ANY, SOON};

/// A connected socket on which every wait has a deadline.
pub(crate) struct End {
    stream: TcpStream,
}

impl End {
    pub(crate) fn connect(to: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&to, SOON);
        Self::of(stream.with_context(|| format!("connecting to {to}"))?)
    }

    fn of(stream: TcpStream) -> Result<Self> {
        stream.set_read_timeout(Some(SOON))?;
        stream.set_write_timeout(Some(SOON))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    pub(crate) fn local_addr(&self) -> Result<SocketAddr> {
        Ok(self.stream.local_addr()?)
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.stream.write_all(bytes.as_ref()).context("sending")
    }

    /// Ends what it sends, and goes on receiving.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.stream.shutdown(Shutdown::Write).context("half-closing")
    }

    /// Receives exactly `expected`.
    pub(crate) fn expect(&mut self, expected: impl AsRef<[u8]>) -> Result<()> {
        let expected = expected.as_ref();
        let mut received = vec![0; expected.len()];
        self.stream.read_exact(&mut received).context("receiving")?;
        ensure!(
            received == expected,
            "{:?} came instead of {:?}",
            String::from_utf8_lossy(&received),
            String::from_utf8_lossy(expected)
        );
        Ok(())
    }

    /// Receives up to the end of the other side's stream.
    pub(crate) fn rest(&mut self) -> Result<Vec<u8>> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).context("receiving")?;
        Ok(rest)
    }

    /// Receives a line, without its end.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = Vec::new();
        loop {
            let mut byte = [0];
            self.stream
                .read_exact(&mut byte)
                .with_context(|| format!("receiving a line, after {line:?}"))?;
            match byte {
                [b'\n'] => return Ok(String::from_utf8(line)?),
                [byte] => line.push(byte),
            }
        }
    }

    /// Sends `bytes` and receives them again: both directions work.
    pub(crate) fn echo(&mut self, bytes: &str) -> Result<()> {
        self.send(bytes)?;
        self.expect(bytes)
    }

    /// Receives the end of the other side's stream, and nothing before it.
    pub(crate) fn expect_end(&mut self) -> Result<()> {
        let rest = self.rest()?;
        ensure!(rest.is_empty(), "{rest:?} came before the end");
        Ok(())
    }

    /// Is cut off, and not ended in order.
    pub(crate) fn expect_reset(&mut self) -> Result<()> {
        match self.stream.read(&mut [0]) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(error).context("waiting for a reset"),
            Ok(0) => bail!("an orderly end came instead of a reset"),
            Ok(_) => bail!("bytes came instead of a reset"),
        }
    }

    /// Is over, in order or not.
    pub(crate) fn expect_over(&mut self) -> Result<()> {
        match self.stream.read(&mut [0]) {
            Ok(0) => Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
            Err(error) => Err(error).context("waiting for the end"),
            Ok(_) => bail!("bytes came instead of the end"),
        }
    }

    /// Cuts the connection off with a reset.
    pub(crate) fn abort(self) -> Result<()> {
        Ok(SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?)
    }

    /// A second handle, to send and receive from two threads.
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let stream = self.stream.try_clone()?;
        Ok(Self { stream })
    }
}

/// A backend whose connections are the test's own.
pub(crate) struct Upstream {
    listener: TcpListener,
}

impl Upstream {
    pub(crate) fn new() -> Result<Self> {
        Self::on(ANY)
    }

    pub(crate) fn on(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address)?;
        // Linux applies it to accept, too.
        SockRef::from(&listener).set_read_timeout(Some(SOON))?;
        Ok(Self { listener })
    }

    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// The next connection that the program has made.
    pub(crate) fn accept(&self) -> Result<End> {
        let (stream, _) = self.listener.accept().context("nobody came")?;
        End::of(stream)
    }

    /// Whether no connection waits to be accepted.
    pub(crate) fn is_quiet(&self) -> Result<bool> {
        self.listener.set_nonblocking(true)?;
        let accepted = self.listener.accept();
        self.listener.set_nonblocking(false)?;
        match accepted {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(false),
        }
    }
}
