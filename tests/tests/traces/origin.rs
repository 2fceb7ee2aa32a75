//! A backend that answers each request by a rule.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::{Builder, JoinHandle};

use anyhow::Result;
use trunkline_tests::http::wire::Wire;

/// What the head of a request is answered with; nothing is a reset.
type Rule = dyn Fn(&str) -> Option<&'static str> + Send + Sync;

/// A running one. It takes no more connections when dropped.
pub(crate) struct Origin {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Origin {
    /// Answers requests without a body, on a thread for each connection.
    pub(crate) fn start(
        rule: impl Fn(&str) -> Option<&'static str> + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let rule: Arc<Rule> = Arc::new(rule);
        let over = Arc::<AtomicBool>::default();
        let is_over = Arc::clone(&over);
        let thread = Builder::new().name("origin".to_owned()).spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if is_over.load(SeqCst) {
                    return;
                }
                let rule = Arc::clone(&rule);
                let each = Builder::new().name("origin's peer".to_owned()).spawn(move || {
                    // Who goes away in the middle is no news.
                    let _ended = serve(stream, &*rule);
                });
                if let Err(error) = each {
                    eprintln!("the origin has no thread: {error}");
                }
            }
        })?;
        Ok(Self { address, over, thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.over.store(true, SeqCst);
        // It waits in accept.
        if TcpStream::connect(self.address).is_ok() {
            let _ended = self.thread.take().map(JoinHandle::join);
        }
    }
}

fn serve(stream: TcpStream, rule: &Rule) -> Result<()> {
    let mut wire = Wire::of(stream)?;
    loop {
        let head = wire.head()?;
        match rule(&head) {
            Some(answer) => wire.send(answer)?,
            None => return wire.abort(),
        }
    }
}

/// The path that a head asks for.
pub(crate) fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}
