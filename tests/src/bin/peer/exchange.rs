//! One request and its answer.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Fields of an answer that are understood.
const FIELDS: usize = 32;
/// The longest head of an answer.
const LONGEST_HEAD: usize = 16 * 1024;
/// Room for a head and a small body, so that both are read at once.
const ROOM: usize = 4096;

/// What is sent, and what has to come back.
#[derive(Clone)]
pub(crate) enum Exchange {
    /// The same bytes.
    Echo(Arc<[u8]>),
    /// A request for a body of so many bytes, with status 200.
    Get { request: Arc<[u8]>, body: u64, persistence: Persistence },
}

/// What becomes of a connection after an HTTP answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// It is used again.
    Kept,
    /// The server closes it, as the request asks.
    Closed,
}

impl Exchange {
    /// An echo of so many bytes; `line` says whether the last of them is a line feed.
    pub(crate) fn echo(size: u32, line: bool) -> Result<Self> {
        let mut request = vec![b'k'; usize::try_from(size)?];
        if let Some(last) = request.last_mut().filter(|_| line) {
            *last = b'\n';
        }
        Ok(Self::Echo(request.into()))
    }

    /// A GET for so many bytes.
    pub(crate) fn get(body: u32, persistence: Persistence) -> Self {
        let body = body.into();
        Self::Get { request: get(body, persistence).into(), body, persistence }
    }

    /// Whether the answer is followed by an end that the other side makes.
    pub(crate) fn other_side_closes(&self) -> bool {
        matches!(self, Self::Get { persistence: Persistence::Closed, .. })
    }

    /// Sends the request and reads the answer, not a byte more; `buffer` is only for its space.
    ///
    /// # Errors
    /// When the answer is another, or too long.
    pub(crate) async fn make(
        &self,
        stream: &mut TcpStream,
        buffer: &mut Vec<u8>,
    ) -> io::Result<()> {
        match self {
            Self::Echo(request) => {
                buffer.resize(request.len(), 0);
                let (mut reading, mut writing) = stream.split();
                tokio::try_join!(writing.write_all(request), reading.read_exact(buffer))?;
                let same = buffer[..] == request[..];
                same.then_some(()).ok_or_else(|| io::Error::other("not the bytes that were sent"))
            }
            Self::Get { request, body, .. } => {
                stream.write_all(request).await?;
                let head = read_head(stream, buffer, *body).await?;
                let whole = u64::try_from(head).unwrap_or(u64::MAX).saturating_add(*body);
                while (buffer.len() as u64) < whole {
                    read_more(stream, buffer).await?;
                }
                let exact = buffer.len() as u64 == whole;
                exact.then_some(()).ok_or_else(|| io::Error::other("more than the answer"))
            }
        }
    }

    /// As [`Exchange::make`], in so much time at most.
    pub(crate) async fn make_within(
        &self,
        limit: Duration,
        stream: &mut TcpStream,
        buffer: &mut Vec<u8>,
    ) -> io::Result<()> {
        timeout(limit, self.make(stream, buffer)).await.map_err(io::Error::from).flatten()
    }
}

/// A request as small programs send them, for a body of `bytes`.
pub(crate) fn get(bytes: u64, persistence: Persistence) -> Vec<u8> {
    let close = match persistence {
        Persistence::Kept => "",
        Persistence::Closed => "Connection: close\r\n",
    };
    let fields = "Host: bench.test\r\nUser-Agent: peer\r\nAccept: */*\r\n";
    format!("GET /bytes/{bytes} HTTP/1.1\r\n{fields}{close}\r\n").into_bytes()
}

/// Reads into the emptied `buffer` until it begins with a whole head of an answer that has status
/// 200 and announces `body` bytes; returns the head's length.
pub(crate) async fn read_head(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    body: u64,
) -> io::Result<usize> {
    buffer.clear();
    loop {
        read_more(stream, buffer).await?;
        if let Some(length) = head(buffer, body)? {
            return Ok(length);
        }
        if buffer.len() > LONGEST_HEAD {
            return Err(io::Error::other("a head without an end"));
        }
    }
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.reserve(ROOM);
    match stream.read_buf(buffer).await? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// The length of the head that `bytes` begin with, or `None` as long as it is not whole.
fn head(bytes: &[u8], body: u64) -> io::Result<Option<usize>> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut answer = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = answer.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    if answer.code != Some(200) {
        return Err(io::Error::other(format!("status {:?}", answer.code)));
    }
    let lengths = answer.headers.iter().filter(|it| it.name.eq_ignore_ascii_case("content-length"));
    let lengths: Vec<_> = lengths.map(|field| field.value).collect();
    if lengths != [body.to_string().as_bytes()] {
        return Err(io::Error::other(format!("not a body of {body} bytes")));
    }
    Ok(Some(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_whole_with_its_empty_line() -> io::Result<()> {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-LENGTH: 12\r\n\r\nx";
        assert_eq!(head(&bytes[..bytes.len() - 2], 12)?, None);
        assert_eq!(head(bytes, 12)?, Some(bytes.len() - 1));
        Ok(())
    }

    #[test]
    fn an_answer_of_another_status_or_length_is_wrong() {
        for wrong in [
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 12\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nContent-Length: 12\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n\r\n",
        ] {
            assert!(head(wrong.as_bytes(), 12).is_err(), "{wrong}");
        }
    }
}
