//! A peer that sends the line that crashes handlers.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::protocols::{CRASHED, REFUSED};

/// Not one byte differs from time to time.
const POISON: &[u8] = b"poison panic\n";
/// How long an answer may take.
const PROMPT: Duration = Duration::from_secs(10);

/// What became of the line.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) crashed: u64,
    pub(super) refused: u64,
    pub(super) connections: u64,
}

/// One of these peers.
pub(super) struct Poisoner {
    to: SocketAddr,
    reconnects: bool,
    stream: Option<BufReader<TcpStream>>,
}

impl Poisoner {
    /// One that connects when it has something to send: each time anew if it `reconnects`.
    pub(super) fn new(to: SocketAddr, reconnects: bool) -> Self {
        Self { to, reconnects, stream: None }
    }

    /// Sends it.
    pub(super) fn send(&mut self, tally: &mut Tally) -> Result<()> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                tally.connections += 1;
                let stream = TcpStream::connect(self.to)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PROMPT))?;
                none.insert(BufReader::with_capacity(64, stream))
            }
        };
        Ok(stream.get_mut().write_all(POISON)?)
    }

    /// Takes the answer.
    pub(super) fn hear(&mut self, tally: &mut Tally) -> Result<()> {
        let mut stream = self.stream.take().context("nothing was sent")?;
        let mut answer = String::new();
        stream.read_line(&mut answer)?;
        match answer.trim_end() {
            CRASHED => tally.crashed += 1,
            REFUSED => tally.refused += 1,
            other => bail!("the line that crashes handlers was answered by {other:?}"),
        }
        self.stream = (!self.reconnects).then_some(stream);
        Ok(())
    }
}
