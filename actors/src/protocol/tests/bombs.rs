//! Messages, codecs and errors that panic when they are dropped or looked at.

use std::io;

use bytes::{Buf, BufMut, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use super::rig::{Bomb, Journal};
use crate::protocol::testing::{TestConnection, TestPeer};
use crate::protocol::{Closed, Crash, Cx, Error, Next, Peer, Protocol, Result, TrySendError};

/// Each message is a bomb, and so is the codec.
struct Bombs(Journal);

struct BombCodec(Bomb);

impl Decoder for BombCodec {
    type Item = Bomb;
    type Error = Explosive;

    fn decode(&mut self, bytes: &mut BytesMut) -> Result<Option<Bomb>, Explosive> {
        let Some(first) = bytes.first().copied() else { return Ok(None) };
        bytes.advance(1);
        if first == b'?' {
            return Err(Explosive);
        }
        let journal = self.0.journal.clone();
        Ok(Some(Bomb { journal, line: "message dropped", armed: first == b'!' }))
    }
}

/// An error whose conversion panics.
struct Explosive;

impl From<io::Error> for Explosive {
    fn from(_: io::Error) -> Self {
        Self
    }
}

impl From<Explosive> for Error {
    fn from(_: Explosive) -> Self {
        panic!("cannot say what is wrong")
    }
}

impl Encoder<&'static str> for BombCodec {
    type Error = io::Error;

    fn encode(&mut self, text: &'static str, bytes: &mut BytesMut) -> io::Result<()> {
        bytes.put(text.as_bytes());
        Ok(())
    }
}

impl Protocol for Bombs {
    type Codec = BombCodec;
    type State = ();

    fn codec(&self) -> BombCodec {
        BombCodec(Bomb { journal: self.0.clone(), line: "codec dropped", armed: true })
    }

    fn state(&self, _: &Peer) {}

    async fn message(&self, cx: &mut Cx<Self>, bomb: Bomb) -> Result<Next> {
        drop(bomb);
        cx.try_send("ok").map_err(|error| match error {
            TrySendError::Failed(error) => error,
            TrySendError::Full(_) => Error::new("full"),
        })?;
        Ok(Next::Read)
    }

    async fn recovered(&self, cx: &mut Cx<Self>, crash: &Crash) -> Result<Next> {
        cx.send(if crash.is_quarantined() { "quarantined" } else { "error" }).await?;
        Ok(Next::Read)
    }

    async fn close(&self, _: &mut Cx<Self>, closed: Closed) {
        self.0.write(closed.name());
    }
}

#[test]
fn a_panic_in_the_destructor_of_a_message_is_a_crash_and_quarantined_in_the_end() {
    let journal = Journal::default();
    TestConnection::new(Bombs(journal.clone())).run(async |peer: &mut TestPeer<Bombs>| {
        peer.send("a!b!!!!c").await;
        peer.expect("okerrorokerrorerrorerrorquarantinedok").await;
        peer.end().await;
        assert_eq!(peer.expect_end().await, Closed::PeerDone);
    });
    // The last destructor of all, the codec's, costs nothing any more.
    let written = journal.take();
    assert_eq!(written[written.len() - 2..], ["done", "codec dropped"]);
}

#[test]
fn a_panic_over_an_error_of_the_codec_is_one_of_the_codec() {
    let journal = Journal::default();
    TestConnection::new(Bombs(journal)).run(async |peer| {
        peer.send("a?b").await;
        peer.expect("ok").await;
        assert_eq!(peer.expect_end().await, Closed::Crashed);
    });
}
