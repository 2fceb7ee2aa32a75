//! A server that keeps every byte it was sent, and answers what a lenient reading finds in them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use parking_lot::Mutex;
use socket2::SockRef;

use super::lenient::{Leniency, Seen};

/// The most connections; a test makes fewer.
const MOST: usize = 10_000;
/// How long a connection may be silent. A test is over by then.
const SILENCE: Duration = Duration::from_secs(60);

/// What is said to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Byte by byte, in one write.
    pub bytes: Vec<u8>,
    /// What comes behind it.
    pub then: Then,
}

/// What comes behind an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The next one.
    Next,
    /// An end in order.
    End,
    /// A reset.
    Reset,
}

/// What a request is answered with.
pub type Answering = dyn Fn(&Seen) -> Reply + Send + Sync;

/// A running origin.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    kept: Arc<Kept>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Kept {
    connections: Mutex<Vec<Vec<u8>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    over: AtomicBool,
}

impl Origin {
    /// Starts one that finds requests as `reading` does.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(
        reading: Leniency,
        answering: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let kept = Arc::<Kept>::default();
        let answering: Arc<Answering> = Arc::new(answering);
        let acceptor = Builder::new().name("origin".to_owned()).spawn({
            let kept = Arc::clone(&kept);
            move || accept(&listener, reading, &answering, &kept)
        })?;
        Ok(Self { address, kept, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it, waits for the ends of all its connections, and returns what came over each. Whoever
    /// is connected to it has to end first.
    ///
    /// # Errors
    /// When a thread of it has panicked.
    pub fn into_record(mut self) -> Result<Vec<Vec<u8>>> {
        self.stop();
        let threads = std::mem::take(&mut *self.kept.threads.lock());
        for thread in threads {
            thread.join().map_err(|_| anyhow!("a connection of the origin has panicked"))?;
        }
        Ok(std::mem::take(&mut *self.kept.connections.lock()))
    }

    fn stop(&mut self) {
        self.kept.over.store(true, Ordering::SeqCst);
        // Wakes the acceptor. Where that fails it does not listen any more.
        let _woken = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ended = acceptor.join();
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(listener: &TcpListener, reading: Leniency, answering: &Arc<Answering>, kept: &Arc<Kept>) {
    while let Ok((stream, _)) = listener.accept() {
        let number = kept.connections.lock().len();
        if kept.over.load(Ordering::SeqCst) || number == MOST {
            return;
        }
        kept.connections.lock().push(Vec::new());
        let thread = Builder::new().name(format!("origin {number}")).spawn({
            let (kept, answering) = (Arc::clone(kept), Arc::clone(answering));
            move || {
                if let Err(error) = serve(&stream, number, reading, &*answering, &kept) {
                    eprintln!("connection {number} of the origin: {error:#}");
                }
            }
        });
        match thread {
            Ok(thread) => kept.threads.lock().push(thread),
            Err(error) => eprintln!("connection {number} of the origin has no thread: {error}"),
        }
    }
}

fn serve(
    mut stream: &TcpStream,
    number: usize,
    reading: Leniency,
    answering: &Answering,
    kept: &Kept,
) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    let (mut held, mut piece) = (Vec::new(), [0; 16 * 1024]);
    let mut is_open = true;
    loop {
        let count = match stream.read(&mut piece) {
            Ok(count @ 1..) => count,
            Ok(0) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                return Err(error).context("still open");
            }
            // Cut off, as it is when a request turns out to be bad in the middle.
            Err(_) => return Ok(()),
        };
        let piece = &piece[..count];
        if let Some(record) = kept.connections.lock().get_mut(number) {
            record.extend_from_slice(piece);
        }
        held.extend_from_slice(piece);
        while is_open && let Some(seen) = reading.first(&held) {
            held.drain(..seen.length);
            let reply = answering(&seen);
            // Who has cut the connection off meanwhile wants no answer.
            let _sent = stream.write_all(&reply.bytes);
            match reply.then {
                Then::Next => {}
                Then::End => {
                    is_open = false;
                    let _ended = stream.shutdown(Shutdown::Write);
                }
                Then::Reset => {
                    SockRef::from(stream).set_linger(Some(Duration::ZERO))?;
                    return Ok(());
                }
            }
        }
    }
}
