//! The open-loop generator.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use trunkline_tests::clock::monotonic_nanos;
use trunkline_tests::latency::Latency;
use trunkline_tests::ledger::Attempt;
use trunkline_tests::load::{Fate, LoadPlan, LoadSummary, Running};

use crate::dial;

/// Starts the connections by the clock, waits for all of them, and prints the account.
pub(crate) async fn run(plan: LoadPlan) -> Result<()> {
    let plan = Arc::new(plan);
    let ledger = plan.ledger.as_deref().map(|path| {
        File::create(path).with_context(|| format!("cannot write the ledger {}", path.display()))
    });
    let (attempts, received) = mpsc::channel(1024);
    let account = tokio::spawn(account(received, ledger.transpose()?));
    // No two loads on this machine share their id, so no two connections share a token.
    let id = format!("{:x}-{:x}", std::process::id(), monotonic_nanos());
    let (begin, started_nanos) = (Instant::now(), monotonic_nanos());
    let total = u64::from(plan.rate) * u64::from(plan.seconds);
    let mut worst = Duration::ZERO;
    for number in 0..total {
        let due = begin + Duration::from_secs(1).mul_f64(number as f64 / f64::from(plan.rate));
        if due > Instant::now() {
            sleep_until(due).await;
        }
        worst = worst.max(due.elapsed());
        let (plan, attempts) = (Arc::clone(&plan), attempts.clone());
        let token = format!("{id}-{number}");
        tokio::spawn(async move {
            // Fails only if the account has failed, which ends the program with its error.
            let _unheard = attempts.send(attempt(&plan, token).await).await;
        });
    }
    drop(attempts);
    let (fates, backends, answered) = account.await.context("the account has crashed")??;
    let summary = LoadSummary {
        started: total,
        done: fates.values().sum(),
        fates,
        backends,
        latency: Latency::of(answered),
        worst_lateness_nanos: u64::try_from(worst.as_nanos())?,
        started_nanos,
        ended_nanos: monotonic_nanos(),
    };
    crate::answer(&summary)?;
    let LoadSummary { started, done, .. } = summary;
    ensure!(started == done, "{started} connections were started, {done} are accounted for");
    Ok(())
}

type Account = (BTreeMap<Fate, u64>, BTreeMap<String, u64>, Vec<u64>);

/// Writes the ledger and adds up.
async fn account(mut attempts: mpsc::Receiver<Attempt>, ledger: Option<File>) -> Result<Account> {
    let mut ledger = ledger.map(BufWriter::new);
    let (mut fates, mut backends) = (BTreeMap::new(), BTreeMap::new());
    let mut answered = Vec::new();
    while let Some(attempt) = attempts.recv().await {
        if fates.is_empty() {
            crate::answer(&Running { running: attempt.fate })?;
        }
        if let Some(ledger) = &mut ledger {
            serde_json::to_writer(&mut *ledger, &attempt)?;
            ledger.write_all(b"\n")?;
        }
        *fates.entry(attempt.fate).or_default() += 1;
        answered.extend(attempt.answered_nanos.map(|at| at.saturating_sub(attempt.started_nanos)));
        if let Some(backend) = attempt.backend {
            *backends.entry(backend).or_default() += 1;
        }
    }
    if let Some(mut ledger) = ledger {
        ledger.flush().context("cannot write the ledger")?;
    }
    Ok((fates, backends, answered))
}

async fn attempt(plan: &LoadPlan, token: String) -> Attempt {
    let mut attempt = Attempt {
        token,
        local_port: None,
        started_nanos: monotonic_nanos(),
        answered_nanos: None,
        ended_nanos: 0,
        fate: Fate::Timeout,
        backend: None,
        error: None,
    };
    let limit = Duration::from_millis(plan.timeout_millis);
    let outcome = timeout(limit, exchange(plan, &mut attempt)).await;
    attempt.ended_nanos = monotonic_nanos();
    match outcome {
        Ok(Ok(())) => attempt.fate = Fate::Ok,
        Ok(Err(error)) => {
            attempt.fate = dial::fate_of(&error);
            attempt.error = Some(error.to_string());
        }
        Err(elapsed) => attempt.error = Some(elapsed.to_string()),
    }
    attempt
}

async fn exchange(plan: &LoadPlan, attempt: &mut Attempt) -> io::Result<()> {
    let mut stream = dial::dial(plan.to).await?;
    attempt.local_port = Some(stream.local_addr()?.port());
    if plan.banner {
        attempt.backend = Some(dial::banner(&mut stream).await?);
    }
    let request = request(&attempt.token, plan.payload);
    let (mut reading, mut writing) = stream.split();
    // Both at once: a payload larger than the buffers on the way would otherwise wait for itself.
    let written = writing.write_all(&request);
    tokio::try_join!(written, expect(&mut reading, &request))?;
    attempt.answered_nanos = Some(monotonic_nanos());
    stream.shutdown().await?;
    expect_end(&mut stream).await
}

/// The token's line, and a payload made of the token: nobody else's answer looks like it.
fn request(token: &str, payload: usize) -> Vec<u8> {
    let line = format!("token {token}\n");
    let payload = token.bytes().cycle().take(payload);
    line.bytes().chain(payload).collect()
}

async fn expect(stream: &mut (impl AsyncReadExt + Unpin), expected: &[u8]) -> io::Result<()> {
    let mut buffer = vec![0; expected.len().min(16 * 1024)];
    let mut rest = expected;
    while !rest.is_empty() {
        let most = buffer.len().min(rest.len());
        let read = stream.read(&mut buffer[..most]).await?;
        if read == 0 {
            let missing = format!("ended {} bytes early", rest.len());
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, missing));
        }
        if buffer[..read] != rest[..read] {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not the bytes that were sent"));
        }
        rest = &rest[read..];
    }
    Ok(())
}

async fn expect_end(stream: &mut TcpStream) -> io::Result<()> {
    match stream.read(&mut [0]).await? {
        0 => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "more bytes than were sent")),
    }
}
