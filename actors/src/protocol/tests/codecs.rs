//! The bound of a message over any codec, and codecs that misbehave.

use std::io;

use bytes::{Buf, BufMut, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use crate::protocol::testing::TestConnection;
use crate::protocol::{Closed, Crash, Cx, Limits, Malformed, Next, Peer, Protocol, Result};

/// Answers each message by how long it was, over a codec of the test's choice.
struct Over<C>(C, Limits);

impl<C> Protocol for Over<C>
where
    C: Decoder<Item = usize, Error = io::Error> + Encoder<String, Error = io::Error>,
    C: Clone + Send + Sync + 'static,
{
    type Codec = C;
    type State = ();

    fn codec(&self) -> C {
        self.0.clone()
    }

    fn state(&self, _: &Peer) {}

    fn limits(&self) -> Limits {
        self.1
    }

    async fn message(&self, cx: &mut Cx<Self>, length: usize) -> Result<Next> {
        assert_ne!(length, 13, "an unlucky number");
        cx.send(format!("{length}.")).await?;
        Ok(Next::Read)
    }

    async fn recovered(&self, cx: &mut Cx<Self>, _: &Crash) -> Result<Next> {
        cx.send("error.".into()).await?;
        Ok(Next::Read)
    }

    async fn malformed(&self, cx: &mut Cx<Self>, malformed: &Malformed) -> Result<Next> {
        match malformed {
            Malformed::TooLarge { limit } => cx.send(format!("more than {limit}.")).await?,
            Malformed::Undecodable(_) => cx.send("what?".into()).await?,
        }
        Ok(Next::Read)
    }
}

/// What a codec does besides its work, which is to find messages that end in a dot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Leaves what is not whole where it is.
    Plain,
    /// Takes all bytes as they come, and keeps their number.
    Greedy,
    /// Finds no message, ever.
    Never,
    /// Refuses `?`, which it takes.
    Picky,
    /// Refuses `?`, and leaves it.
    Stubborn,
    /// Panics over `!`.
    Fragile,
    /// Makes the buffer longer than it was.
    Inflating,
    /// Panics when it has written half of an `error.`, and fails over half of a `5.`.
    HalfWriting,
}

#[derive(Clone)]
struct Dots {
    way: Way,
    taken: usize,
}

impl Decoder for Dots {
    type Item = usize;
    type Error = io::Error;

    fn decode(&mut self, bytes: &mut BytesMut) -> io::Result<Option<usize>> {
        match (self.way, bytes.first()) {
            (Way::Never, _) => return Ok(None),
            (Way::Picky, Some(b'?')) => {
                bytes.advance(1);
                return Err(io::ErrorKind::InvalidData.into());
            }
            (Way::Stubborn, Some(b'?')) => return Err(io::ErrorKind::InvalidData.into()),
            (Way::Fragile, Some(b'!')) => {
                bytes.advance(1);
                panic!("cannot stand that byte");
            }
            (Way::Inflating, Some(b'+')) => {
                bytes.advance(1);
                bytes.extend_from_slice(b"12345678.");
            }
            _ => {}
        }
        let dot = bytes.iter().position(|byte| *byte == b'.');
        match (dot, self.way) {
            (Some(dot), _) => {
                bytes.advance(dot + 1);
                Ok(Some(std::mem::take(&mut self.taken) + dot + 1))
            }
            (None, Way::Greedy) => {
                self.taken += bytes.len();
                bytes.clear();
                Ok(None)
            }
            (None, _) => Ok(None),
        }
    }
}

impl Encoder<String> for Dots {
    type Error = io::Error;

    fn encode(&mut self, text: String, bytes: &mut BytesMut) -> io::Result<()> {
        let half = &text.as_bytes()[..text.len() / 2];
        if self.way == Way::HalfWriting && text == "4." {
            bytes.put(half);
            panic!("halfway");
        }
        if self.way == Way::HalfWriting && text == "5." {
            bytes.put(half);
            return Err(io::ErrorKind::InvalidInput.into());
        }
        bytes.put(text.as_bytes());
        Ok(())
    }
}

const LIMITED: fn() -> Limits = || Limits { message: 100, ..Limits::default() };

fn over(way: Way) -> TestConnection<Over<Dots>> {
    TestConnection::new(Over(Dots { way, taken: 0 }, LIMITED()))
}

#[test]
fn a_message_at_the_bound_passes_and_one_more_byte_is_refused() {
    for way in [Way::Plain, Way::Greedy] {
        over(way).run(async |peer| {
            peer.send("x".repeat(99) + ".").await;
            peer.expect("100.").await;
            peer.send("x".repeat(50)).await;
            peer.settle().await;
            peer.send("x".repeat(49) + ".").await;
            peer.expect("100.").await;
            peer.send("x".repeat(100) + ".").await;
            peer.expect("more than 100.").await;
            assert_eq!(peer.expect_end().await, Closed::TooLarge);
        });
    }
}

#[test]
fn small_messages_in_a_pipeline_beyond_the_bound_pass() {
    for way in [Way::Plain, Way::Greedy] {
        over(way).run(async |peer| {
            peer.send("123456789.".repeat(1000)).await;
            peer.expect("10.".repeat(1000)).await;
        });
    }
}

#[test]
fn a_codec_that_finds_no_message_is_bounded() {
    over(Way::Never).run(async |peer| {
        peer.send("x.".repeat(200)).await;
        peer.expect("more than 100.").await;
        assert_eq!(peer.expect_end().await, Closed::TooLarge);
    });
}

#[test]
fn a_peer_that_sends_nothing_but_malformed_messages_does_not_reach_the_bound() {
    over(Way::Picky).run(async |peer| {
        peer.send("?".repeat(500) + "123.").await;
        peer.expect("what?".repeat(500) + "4.").await;
    });
}

#[test]
fn what_was_malformed_before_a_message_in_quarantine_does_not_matter() {
    over(Way::Picky).run(async |peer| {
        peer.send("123456789012.".repeat(4) + "??123456789012.").await;
        peer.expect("error.".repeat(4) + "what?what?error.").await;
        assert_eq!(peer.restarts(), 4);
    });
}

#[test]
fn a_codec_that_only_refuses_the_same_again_ends_the_connection() {
    over(Way::Stubborn).run(async |peer| {
        peer.send("1.?2.").await;
        peer.expect("2.what?").await;
        assert_eq!(peer.expect_end().await, Closed::Malformed);
    });
}

#[test]
fn a_message_that_the_end_of_the_stream_cuts_is_truncated() {
    over(Way::Plain).run(async |peer| {
        peer.send("123.45").await;
        peer.end().await;
        peer.expect("4.").await;
        assert_eq!(peer.expect_end().await, Closed::Truncated);
    });
}

#[test]
fn a_codec_that_panics_ends_its_connection_in_order_and_no_other() {
    over(Way::Fragile).run(async |peer| {
        peer.send("123.!456.").await;
        peer.expect("4.").await;
        assert_eq!(peer.expect_end().await, Closed::Crashed);
        assert_eq!(peer.restarts(), 0);
        let mut other = peer.another().await;
        other.send("12.").await;
        other.expect("3.").await;
    });
}

#[test]
fn a_codec_that_makes_its_input_longer_harms_nobody_while_messages_are_watched() {
    over(Way::Inflating).run(async |peer| {
        peer.crash_on(1);
        peer.send("123.").await;
        peer.expect("error.").await;
        peer.send("+45.+").await;
        peer.expect("3.9.9.").await;
    });
}

#[test]
fn half_a_message_of_an_encoder_that_panics_or_fails_is_taken_back() {
    over(Way::HalfWriting).run(async |peer| {
        peer.send("12.123.12.1234.12.").await;
        peer.expect("3.error.3.error.3.").await;
    });
    // And it does not count as output that waits.
    over(Way::HalfWriting).run(async |peer| {
        peer.send("123.").await;
        peer.expect("error.").await;
        peer.advance(std::time::Duration::from_secs(300)).await;
        peer.send("12.").await;
        peer.expect("3.").await;
    });
}
