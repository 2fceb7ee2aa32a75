//! The members of a room, and who speaks to it.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures_util::future::try_join_all;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{interval, timeout};

use crate::clock::monotonic_nanos;
use crate::protocols::{JOIN, JOINED, PEER_TAKES_NOTHING};

use super::BroadcastPlan;

/// The length of a line without its line feed.
const LINE: usize = 99;
/// How often a line is sent ahead, so that whoever is slow has been left behind.
const AHEAD: Duration = Duration::from_millis(20);
/// How long what was sent may take to be heard by all.
const PROMPT: Duration = Duration::from_secs(5);
/// A small window, so that little of what is not read hides in the kernel.
const WINDOW: u32 = 4096;

/// What the members that read have heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// From sent to received, of every line to every member.
    pub(super) nanos: Vec<u64>,
    /// Lines that a member did not get.
    pub(super) missing: u64,
}

impl Heard {
    pub(super) fn add(&mut self, mut other: Self) {
        self.nanos.append(&mut other.nanos);
        self.missing += other.missing;
    }
}

/// The members that do not read, and what their sockets live on.
pub(super) struct Sleepers {
    _streams: Vec<TcpStream>,
    _runtime: tokio::runtime::Runtime,
}

/// Joins all, speaks for as long as the plan says, and listens.
pub(super) fn listen(
    to: SocketAddr,
    plan: BroadcastPlan,
    slow: u32,
    inbox: u32,
) -> Result<(Heard, Sleepers)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (heard, streams) = runtime.block_on(async {
        let mut sleepers = Vec::new();
        for _ in 0..slow {
            sleepers.push(sleeper(to).await?);
        }
        let mut members = Vec::new();
        for _ in 0..plan.members {
            members.push(member(to).await?);
        }
        let ears = Ears { nanos: RefCell::default(), heard: Semaphore::new(0) };
        let missing = tokio::select! {
            ended = try_join_all(members.into_iter().map(|member| ears.hear(member))) => {
                match ended {
                    Err(error) => return Err(error),
                    Ok(_) => bail!("the room has no members"),
                }
            }
            missing = speak(to, plan, inbox, &ears) => missing?,
        };
        Ok((Heard { nanos: ears.nanos.into_inner(), missing }, sleepers))
    })?;
    Ok((heard, Sleepers { _streams: streams, _runtime: runtime }))
}

/// What all members that read have heard so far.
struct Ears {
    nanos: RefCell<Vec<u64>>,
    /// A permit for every line that came to one of them.
    heard: Semaphore,
}

impl Ears {
    /// Listens until the connection is lost.
    async fn hear(&self, mut member: BufReader<TcpStream>) -> Result<Infallible> {
        let (mut line, mut last) = (String::new(), 0);
        loop {
            line.clear();
            ensure!(member.read_line(&mut line).await? > 0, "a member was cut off");
            let now = monotonic_nanos();
            let mut words = line.split_ascii_whitespace().map(str::parse::<u64>);
            let (Some(Ok(number)), Some(Ok(sent))) = (words.next(), words.next()) else {
                bail!("a member heard {line:?}");
            };
            ensure!(number > last, "line {number} came after line {last}");
            last = number;
            // What is sent ahead is not measured.
            if sent > 0 {
                self.nanos.borrow_mut().push(now.saturating_sub(sent));
            }
            self.heard.add_permits(1);
        }
    }

    /// Waits until so many members have heard so many lines; how many have not come.
    async fn all_heard(&self, lines: u32, members: u32) -> u64 {
        let all = lines * members;
        match timeout(PROMPT, self.heard.acquire_many(all)).await {
            Ok(Ok(permits)) => {
                permits.forget();
                0
            }
            Ok(Err(_)) | Err(_) => {
                u64::from(all).saturating_sub(self.heard.available_permits() as u64)
            }
        }
    }
}

/// Lines ahead until everybody slow has been left behind, then those that are measured.
async fn speak(to: SocketAddr, plan: BroadcastPlan, inbox: u32, ears: &Ears) -> Result<u64> {
    let mut speaker = connect(to).await?;
    let mut number = 0;
    let mut say = async |sent: u64| {
        number += 1;
        let line = format!("{number} {sent} ");
        speaker.write_all(format!("{line:.<LINE$}\n").as_bytes()).await
    };
    let ahead = inbox * 2;
    let mut pace = interval(AHEAD);
    for _ in 0..ahead {
        pace.tick().await;
        say(0).await?;
    }
    let missing = ears.all_heard(ahead, plan.members).await;
    let mut pace = interval(Duration::from_secs(1) / plan.rate);
    for _ in 0..plan.rate * plan.seconds {
        pace.tick().await;
        say(monotonic_nanos()).await?;
    }
    Ok(missing + ears.all_heard(plan.rate * plan.seconds, plan.members).await)
}

async fn connect(to: SocketAddr) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(1024, stream))
}

async fn member(to: SocketAddr) -> Result<BufReader<TcpStream>> {
    let mut member = connect(to).await?;
    member.write_all(format!("{JOIN}\n").as_bytes()).await?;
    let mut answer = String::new();
    timeout(PROMPT, member.read_line(&mut answer)).await.context("nobody joined")??;
    ensure!(answer.trim_end() == JOINED, "joining was answered by {answer:?}");
    Ok(member)
}

async fn sleeper(to: SocketAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(WINDOW)?;
    let mut stream = socket.connect(to).await?;
    stream.write_all(format!("{PEER_TAKES_NOTHING}\n").as_bytes()).await?;
    Ok(stream)
}
