//! Clients that talk in lines over many connections, and notice every answer that is not the one to
//! their question.
//!
//! They live on a thread of the caller. Every line carries a name that no other line ever has, and
//! answers come in the order of the questions: the answer to another question, one that was lost and
//! one too many all show.

mod conversation;

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures_util::future::join_all;
use tokio::sync::watch;

use crate::latency::Latency;

use conversation::Conversation;

/// How long opening all connections may take.
const OPEN: Duration = Duration::from_secs(30);

/// Who talks, how much, and what about.
#[derive(Clone, Debug)]
pub struct TalkPlan {
    /// Where to connect to.
    pub to: SocketAddr,
    /// How many connections.
    pub connections: u32,
    /// How many lines the odd connections send at once; the even ones send one.
    pub depth: u32,
    /// How often each connection sends. One that has not had all its answers waits for them.
    pub period: Duration,
    /// What a line ends with beside its name, by its number on its connection.
    pub ending: fn(u64) -> &'static str,
    /// What an answer says.
    pub judge: fn(Line<'_>, answer: &str) -> Answer,
}

/// A line that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its text.
    pub text: &'a str,
    /// What it ends with.
    pub ending: &'a str,
}

/// What an answer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The one that was asked for, from the server's member of this number, if it has any.
    Ordinary(usize),
    /// A failure that the server owned up to.
    Failure,
    /// None that this line can have.
    Wrong,
}

/// What all of them have seen.
#[derive(Debug, Default)]
pub struct Talked {
    /// Lines sent.
    pub sent: u64,
    /// Lines that had an ending.
    pub marked: u64,
    /// Answered as they asked for, by the number in [`Answer::Ordinary`].
    pub answered: Vec<u64>,
    /// Answered by a failure.
    pub failures: u64,
    /// Connections that ended, fell silent, or gave a wrong answer.
    pub lost: u64,
    /// Why, of one of them.
    pub why: Option<String>,
    /// Times of the ordinary answers.
    pub ordinary: Latency,
    /// Times of the failures.
    pub failing: Latency,
}

/// Clients at work.
#[derive(Debug)]
pub struct Talkers {
    stop: watch::Sender<bool>,
    thread: JoinHandle<io::Result<Vec<Conversation>>>,
}

impl Talkers {
    /// Opens all connections, and begins to talk.
    ///
    /// # Errors
    /// When a connection cannot be opened.
    pub fn start(plan: TalkPlan) -> Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let (opened, is_open) = mpsc::sync_channel(1);
        let thread = Builder::new().name("talkers".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut conversations = Vec::new();
                for number in 0..plan.connections {
                    conversations.push(Conversation::open(&plan, number).await?);
                }
                // Nobody waits for it any more where opening took too long.
                let _ = opened.try_send(());
                let talk = |it: Conversation| it.hold(&plan, stopped.clone());
                Ok(join_all(conversations.into_iter().map(talk)).await)
            })
        });
        let talkers = Self { stop, thread: thread.context("no thread for the talkers")? };
        match is_open.recv_timeout(OPEN) {
            Ok(()) => Ok(talkers),
            // The thread has ended, and says why.
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(match talkers.stop() {
                Ok(_) => anyhow!("the talkers ended before they began"),
                Err(error) => error,
            }),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(anyhow!("not all connected in {OPEN:?}")),
        }
    }

    /// Lets all have their last answers, closes the connections, and sums up.
    ///
    /// # Errors
    /// When opening a connection failed.
    pub fn stop(self) -> Result<Talked> {
        self.stop.send_replace(true);
        let conversations = self.thread.join().map_err(|_| anyhow!("the talkers panicked"))??;
        let mut talked = Talked::default();
        let (mut ordinary, mut failing) = (Vec::new(), Vec::new());
        for conversation in conversations {
            conversation.sum_up(&mut talked, &mut ordinary, &mut failing);
        }
        (talked.ordinary, talked.failing) = (Latency::of(ordinary), Latency::of(failing));
        Ok(talked)
    }
}

impl Talked {
    /// Lines that were answered as they asked for.
    #[must_use]
    pub fn ordinary_answers(&self) -> u64 {
        self.answered.iter().sum()
    }

    /// Why a connection was lost, or that none was.
    #[must_use]
    pub fn losses(&self) -> String {
        match &self.why {
            Some(why) => format!("{} ({why})", self.lost),
            None => self.lost.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
