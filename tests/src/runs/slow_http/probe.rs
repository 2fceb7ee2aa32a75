//! A client that behaves, and looks at the clock.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::latency::Latency;
use crate::runs::pace::Pace;

/// What is asked for, below the site of the origin.
pub(super) const SMALL: &str = "small";
/// Between two requests of a kind.
const PERIOD: Duration = Duration::from_millis(5);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client with a kept connection.
pub(super) struct Probe {
    server: SocketAddr,
    kept: BufReader<TcpStream>,
}

/// What it has seen.
pub(super) struct Seen {
    /// From the request to the end of its answer, over one connection.
    pub(super) kept: Latency,
    /// From the beginning of a connection to the end of the answer over it.
    pub(super) new: Latency,
    pub(super) failed: u64,
}

impl Seen {
    pub(super) fn made(&self) -> u64 {
        self.kept.count + self.new.count + self.failed
    }
}

impl Probe {
    pub(super) fn connect(server: SocketAddr) -> Result<Self> {
        Ok(Self { server, kept: connect(server)? })
    }

    /// Asks on both kinds of connection at a steady rate.
    pub(super) fn measure(&mut self, seconds: u32) -> Result<Seen> {
        let rounds = u128::from(seconds) * 1_000 / PERIOD.as_millis();
        let (mut kept, mut new, mut failed) = (Vec::new(), Vec::new(), 0);
        let mut pace = Pace::every(PERIOD);
        for _ in 0..rounds {
            pace.wait();
            let began = Instant::now();
            if ask(&mut self.kept).is_ok() {
                kept.push(nanos(began));
            } else {
                failed += 1;
                self.kept = connect(self.server).context("refused by the server")?;
            }
            let began = Instant::now();
            match connect(self.server).and_then(|mut stream| ask(&mut stream)) {
                Ok(()) => new.push(nanos(began)),
                Err(_) => failed += 1,
            }
        }
        Ok(Seen { kept: Latency::of(kept), new: Latency::of(new), failed })
    }
}

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn connect(server: SocketAddr) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

/// One request, and its whole answer.
fn ask(stream: &mut BufReader<TcpStream>) -> Result<()> {
    let request = format!("GET /{SMALL} HTTP/1.1\r\nHost: probe\r\n\r\n");
    stream.get_mut().write_all(request.as_bytes())?;
    let mut line = String::new();
    stream.read_line(&mut line)?;
    ensure!(line.starts_with("HTTP/1.1 200 "), "answered {line:?}");
    let mut length = None;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let field = line.trim_end().to_ascii_lowercase();
        if field.is_empty() {
            break;
        }
        if let Some(value) = field.strip_prefix("content-length:") {
            length = Some(value.trim().parse()?);
        }
    }
    let mut body = vec![0; length.context("an answer without a length")?];
    Ok(stream.read_exact(&mut body)?)
}
