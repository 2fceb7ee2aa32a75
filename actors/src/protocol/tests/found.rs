//! Cases that a review found, each of which once failed.

use crate::protocol::heartbeat::Heartbeat;
use crate::protocol::testing::TestConnection;
use crate::protocol::{Closed, Crash, Cx, Limits, Next, Peer, Protocol, Receive, Result};
use bytes::BytesMut;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::time::Duration;
use tokio_util::codec::{Decoder, Encoder, LinesCodec};
use trunkline_runtime::{Intensity, Message};

const S: Duration = Duration::from_secs(1);

struct Flip;
impl Protocol for Flip {
    type Codec = LinesCodec;
    type State = ();
    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }
    fn state(&self, _: &Peer) {}
    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        if line == "flip" {
            return Ok(cx.upgrade(Flip));
        }
        cx.send(line).await?;
        Ok(Next::Read)
    }
}

#[test]
fn a_connection_may_change_its_protocol_for_ever() {
    let n = 10_000;
    TestConnection::new(Flip).run(async move |peer| {
        for _ in 0..n / 100 {
            peer.send("flip\n".repeat(100)).await;
            peer.settle().await;
        }
        peer.send("hello\n").await;
        peer.expect("hello\n").await;
    });
}

enum Part {
    Head,
    End,
}
struct Halves(bool, u8);
impl Decoder for Halves {
    type Item = (Part, u8);
    type Error = std::io::Error;
    fn decode(&mut self, src: &mut BytesMut) -> std::io::Result<Option<(Part, u8)>> {
        if self.0 {
            self.0 = false;
            return Ok(Some((Part::End, self.1)));
        }
        if src.is_empty() {
            return Ok(None);
        }
        self.1 = src.split_to(1)[0];
        self.0 = true;
        Ok(Some((Part::Head, self.1)))
    }
}
impl Encoder<&'static str> for Halves {
    type Error = std::io::Error;
    fn encode(&mut self, it: &'static str, out: &mut BytesMut) -> std::io::Result<()> {
        out.extend_from_slice(it.as_bytes());
        Ok(())
    }
}
struct Ends;
impl Protocol for Ends {
    type Codec = Halves;
    type State = ();
    fn codec(&self) -> Halves {
        Halves(false, 0)
    }
    fn state(&self, _: &Peer) {}
    async fn message(&self, cx: &mut Cx<Self>, (part, of): (Part, u8)) -> Result<Next> {
        if let Part::End = part {
            if of < b'a' {
                panic!("bad")
            }
            cx.send("ok\n").await?;
        }
        Ok(Next::Read)
    }
    async fn recovered(&self, cx: &mut Cx<Self>, crash: &Crash) -> Result<Next> {
        cx.send(if crash.is_quarantined() { "quarantined\n" } else { "error\n" }).await?;
        Ok(Next::Read)
    }
}
#[test]
fn messages_without_bytes_of_their_own_are_not_taken_for_one_another() {
    TestConnection::new(Ends).run(async |peer| {
        peer.send("a").await;
        peer.expect("ok\n").await;
        for poison in ["1", "2", "3", "4"] {
            peer.send(poison).await;
            peer.expect("error\n").await;
        }
        peer.send("a").await;
        peer.expect("ok\n").await;
    });
}

struct Waits;
impl Protocol for Waits {
    type Codec = LinesCodec;
    type State = ();
    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }
    fn state(&self, _: &Peer) {}
    fn limits(&self) -> Limits {
        Limits { heartbeat: Heartbeat::new(S, 1).ok(), ..Limits::default() }
    }
    async fn open(&self, cx: &mut Cx<Self>) -> Result<Next> {
        // A beat at 1 s is skipped within a read, the peer is lost at 2 s.
        // Another branch of the hook is ready in the same poll as the loss.
        let until = tokio::time::Instant::now() + 2 * S;
        let mut read = Box::pin(cx.read());
        std::future::poll_fn(|task| {
            let _ = read.as_mut().poll(task);
            if tokio::time::Instant::now() >= until {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        drop(read);
        cx.send("waited").await?;
        Ok(Next::Read)
    }
    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        cx.send(line).await?;
        Ok(Next::Read)
    }
}
#[test]
fn a_time_out_that_a_read_found_ends_the_connection_although_the_hook_went_on() {
    TestConnection::new(Waits).run(async |peer| {
        peer.advance(Duration::from_secs(600)).await;
        assert_eq!(peer.closed().await, Closed::HeartbeatLost);
    });
}

struct Unordered;
impl Protocol for Unordered {
    type Codec = LinesCodec;
    type State = ();
    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }
    fn state(&self, _: &Peer) {}
    fn limits(&self) -> Limits {
        Limits { write: 8, ..Limits::default() }
    }
    async fn message(&self, cx: &mut Cx<Self>, _: String) -> Result<Next> {
        let mut all = FuturesUnordered::new();
        all.push(async {
            for _ in 0..10 {
                cx.send("0123456789").await?;
            }
            Ok::<(), crate::protocol::Error>(())
        });
        while let Some(done) = all.next().await {
            done?;
        }
        Ok(Next::Read)
    }
}
#[test]
fn a_send_within_a_set_of_futures_is_woken_when_there_is_room() {
    TestConnection::new(Unordered).window(16).run(async |peer| {
        peer.send("go\n").await;
        peer.settle().await;
        let got = peer.receive(110).await;
        assert_eq!(got.len(), 110);
    });
}

struct Pulls;
impl Protocol for Pulls {
    type Codec = LinesCodec;
    type State = ();
    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }
    fn state(&self, _: &Peer) {}
    fn limits(&self) -> Limits {
        Limits { heartbeat: Heartbeat::new(S, 2).ok(), ..Limits::default() }
    }
    async fn open(&self, cx: &mut Cx<Self>) -> Result<Next> {
        cx.pause();
        let line = cx.read().await?;
        cx.send(line.unwrap_or_default()).await?;
        Ok(Next::Read)
    }
    async fn message(&self, _: &mut Cx<Self>, _: String) -> Result<Next> {
        Ok(Next::Read)
    }
}
#[test]
fn a_paused_connection_that_read_by_itself_is_still_paused() {
    TestConnection::new(Pulls).run(async |peer| {
        peer.send("a\n").await;
        peer.expect("a\n").await;
        for _ in 0..10 {
            peer.send("alive\n").await;
            peer.advance(S / 2).await;
        }
        assert!(peer.connection().is_open(), "closed: {:?}", peer.closed().await);
    });
}

struct Tries;
struct Say;
impl Message for Say {
    type Answer = ();
}
impl Protocol for Tries {
    type Codec = LinesCodec;
    type State = ();
    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }
    fn state(&self, _: &Peer) {}
    fn limits(&self) -> Limits {
        Limits { write: 8, crashes: Intensity::new(10, S), ..Limits::default() }
    }
    async fn message(&self, _: &mut Cx<Self>, _: String) -> Result<Next> {
        Ok(Next::Read)
    }
}
impl Receive<Say> for Tries {
    async fn receive(&self, cx: &mut Cx<Self>, _: Say) -> Result<Next> {
        cx.try_send("01234567890123456789")?;
        tokio::time::sleep(S).await;
        cx.try_send("01234567890123456789")?;
        Ok(Next::Read)
    }
}
#[test]
fn a_peer_that_is_gone_is_no_crash_of_try_send_either() {
    TestConnection::new(Tries).window(4).run(async |peer| {
        let _ = peer.connection().send(Say);
        peer.settle().await;
        peer.reset();
        assert!(matches!(peer.closed().await, Closed::PeerLost(_)), "{:?}", peer.closed().await);
    });
}

struct Eager(Option<usize>);
impl Decoder for Eager {
    type Item = BytesMut;
    type Error = std::io::Error;
    fn decode(&mut self, src: &mut BytesMut) -> std::io::Result<Option<BytesMut>> {
        if self.0.is_none() && !src.is_empty() {
            self.0 = Some(src.split_to(1)[0].into());
        }
        match self.0 {
            Some(len) if src.len() >= len => {
                self.0 = None;
                Ok(Some(src.split_to(len)))
            }
            _ => Ok(None),
        }
    }
}
impl Encoder<&'static str> for Eager {
    type Error = std::io::Error;
    fn encode(&mut self, it: &'static str, out: &mut BytesMut) -> std::io::Result<()> {
        out.extend_from_slice(it.as_bytes());
        Ok(())
    }
}
struct Frames;
impl Protocol for Frames {
    type Codec = Eager;
    type State = ();
    fn codec(&self) -> Eager {
        Eager(None)
    }
    fn state(&self, _: &Peer) {}
    async fn message(&self, cx: &mut Cx<Self>, frame: BytesMut) -> Result<Next> {
        if frame.len() == 3 {
            panic!("three")
        }
        cx.send("ok\n").await?;
        Ok(Next::Read)
    }
    async fn recovered(&self, cx: &mut Cx<Self>, crash: &Crash) -> Result<Next> {
        cx.send(if crash.is_quarantined() { "quarantined\n" } else { "error\n" }).await?;
        Ok(Next::Read)
    }
}
#[test]
fn the_rest_of_a_message_that_had_begun_is_not_taken_for_another() {
    TestConnection::new(Frames).run(async |peer| {
        let mut others = Vec::new();
        for _ in 0..4 {
            let mut other = peer.another().await;
            other.send([3]).await;
            others.push(other);
        }
        peer.settle().await;
        for other in &mut others {
            other.send([2, b'h', b'i']).await;
            other.expect("error\n").await;
        }
        peer.send([2, b'h', b'i']).await;
        peer.expect("ok\n").await;
    });
}
