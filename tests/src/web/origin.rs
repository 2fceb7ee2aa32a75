//! An origin that answers each request as its target asks for.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};

use anyhow::Result;
use parking_lot::Mutex;

use super::body::Target;
use super::pattern::Pattern;
use super::wire::{Wire, wrong};

/// A running origin on 127.0.0.1, with a thread for each connection. It takes no more of them when
/// dropped; those that are there end when their other side ends them.
#[derive(Debug)]
pub struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    /// How often the head of which request was read, by its number.
    seen: Mutex<HashMap<u64, u32>>,
    /// What came that is no request of these clients.
    wrong: Mutex<Vec<String>>,
}

impl Origin {
    /// Listens on a port that the kernel chooses.
    ///
    /// # Errors
    /// When there is no socket or no thread for it.
    pub fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        let accept = move || {
            for stream in listener.incoming() {
                if ours.over.load(Relaxed) {
                    return;
                }
                let each = Arc::clone(&ours);
                let serve = move |stream| each.serve(stream);
                let served = stream.and_then(|stream| {
                    Builder::new().name("origin-peer".to_owned()).spawn(move || serve(stream))
                });
                if let Err(error) = served {
                    ours.wrong.lock().push(format!("a connection could not be served: {error}"));
                }
            }
        };
        let thread = Builder::new().name("origin".to_owned()).spawn(accept)?;
        Ok(Self { address, shared, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it has seen which request, by its number.
    pub fn seen(&self) -> HashMap<u64, u32> {
        self.shared.seen.lock().clone()
    }

    /// What came that is no request of these clients, or a body that is not the one it should be.
    pub fn wrong(&self) -> Vec<String> {
        self.shared.wrong.lock().clone()
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.shared.over.store(true, Relaxed);
        // It waits in accept.
        if TcpStream::connect(self.address).is_ok() {
            let _ended = self.thread.take().map(JoinHandle::join);
        }
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) {
        let served = stream.set_nodelay(true).and_then(|()| {
            let mut wire = Wire::new(stream);
            while wire.wait()? {
                self.answer(&mut wire)?;
            }
            Ok(())
        });
        match served {
            // A server that goes away is no news.
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                self.wrong.lock().push(error.to_string());
            }
            Ok(()) | Err(_) => {}
        }
    }

    fn answer(&self, wire: &mut Wire) -> io::Result<()> {
        let head = wire.head()?;
        let target = head.first.split(' ').nth(1).unwrap_or_default();
        let Target { seed, answer } =
            target.parse().map_err(|_| wrong(format!("asked for {:?}", head.first)))?;
        *self.seen.lock().entry(seed).or_default() += 1;
        let pattern = Pattern::of(seed);
        let mut at = 0;
        let took = wire.body(head.framing()?, |bytes| {
            if !pattern.has(at, bytes) {
                return Err(wrong(format!("the body of {target} is another at {at}")));
            }
            at += bytes.len() as u64;
            Ok(())
        })?;
        let framing = answer.field();
        let answering =
            format!("HTTP/1.1 200 OK\r\nX-Seed: {seed}\r\nX-Took: {took}\r\n{framing}\r\n\r\n");
        wire.send(&answering, Some(&answer), &pattern)
    }
}
