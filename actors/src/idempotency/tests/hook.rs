//! Hooks of protocols that end in the midst of a request.

use tokio_util::codec::LinesCodec;

use super::*;
use crate::protocol::testing::TestConnection;
use crate::protocol::{Crash, Cx, Error, Next, Peer, Protocol, Result};

/// Pays, and is told to end in one way or another before it can say so.
struct Pay(Idempotency<u32, &'static str>);

impl Protocol for Pay {
    type Codec = LinesCodec;
    type State = ();

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) {}

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        match self.0.claim(1, Instant::now()) {
            Claim::First(ticket) => match line.as_str() {
                "fail" => Err(Error::new("the bank said something odd after it had paid"))?,
                "panic" => panic!("on purpose"),
                _ => {
                    ticket.release();
                    cx.send("released").await?;
                }
            },
            Claim::Interrupted => cx.send("interrupted").await?,
            Claim::Repeated(_) | Claim::Running | Claim::Full => cx.send("other").await?,
        }
        Ok(Next::Read)
    }

    async fn recovered(&self, _: &mut Cx<Self>, _: &Crash) -> Result<Next> {
        Ok(Next::Read)
    }
}

#[test]
fn a_hook_that_panics_leaves_its_key_interrupted() {
    TestConnection::new(Pay(store(10))).run(async |peer| {
        peer.send("panic\nagain\n").await;
        peer.expect("interrupted\n").await;
    });
}

#[test]
fn a_hook_that_fails_leaves_its_key_interrupted() {
    TestConnection::new(Pay(store(10))).run(async |peer| {
        peer.send("fail\nagain\n").await;
        peer.expect("interrupted\n").await;
    });
}

#[test]
fn a_hook_that_has_done_nothing_gives_its_key_back() {
    TestConnection::new(Pay(store(10))).run(async |peer| {
        peer.send("refuse\nagain\n").await;
        peer.expect("released\nreleased\n").await;
    });
}
