//! A protocol that does what it is told, and writes down what it goes through.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::codec::LinesCodec;
use trunkline_runtime::Message;

use crate::protocol::testing::TestConnection;
use crate::protocol::{
    Closed, Crash, Cx, Error, Limits, Malformed, Next, Peer, Protocol, Receive, Result,
    TrySendError,
};
use crate::stream::Loss;

/// The lines that hooks write, in their order.
#[derive(Clone, Default)]
pub(super) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(super) fn write(&self, line: impl Into<String>) {
        self.0.lock().push(line.into());
    }

    /// All lines so far, which are forgotten.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }

    pub(super) fn count(&self, line: &str) -> usize {
        self.0.lock().iter().filter(|written| *written == line).count()
    }
}

/// Writes a line when it is dropped, and panics if it is to.
pub(super) struct Bomb {
    pub(super) journal: Journal,
    pub(super) line: &'static str,
    pub(super) armed: bool,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.journal.write(self.line);
        if self.armed && !std::thread::panicking() {
            panic!("dropped a bomb");
        }
    }
}

/// Lines are commands, from the peer and from other actors alike; see [`Rig::obey`].
#[derive(Clone, Default)]
pub(super) struct Rig {
    pub(super) journal: Journal,
    pub(super) limits: Limits,
    /// Answers crashes, and goes on after them.
    pub(super) recovers: bool,
    /// Goes on where the default is to close.
    pub(super) goes_on: bool,
    pub(super) greets: bool,
    /// How often each hook is still to panic.
    pub(super) faults: Arc<Mutex<HashMap<&'static str, u32>>>,
}

/// The messages of this incarnation, and what falls with it.
pub(super) struct State {
    pub(super) count: u32,
    bomb: Option<Bomb>,
}

/// A command from another actor.
#[derive(Debug, Clone)]
pub(super) struct Note(pub(super) &'static str);

impl Message for Note {
    type Answer = ();
}

impl Rig {
    /// One that goes on after everything.
    pub(super) fn hardy() -> Self {
        Self { recovers: true, goes_on: true, ..Self::default() }
    }

    pub(super) fn with(mut self, limits: impl FnOnce(&mut Limits)) -> Self {
        limits(&mut self.limits);
        self
    }

    /// One whose `hook` panics so many times.
    pub(super) fn panics(self, hook: &'static str, times: u32) -> Self {
        self.faults.lock().insert(hook, times);
        self
    }

    pub(super) fn connect(&self) -> TestConnection<Self> {
        TestConnection::new(self.clone())
    }

    /// Notes that `hook` runs, and panics if it is to.
    fn at(&self, hook: &'static str, what: &str) {
        self.journal.write(format!("{hook} {what}").trim_end());
        let mut faults = self.faults.lock();
        if let Some(left) = faults.get_mut(hook).filter(|left| **left > 0) {
            *left -= 1;
            drop(faults);
            panic!("{hook} was told to panic");
        }
    }

    fn next(&self) -> Next {
        if self.goes_on { Next::Read } else { Next::Close }
    }

    /// Does what `line` says; what is no command is sent back, with how many came before it.
    async fn obey(&self, cx: &mut Cx<Self>, line: &str) -> Result<Next> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            "panic" => panic!("as told"),
            "fail" => return Err(Error::new("as told")),
            "timeout" => return Err(Error::timeout("as told")),
            "gone" => return Err(Error::gone(Loss::Vanished)),
            "late" => {
                cx.send("half an answer").await?;
                panic!("as told, after an answer");
            }
            "wait" => std::future::pending().await,
            "sleep" => tokio::time::sleep(Duration::from_secs(rest.parse()?)).await,
            "hold" => {
                let _bomb = self.bomb("held", rest == "bomb");
                std::future::pending::<()>().await;
            }
            "mine" => cx.state.bomb = Some(self.bomb("state dropped", true)),
            "read" => match cx.read().await? {
                Some(line) if line == "panic" => panic!("as told, within"),
                Some(line) => cx.send(format!("read {line}")).await?,
                None => cx.send("read the end").await?,
            },
            "try-read" => match cx.read().await {
                Ok(line) => cx.send(format!("{line:?}")).await?,
                Err(error) => cx.send(format!("refused: {error}")).await?,
            },
            "swallow" => {
                for _ in 0..rest.parse::<u32>()? {
                    cx.read().await?;
                }
                cx.send(format!("swallowed {rest}")).await?;
            }
            "pause" => cx.pause(),
            "resume" => cx.resume(),
            "idle" => cx.set_idle(rest.parse().ok().map(Duration::from_secs)),
            "quiet" => {}
            "fill" => loop {
                match cx.try_send("x".repeat(99)) {
                    Ok(()) => {}
                    Err(TrySendError::Full(line)) => {
                        self.journal.write(format!("full, {} back", line.len()));
                        break;
                    }
                    Err(TrySendError::Failed(error)) => return Err(error),
                }
            },
            "flood" => {
                for sent in 1u32.. {
                    cx.send("x".repeat(99)).await?;
                    self.journal.write(format!("sent {sent}"));
                }
            }
            "close" => return Ok(Next::Close),
            "forward" => return Ok(cx.forward(rest)),
            "upgrade" => return Ok(cx.upgrade(Rig { greets: true, ..self.clone() })),
            "myself" => drop(cx.connection().send(Note("to myself"))),
            _ => self.answer(cx, line).await?,
        }
        if matches!(command, "pause" | "resume" | "idle") {
            self.answer(cx, line).await?;
        }
        cx.state.count += 1;
        Ok(Next::Read)
    }

    async fn answer(&self, cx: &mut Cx<Self>, line: &str) -> Result<()> {
        let count = cx.state.count;
        cx.send(format!("{line} {count}")).await
    }

    fn bomb(&self, line: &'static str, armed: bool) -> Bomb {
        Bomb { journal: self.journal.clone(), line, armed }
    }
}

impl Protocol for Rig {
    type Codec = LinesCodec;
    type State = State;

    fn codec(&self) -> LinesCodec {
        self.at("codec", "");
        LinesCodec::new_with_max_length(1000)
    }

    fn state(&self, _: &Peer) -> State {
        self.at("state", "");
        State { count: 0, bomb: None }
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn open(&self, cx: &mut Cx<Self>) -> Result<Next> {
        self.at("open", "");
        if self.greets {
            cx.send("hello").await?;
        }
        Ok(Next::Read)
    }

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        self.at("message", &line);
        self.obey(cx, &line).await
    }

    async fn recovered(&self, cx: &mut Cx<Self>, crash: &Crash) -> Result<Next> {
        self.at("recovered", &format!("{:?} {}", crash.hook(), crash.sent()));
        if !self.recovers {
            return Ok(Next::Close);
        }
        cx.send(if crash.is_quarantined() { "quarantined" } else { "error" }).await?;
        Ok(Next::Read)
    }

    async fn malformed(&self, cx: &mut Cx<Self>, malformed: &Malformed) -> Result<Next> {
        self.at("malformed", &format!("{malformed:?}"));
        cx.send("what?").await?;
        Ok(self.next())
    }

    async fn idle(&self, _: &mut Cx<Self>) -> Result<Next> {
        self.at("idle", "");
        Ok(self.next())
    }

    async fn heartbeat(&self, cx: &mut Cx<Self>, missed: u32) -> Result<Next> {
        self.at("heartbeat", &missed.to_string());
        cx.send("ping").await?;
        Ok(Next::Read)
    }

    async fn drain(&self, cx: &mut Cx<Self>) -> Result<Next> {
        self.at("drain", "");
        cx.send("draining").await?;
        Ok(self.next())
    }

    async fn close(&self, _: &mut Cx<Self>, closed: Closed) {
        self.at("close", closed.name());
    }
}

impl Receive<Note> for Rig {
    async fn receive(&self, cx: &mut Cx<Self>, Note(line): Note) -> Result<Next> {
        self.at("receive", line);
        self.obey(cx, line).await
    }
}

pub(super) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
