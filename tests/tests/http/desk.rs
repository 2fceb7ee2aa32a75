//! Origins that answer by a rule, and hand over to the test what the rule leaves to it.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use trunkline_tests::http::answer::field;
use trunkline_tests::http::wire::Wire;

use super::SOON;

/// A request with its body, as long as that has a length.
pub(crate) struct Asked {
    /// The origin, from 0.
    pub(crate) who: usize,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// What is said to a request.
pub(crate) enum Said {
    /// This, and the connection stays.
    Bytes(Vec<u8>),
    /// A reset.
    Reset,
    /// The test says it.
    Later,
}

/// An answer with this body.
pub(crate) fn ok(body: &str) -> Said {
    answer(200, body)
}

/// An answer with this status and body.
pub(crate) fn answer(status: u16, body: &str) -> Said {
    let length = body.len();
    Said::Bytes(format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}").into())
}

/// The name of an origin.
pub(crate) fn name(who: usize) -> String {
    format!("origin {who}")
}

/// What was handed over. The connection is the test's from here on.
pub(crate) struct Call {
    pub(crate) asked: Asked,
    pub(crate) wire: Wire,
}

type Rule = dyn Fn(&Asked) -> Said + Send + Sync;

/// Running origins. They take no more connections when dropped.
pub(crate) struct Desk {
    origins: Vec<Origin>,
    calls: Receiver<Call>,
}

struct Origin {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    /// Starts so many.
    pub(crate) fn open(
        count: usize,
        rule: impl Fn(&Asked) -> Said + Send + Sync + 'static,
    ) -> Result<Self> {
        let rule: Arc<Rule> = Arc::new(rule);
        let (hand_over, calls) = channel();
        let origin = |who| Origin::open(who, &rule, &hand_over);
        Ok(Self { origins: (0..count).map(origin).collect::<Result<_>>()?, calls })
    }

    /// Where they listen.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.origins.iter().map(|origin| origin.address).collect()
    }

    /// The same as tables of a file, each with what `more` says of it.
    pub(crate) fn tables(&self, more: &[&str]) -> Vec<String> {
        let mut tables = Vec::new();
        for (address, more) in self.addresses().iter().zip(more) {
            let mut table = format!("{{ address = \"{address}\"");
            let _ = write!(table, "{}{more} }}", if more.is_empty() { "" } else { ", " });
            tables.push(table);
        }
        tables
    }

    /// How often an origin was asked.
    pub(crate) fn count(&self, who: usize) -> usize {
        self.origins[who].asked.load(SeqCst)
    }

    /// How often each was asked.
    pub(crate) fn counts(&self) -> Vec<usize> {
        (0..self.origins.len()).map(|who| self.count(who)).collect()
    }

    /// The next request that the rule leaves to the test.
    pub(crate) fn call(&self) -> Result<Call> {
        self.calls.recv_timeout(SOON).context("no request came")
    }

    /// The same, if it comes `within` that.
    pub(crate) fn call_within(&self, within: Duration) -> Result<Option<Call>> {
        match self.calls.recv_timeout(within) {
            Ok(call) => Ok(Some(call)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => bail!("the origins are gone"),
        }
    }

    /// An origin takes no more connections: they are refused from here on.
    pub(crate) fn close(&mut self, who: usize) {
        self.origins[who].close();
    }
}

impl Origin {
    fn open(who: usize, rule: &Arc<Rule>, hand_over: &Sender<Call>) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (asked, over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let thread = Builder::new().name(name(who)).spawn({
            let (rule, hand_over) = (Arc::clone(rule), hand_over.clone());
            let (asked, over) = (Arc::clone(&asked), Arc::clone(&over));
            move || {
                while let Ok((stream, _)) = listener.accept() {
                    if over.load(SeqCst) {
                        return;
                    }
                    let (rule, hand_over) = (Arc::clone(&rule), hand_over.clone());
                    let asked = Arc::clone(&asked);
                    let each = Builder::new().name(name(who)).spawn(move || {
                        // Whoever goes away in the middle is no news.
                        let _ended = serve(who, stream, &*rule, &asked, &hand_over);
                    });
                    if let Err(error) = each {
                        eprintln!("{} has no thread: {error}", name(who));
                    }
                }
            }
        })?;
        Ok(Self { address, asked, over, thread: Some(thread) })
    }

    fn close(&mut self) {
        self.over.store(true, SeqCst);
        if let Some(thread) = self.thread.take() {
            // It waits in accept.
            let _woken = TcpStream::connect(self.address);
            let _ended = thread.join();
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.close();
    }
}

fn serve(
    who: usize,
    stream: TcpStream,
    rule: &Rule,
    count: &AtomicUsize,
    hand_over: &Sender<Call>,
) -> Result<()> {
    let mut wire = Wire::of(stream)?;
    loop {
        let head = wire.head()?;
        let length = field(&head, "Content-Length").map_or(Ok(0), str::parse)?;
        let asked = Asked { who, head, body: wire.bytes(length)? };
        count.fetch_add(1, SeqCst);
        match rule(&asked) {
            Said::Bytes(bytes) => wire.send(bytes)?,
            Said::Reset => return wire.abort(),
            Said::Later => {
                // A test that has ended wants nothing more.
                let _late = hand_over.send(Call { asked, wire });
                return Ok(());
            }
        }
    }
}
