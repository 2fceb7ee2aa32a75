//! A protocol that answers each message by its number, in one of several manners.

use std::time::Duration;

use trunkline_runtime::{Intensity, Message};

use crate::protocol::tests::rig::seconds;
use crate::protocol::{Crash, Cx, Error, Hook, Limits, Next, Peer, Protocol, Receive, Result};

/// What a handler does with a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    Answer,
    AnswerLate,
    ReadOn,
    Panic,
    Fail,
    PanicLate,
}

/// Lines `NUMBER MANNER`; each is answered by its number, or by `error` in its place.
pub(super) struct Answering;

#[derive(Debug)]
pub(super) struct Note(pub(super) u32, pub(super) Manner);

impl Message for Note {
    type Answer = ();
}

impl Answering {
    async fn answer(&self, cx: &mut Cx<Self>, number: &str, manner: char) -> Result<Next> {
        if matches!(manner, 'l' | 'P') {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        match manner {
            'p' | 'P' => panic!("as told"),
            'f' => return Err(Error::new("as told")),
            'r' => {
                // What it reads is answered within, after its own answer.
                cx.send(format!("m{number}")).await?;
                if let Some(line) = cx.read().await? {
                    let number = line.split(' ').next().unwrap_or_default();
                    cx.send(format!("m{number}")).await?;
                }
                return Ok(Next::Read);
            }
            _ => {}
        }
        cx.send(format!("m{number}")).await?;
        Ok(Next::Read)
    }
}

impl Protocol for Answering {
    type Codec = tokio_util::codec::LinesCodec;
    type State = ();

    fn codec(&self) -> Self::Codec {
        Self::Codec::new()
    }

    fn state(&self, _: &Peer) {}

    fn limits(&self) -> Limits {
        Limits {
            crashes: Intensity::new(10_000, seconds(1)),
            write: 20,
            inbox: 1000,
            ..Limits::default()
        }
    }

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        let (number, manner) = line.split_once(' ').unwrap_or_default();
        self.answer(cx, number, manner.chars().next().unwrap_or('a')).await
    }

    async fn recovered(&self, cx: &mut Cx<Self>, crash: &Crash) -> Result<Next> {
        if crash.sent() == 0 && crash.hook() == Hook::Message {
            cx.send("error").await?;
        } else if crash.sent() == 0 && crash.hook() == Hook::Receive {
            cx.send("noted error").await?;
        }
        Ok(Next::Read)
    }
}

impl Receive<Note> for Answering {
    async fn receive(&self, cx: &mut Cx<Self>, Note(number, manner): Note) -> Result<Next> {
        match manner {
            Manner::Panic | Manner::PanicLate => panic!("as told"),
            Manner::Fail => return Err(Error::new("as told")),
            Manner::AnswerLate => tokio::time::sleep(Duration::from_millis(30)).await,
            Manner::Answer | Manner::ReadOn => {}
        }
        cx.send(format!("n{number}")).await?;
        Ok(Next::Read)
    }
}

pub(super) fn letter(manner: Manner) -> char {
    match manner {
        Manner::Answer => 'a',
        Manner::AnswerLate => 'l',
        Manner::ReadOn => 'r',
        Manner::Panic => 'p',
        Manner::Fail => 'f',
        Manner::PanicLate => 'P',
    }
}
