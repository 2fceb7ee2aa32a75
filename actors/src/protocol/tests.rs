//! The connection of a protocol, in virtual time.

mod bombs;
mod children;
mod codecs;
mod crashes;
mod endings;
mod fairness;
mod found;
mod hooks;
mod notices;
mod properties;
mod quarantine;
mod reading;
mod rig;
mod time;
mod writing;

use std::time::Duration;

use tokio_util::codec::LinesCodec;

use super::testing::TestConnection;
use super::{Closed, Crash, Cx, Next, Peer, Protocol, Result};

/// Answers each line with itself and how many came before in this incarnation.
struct Counting;

impl Protocol for Counting {
    type Codec = LinesCodec;
    type State = u32;

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) -> u32 {
        0
    }

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        if line == "panic" {
            panic!("as told");
        }
        cx.send(format!("{line} {}", cx.state)).await?;
        cx.state += 1;
        Ok(Next::Read)
    }

    async fn recovered(&self, cx: &mut Cx<Self>, _: &Crash) -> Result<Next> {
        cx.send("error").await?;
        Ok(Next::Read)
    }
}

#[test]
fn messages_are_answered_in_order() {
    TestConnection::new(Counting).run(async |peer| {
        peer.send("a\nb\n").await;
        peer.expect("a 0\nb 1\n").await;
        peer.send("c").await;
        peer.expect_nothing().await;
        peer.send("\n").await;
        peer.expect("c 2\n").await;
        peer.end().await;
        assert_eq!(peer.expect_end().await, Closed::PeerDone);
    });
}

#[test]
fn a_crash_costs_the_state_and_the_message_and_nothing_else() {
    TestConnection::new(Counting).run(async |peer| {
        peer.send("a\npanic\nb\n").await;
        peer.expect("a 0\nerror\nb 0\n").await;
        assert_eq!(peer.restarts(), 1);
        peer.crash_on(2);
        peer.send("c\nd\ne\n").await;
        peer.expect("c 1\nerror\ne 0\n").await;
    });
}

#[test]
fn an_idle_connection_is_closed() {
    TestConnection::new(Counting).idle(Duration::from_secs(60)).run(async |peer| {
        peer.advance(Duration::from_secs(59)).await;
        peer.send("a\n").await;
        peer.expect("a 0\n").await;
        peer.advance(Duration::from_secs(59)).await;
        peer.expect_nothing().await;
        assert_eq!(peer.expect_end().await, Closed::Idle);
    });
}
