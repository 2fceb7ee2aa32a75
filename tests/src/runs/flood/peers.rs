//! Peers that do not play by the rules.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use crate::protocols::{PANIC, POUR};

/// What is sent at once.
static PIECE: [u8; 64 * 1024] = [b'x'; 64 * 1024];
/// How long any of them waits for the server.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connections that are open and served.
pub(super) struct Peers(Vec<TcpStream>);

impl Peers {
    /// Connects all, and has each answered once: what a connection costs by itself is spent then.
    pub(super) fn connect(to: SocketAddr, count: u32) -> Result<Self> {
        (0..count).map(|_| proved(to)).collect::<Result<_>>().map(Self)
    }

    /// Each sends so many bytes of one line.
    pub(super) fn fill(&mut self, bytes: u64) -> Result<()> {
        for stream in &mut self.0 {
            send(stream, bytes).context("cut off below the bound")?;
        }
        Ok(())
    }

    /// Each goes on to send up to `bytes` bytes of that line, on a thread of its own.
    pub(super) fn flood(self, bytes: u64) -> Result<Flood> {
        let threads = self.0.into_iter().map(|mut stream| {
            let flood = move || {
                let mut sent = 0;
                while sent < bytes {
                    match stream.write(&PIECE) {
                        Ok(taken) => sent += taken as u64,
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        // Cut off: what was meant to happen.
                        Err(_) => break,
                    }
                }
                sent
            };
            thread::Builder::new().name("flood".to_owned()).spawn(flood)
        });
        Ok(Flood(threads.collect::<Result<_, _>>()?))
    }

    /// Each asks for an endless answer, and reads none of it.
    pub(super) fn ask_for_more_than_they_read(&mut self) -> Result<()> {
        for stream in &mut self.0 {
            stream.write_all(format!("{POUR}\n").as_bytes())?;
        }
        Ok(())
    }
}

/// Peers that send.
pub(super) struct Flood(Vec<JoinHandle<u64>>);

impl Flood {
    /// Whether all were cut off, or have sent all.
    pub(super) fn is_over(&self) -> bool {
        self.0.iter().all(JoinHandle::is_finished)
    }

    /// The most that one of them has sent.
    pub(super) fn finish(self) -> Result<u64> {
        let sent = self.0.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a panic")));
        Ok(sent.collect::<Result<Vec<_>>>()?.into_iter().max().unwrap_or_default())
    }
}

/// Has a handler crash.
pub(super) fn crash(to: SocketAddr) -> Result<()> {
    let mut stream = proved(to)?;
    stream.write_all(format!("it{PANIC}\n").as_bytes())?;
    let closed = stream.read(&mut [0]).context("not closed after a crash")?;
    ensure!(closed == 0, "answered after a crash");
    Ok(())
}

fn proved(to: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(to)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"here\n")?;
    let mut answer = String::new();
    // Nothing comes behind the answer that the reader could keep.
    BufReader::with_capacity(64, &stream).read_line(&mut answer)?;
    ensure!(answer == "here\n", "answered by {answer:?}");
    Ok(stream)
}

fn send(stream: &mut TcpStream, bytes: u64) -> Result<()> {
    let mut left = bytes;
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE.len());
        stream.write_all(&PIECE[..piece])?;
        left -= piece as u64;
    }
    Ok(())
}
