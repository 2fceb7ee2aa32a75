//! Connections that are opened, proved, and held.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::idle_clients::{Held, IdlePlan, Opened};

use crate::dial;
use crate::exchange::{Exchange, Persistence};

/// Bytes of the body that proves a connection of HTTP.
const PROOF: u32 = 128;

/// Opens the connections and holds them until told otherwise.
pub(crate) async fn run(plan: IdlePlan, mut commands: mpsc::Receiver<String>) -> Result<()> {
    let held = watch::Sender::new(Held::default());
    crate::answer(&open(&plan, &held).await?)?;
    while let Some(command) = commands.recv().await {
        match command.split_once(' ').unwrap_or((&command, "")) {
            ("count", "") => crate::answer(&*held.borrow())?,
            ("closed", count) => answer_when_closed(&held, count.parse()?),
            ("close", "") => {
                // The connections close with the program, which ends here.
                let last = held.borrow().clone();
                return crate::answer(&last);
            }
            _ => bail!("{command:?} is no command: count, closed N or close"),
        }
    }
    Ok(())
}

async fn open(plan: &IdlePlan, held: &watch::Sender<Held>) -> Result<Opened> {
    let turns = Arc::new(Semaphore::new(plan.at_once.max(1).into()));
    let limit = Duration::from_millis(plan.timeout_millis);
    let mut opening = JoinSet::new();
    for number in 0..plan.connections {
        let turn = Arc::clone(&turns).acquire_owned().await.context("the semaphore is closed")?;
        let (to, held, http) = (plan.to, held.clone(), plan.http);
        opening.spawn(async move {
            let proved = async {
                let mut stream = dial::dial(to).await?;
                if http {
                    let get = Exchange::get(PROOF, Persistence::Kept);
                    get.make(&mut stream, &mut Vec::new()).await?;
                } else {
                    prove(&mut stream, number).await?;
                }
                io::Result::Ok(stream)
            };
            let stream = timeout(limit, proved).await.map_err(io::Error::from).flatten()?;
            drop(turn);
            held.send_modify(|held| {
                held.open += 1;
                held.ready_nanos = monotonic_nanos();
            });
            tokio::spawn(hold(stream, held));
            io::Result::Ok(())
        });
    }
    let mut opened = Opened { ready: 0, failed: 0, first_error: None };
    while let Some(outcome) = opening.join_next().await {
        match outcome.context("an opening connection has crashed")? {
            Ok(()) => opened.ready += 1,
            Err(error) => {
                opened.failed += 1;
                opened.first_error.get_or_insert_with(|| error.to_string());
            }
        }
    }
    Ok(opened)
}

/// One small echo: whoever accepted is not only a kernel's queue.
async fn prove(stream: &mut TcpStream, number: u32) -> io::Result<()> {
    let sent = format!("token idle-{}-{number}\n", std::process::id()).into_bytes();
    stream.write_all(&sent).await?;
    let mut received = vec![0; sent.len()];
    stream.read_exact(&mut received).await?;
    if received == sent { Ok(()) } else { Err(io::Error::other("not the bytes that were sent")) }
}

/// Waits for the other side to close.
async fn hold(mut stream: TcpStream, held: watch::Sender<Held>) {
    let mut byte = [0];
    let ended = loop {
        match stream.read(&mut byte).await {
            Ok(0) => break true,
            Ok(_) => held.send_modify(|held| held.unasked_bytes += 1),
            Err(_) => break false,
        }
    };
    let now = monotonic_nanos();
    held.send_modify(|held| {
        held.open -= 1;
        *if ended { &mut held.ended } else { &mut held.reset } += 1;
        held.first_closed_nanos.get_or_insert(now);
        // Two workers may come here in another order than they read the clock.
        held.last_closed_nanos = held.last_closed_nanos.max(Some(now));
    });
}

fn answer_when_closed(held: &watch::Sender<Held>, count: u64) {
    let mut held = held.subscribe();
    tokio::spawn(async move {
        if let Ok(held) = held.wait_for(|held| held.ended + held.reset >= count).await {
            crate::answer(&*held)?;
        }
        anyhow::Ok(())
    });
}
