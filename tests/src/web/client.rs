//! One connection of a client, and what became of each request on it.

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use super::body::{Body, Target};
use super::pattern::Pattern;
use super::wire::{Head, Wire, wrong};

/// How long the server may be silent, or take nothing.
pub const PATIENCE: Duration = Duration::from_secs(20);
const CLOSE: &str = "Connection: close\r\n";

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// What for.
    pub target: Target,
    /// The body of a POST; without one it is a GET.
    pub upload: Option<Body>,
    /// Whether the connection is to end with its answer.
    pub close: bool,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The whole answer to it, and no other.
    Served,
    /// Answered by the server itself that it cannot be served, with an end announced.
    Refused(u16),
    /// The answer had begun when the connection ended or was reset.
    Cut,
    /// The connection ended or was reset before any byte of an answer.
    Unanswered,
    /// Neither answered nor ended within [`PATIENCE`].
    Silent,
    /// Anything else, by what is wrong with it.
    Wrong(String),
}

/// An open connection.
#[derive(Debug)]
pub struct Client {
    wire: Wire,
    host: SocketAddr,
}

impl Client {
    /// Connects to `to`.
    ///
    /// # Errors
    /// As the system has them.
    pub fn connect(to: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect(to)?, to)
    }

    /// Connects to `to`; the kernel holds only about `bytes` bytes that were not read yet.
    ///
    /// # Errors
    /// As the system has them.
    pub fn connect_with_room(to: SocketAddr, bytes: usize) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
        socket.set_recv_buffer_size(bytes)?;
        socket.connect(&to.into())?;
        Self::over(socket.into(), to)
    }

    fn over(stream: TcpStream, host: SocketAddr) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { wire: Wire::new(stream), host })
    }

    /// Whether the server has ended the connection, which is seen without waiting. A client that
    /// does not look before it asks again would ask for what it cannot get (RFC 9112 §9.5).
    ///
    /// # Errors
    /// When the server has said something that nobody has asked for, and as the system has them.
    pub fn is_over(&self) -> io::Result<bool> {
        self.wire.is_over()
    }

    /// The socket, to be waited for.
    pub fn stream(&self) -> &TcpStream {
        self.wire.stream()
    }

    /// Sends a request and takes its answer.
    pub fn ask(&mut self, request: &Request) -> Outcome {
        let pattern = Pattern::of(request.target.seed);
        // An answer may have come before all could be sent.
        let sent = self.send(request, &pattern);
        let mut began = false;
        match self.answer(request, &pattern, &mut began) {
            Ok(outcome) => match sent {
                Err(error) if outcome == Outcome::Served => {
                    Outcome::Wrong(format!("served before it was all sent: {error}"))
                }
                Ok(()) | Err(_) => outcome,
            },
            Err(error) => failed(&error, began),
        }
    }

    /// Sends a request, and leaves it at that.
    ///
    /// # Errors
    /// As the system has them.
    pub fn begin(&mut self, request: &Request) -> io::Result<()> {
        self.send(request, &Pattern::of(request.target.seed))
    }

    /// Takes some bytes of whatever comes, at most what `room` has room for; their number.
    ///
    /// # Errors
    /// As the system has them.
    pub fn take_some(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.wire.stream().read(room)
    }

    fn send(&mut self, request: &Request, pattern: &Pattern) -> io::Result<()> {
        let Request { target, upload, close } = request;
        let method = if upload.is_some() { "POST" } else { "GET" };
        let framing = upload.map(|body| format!("{}\r\n", body.field())).unwrap_or_default();
        let close = if *close { CLOSE } else { "" };
        let host = self.host;
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{framing}{close}\r\n");
        self.wire.send(&head, upload.as_ref(), pattern)
    }

    fn answer(
        &mut self,
        request: &Request,
        pattern: &Pattern,
        began: &mut bool,
    ) -> io::Result<Outcome> {
        *began = self.wire.wait()?;
        if !*began {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let head = self.wire.head()?;
        let status = head.first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
        let status: u16 = status.and_then(|it| it.parse().ok()).unwrap_or_default();
        match status {
            200 => self.served(&head, request, pattern),
            502 | 503 if head.field("connection") == Some("close") => {
                self.wire.body(head.framing()?, |_| Ok(()))?;
                Ok(Outcome::Refused(status))
            }
            _ => Err(wrong(format!("{} was answered by {:?}", request.target, head.first))),
        }
    }

    fn served(&mut self, head: &Head, request: &Request, pattern: &Pattern) -> io::Result<Outcome> {
        let Target { seed, answer } = request.target;
        let sent = request.upload.map_or(0, |upload| upload.bytes);
        let told = (head.field("x-seed"), head.field("x-took"));
        if told != (Some(&*seed.to_string()), Some(&*sent.to_string())) {
            return Err(wrong(format!("{} got the answer of {told:?}", request.target)));
        }
        let mut at = 0;
        let length = self.wire.body(head.framing()?, |bytes| {
            if !pattern.has(at, bytes) {
                return Err(wrong(format!("the answer of {} is another at {at}", request.target)));
            }
            at += bytes.len() as u64;
            Ok(())
        })?;
        if length != answer.bytes {
            return Err(wrong(format!("{} got {length} bytes", request.target)));
        }
        Ok(Outcome::Served)
    }
}

fn failed(error: &io::Error, began: bool) -> Outcome {
    use ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock};
    let kind = error.kind();
    if matches!(kind, UnexpectedEof | ConnectionReset | BrokenPipe) {
        if began { Outcome::Cut } else { Outcome::Unanswered }
    } else if matches!(kind, WouldBlock | TimedOut) {
        Outcome::Silent
    } else {
        Outcome::Wrong(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Result;

    use super::super::origin::Origin;
    use super::*;

    fn request(seed: u64, chunked: bool) -> Request {
        let pause = Duration::from_millis(1);
        let answer = Body { pieces: 3, pause, ..Body::of(200_000, chunked) };
        let target = Target { seed, answer };
        Request { target, upload: Some(Body::of(100_000, !chunked)), close: false }
    }

    #[test]
    fn the_origin_answers_what_was_asked_for_and_counts_it() -> Result<()> {
        let origin = Origin::start()?;
        let mut client = Client::connect(origin.address())?;
        for seed in [1, 2] {
            assert_eq!(client.ask(&request(seed, seed == 1)), Outcome::Served);
            assert!(!client.is_over()?);
        }
        assert_eq!(origin.seen(), [(1, 1), (2, 1)].into());
        assert_eq!(origin.wrong(), [""; 0]);
        Ok(())
    }

    #[test]
    fn the_answer_to_another_request_is_noticed() -> Result<()> {
        let origin = Origin::start()?;
        let mut client = Client::connect(origin.address())?;
        client.begin(&request(1, false))?;
        let outcome = client.ask(&request(2, false));
        assert!(matches!(outcome, Outcome::Wrong(_)), "{outcome:?}");
        Ok(())
    }
}
