//! Answers of a server of redis's protocol, read byte for byte.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail, ensure};

use crate::SOON;

/// One answer: equal to another if all bytes are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Answer {
    /// Its bytes, without those of its items.
    head: Vec<u8>,
    /// What is in it, if it is an array.
    items: Vec<Answer>,
}

impl Answer {
    /// The number that it is, if it is one.
    pub(super) fn number(&self) -> Option<i64> {
        let digits = self.head.strip_prefix(b":")?.trim_ascii_end();
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    /// The same with its items in an order that depends on them alone, as many as `together` being
    /// one; and so all arrays in it.
    pub(super) fn sorted(mut self, together: usize) -> Self {
        let items = self.items.into_iter().map(|item| item.sorted(together));
        let mut items: Vec<_> = items.collect();
        // What are arrays inside of an array have their places.
        if items.iter().all(|item| item.items.is_empty()) {
            let mut groups: Vec<_> = items.chunks(together).map(<[_]>::to_vec).collect();
            groups.sort();
            items = groups.concat();
        }
        self.items = items;
        self
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.head.escape_ascii())?;
        self.items.iter().try_for_each(|item| write!(f, "{item}"))
    }
}

/// A connection to a server.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    pub(super) fn connect(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_read_timeout(Some(SOON))?;
        stream.set_write_timeout(Some(SOON))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    pub(super) fn send(&mut self, requests: &[u8]) -> Result<()> {
        self.stream.get_mut().write_all(requests).context("the server does not read")
    }

    /// Reads one answer.
    pub(super) fn read(&mut self) -> Result<Answer> {
        let mut head = Vec::new();
        self.stream.read_until(b'\n', &mut head).context("no answer")?;
        let length = || -> Result<Option<usize>> {
            let digits = head[1..].trim_ascii_end();
            let length: i64 = std::str::from_utf8(digits)?.parse()?;
            // A negative one is nothing at all.
            Ok(usize::try_from(length).ok())
        };
        let mut items = Vec::new();
        match head.first() {
            Some(b'+' | b'-' | b':') => {}
            Some(b'$') => {
                if let Some(length) = length()? {
                    let mut bulk = vec![0; length + 2];
                    self.stream.read_exact(&mut bulk).context("half an answer")?;
                    ensure!(bulk.ends_with(b"\r\n"), "a bulk is longer than its length");
                    head.extend(bulk);
                }
            }
            Some(b'*') => {
                for _ in 0..length()?.unwrap_or(0) {
                    items.push(self.read()?);
                }
            }
            Some(_) => bail!("no answer begins so: {}", head.escape_ascii()),
            None => bail!("the connection ended"),
        }
        Ok(Answer { head, items })
    }

    /// All that comes until the server closes the connection.
    pub(super) fn read_to_end(mut self) -> Result<Vec<u8>> {
        let mut all = Vec::new();
        self.stream.read_to_end(&mut all).context("the server does not close the connection")?;
        Ok(all)
    }
}
