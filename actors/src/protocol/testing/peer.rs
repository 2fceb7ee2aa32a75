//! The other side of a connection under test.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use trunkline_runtime::{Message, Node, Tree};

use super::{Bench, MOMENT, PATIENCE};
use crate::protocol::{Closed, Connection, Protocol, Receive};
use crate::stream::{Stream, memory};

/// The peer of one connection of a [`TestConnection`](super::TestConnection).
///
/// Dropped, it is gone as a peer whose process ended: its stream ends in order.
pub struct TestPeer<P> {
    bench: Arc<Bench<P>>,
    pub(in crate::protocol) stream: Stream,
    node: Arc<Node>,
    number: u64,
    connection: Connection<P>,
}

impl<P: Protocol> TestPeer<P> {
    pub(super) fn new(
        bench: Arc<Bench<P>>,
        stream: Stream,
        node: Arc<Node>,
        number: u64,
        connection: Connection<P>,
    ) -> Self {
        Self { bench, stream, node, number, connection }
    }
}

#[expect(clippy::panic, reason = "how a test fails")]
impl<P: Protocol> TestPeer<P> {
    /// Another peer of the same listener, on a connection of its own: with the same settings, and
    /// the same messages in quarantine.
    ///
    /// # Panics
    /// When the connection cannot be started.
    pub async fn another(&self) -> Self {
        match Arc::clone(&self.bench).connect().await {
            Ok(peer) => peer,
            Err(failure) => panic!("there is no other connection: {failure}"),
        }
    }

    /// Sends bytes, and waits until they are on their way.
    ///
    /// # Panics
    /// When the connection does not take them within an hour of virtual time.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let mut bytes = bytes.as_ref();
        let stream = &mut self.stream;
        let sending = async {
            while !bytes.is_empty() {
                let written = poll_fn(|task| stream.poll_write(task, bytes)).await?;
                bytes = &bytes[written..];
            }
            Ok::<(), std::io::Error>(())
        };
        match tokio::time::timeout(PATIENCE, sending).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the connection is gone: {error}"),
            Err(_) => panic!("the connection does not read"),
        }
    }

    /// Reads as many bytes as `expected` has, which they must be.
    ///
    /// # Panics
    /// When other bytes come, or too few.
    pub async fn expect(&mut self, expected: impl AsRef<[u8]>) {
        let expected = expected.as_ref();
        let received = self.receive(expected.len()).await;
        assert_eq!(
            String::from_utf8_lossy(&received),
            String::from_utf8_lossy(expected),
            "from the connection"
        );
        assert_eq!(received, expected, "from the connection");
    }

    /// Reads `count` bytes; fewer where the connection ends or sends no more for an hour of virtual
    /// time.
    pub async fn receive(&mut self, count: usize) -> Vec<u8> {
        let mut received = vec![0; count];
        let mut filled = 0;
        let stream = &mut self.stream;
        let reading = async {
            while filled < count {
                let free = &mut received[filled..];
                match poll_fn(|task| stream.poll_read(task, free)).await {
                    Ok(0) | Err(_) => return,
                    Ok(read) => filled += read,
                }
            }
        };
        let _: Result<(), _> = tokio::time::timeout(PATIENCE, reading).await;
        received.truncate(filled);
        received
    }

    /// Expects that nothing comes at once.
    ///
    /// # Panics
    /// When something does.
    pub async fn expect_nothing(&mut self) {
        let mut byte = [0];
        let reading = poll_fn(|task| self.stream.poll_read(task, &mut byte));
        if let Ok(read) = tokio::time::timeout(MOMENT, reading).await {
            panic!("nothing was expected from the connection, and there came {read:?} {byte:?}");
        }
    }

    /// Ends the peer's own direction, in order.
    pub async fn end(&mut self) {
        // That the connection has ended before is what `expect_end` is for.
        let _ = poll_fn(|task| self.stream.poll_shutdown(task)).await;
    }

    /// Cuts the connection off.
    pub fn reset(&mut self) {
        self.stream.abort();
        let (stream, _) = memory::pair(1);
        self.stream = stream;
    }

    /// Expects the end of the connection's stream, after all that came before, and says why it
    /// ended.
    ///
    /// # Panics
    /// When something else comes before the end, or nothing at all.
    pub async fn expect_end(&mut self) -> Closed {
        let rest = self.receive(usize::from(u16::MAX)).await;
        assert_eq!(String::from_utf8_lossy(&rest), "", "before the connection's end");
        self.closed().await
    }

    /// Expects that the connection is cut off, as by a reset of TCP, whatever comes before.
    ///
    /// # Panics
    /// When it ends in order, or not at all.
    pub async fn expect_cut(&mut self) {
        let mut rest = [0; 1024];
        let reading = async {
            loop {
                match poll_fn(|task| self.stream.poll_read(task, &mut rest)).await {
                    Ok(0) => panic!("the connection ended in order, and was not cut off"),
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
        };
        if tokio::time::timeout(PATIENCE, reading).await.is_err() {
            panic!("the connection does not end");
        }
    }

    /// Waits for the end of the connection, whatever comes before, and says why it ended.
    ///
    /// # Panics
    /// When it does not end within an hour of virtual time.
    pub async fn closed(&mut self) -> Closed {
        let end = self.bench.hosted.tap().end(self.number);
        match tokio::time::timeout(PATIENCE, end).await {
            Ok(Some(closed)) => closed,
            Ok(None) | Err(_) => panic!("the connection does not end"),
        }
    }

    /// Lets time pass; everything that is due meanwhile happens in its order.
    pub async fn advance(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Lets everything happen that can happen now.
    pub async fn settle(&mut self) {
        tokio::time::sleep(MOMENT).await;
    }

    /// Makes the handler panic over the `nth` message from now, from 1.
    pub fn crash_on(&self, nth: u32) {
        self.connection.node().inject_panic_at_nth_message(nth);
    }

    /// How often the handler has been built anew.
    #[must_use]
    pub fn restarts(&self) -> u32 {
        self.connection.node().generation().saturating_sub(1)
    }

    /// The connection's address: for what other actors would send it.
    #[must_use]
    pub fn connection(&self) -> &Connection<P> {
        &self.connection
    }

    /// Sends the connection a message as another actor would, and waits until it was received.
    ///
    /// # Panics
    /// When it is not taken, or crashes the handler.
    pub async fn notify<M: Message<Answer = ()>>(&self, message: M)
    where
        P: Receive<M>,
    {
        if let Err(error) = self.connection().ask(message, PATIENCE).await {
            panic!("the connection did not receive the message: {error}");
        }
    }

    /// Everything that lives now: the connection is `test/connections/1`, its handler `protocol` and
    /// its children below it, and the actors of the application are below `test/app`.
    #[must_use]
    pub fn tree(&self) -> Tree {
        self.bench.runtime.registry().tree()
    }

    /// Stops the connection as its listener would: it drains.
    pub fn stop(&self) {
        self.bench.connections.remove_child(self.node.id());
    }
}
