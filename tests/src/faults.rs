//! The server's side of the protocol of [`control`](crate::control): the hooks by which a program
//! takes commands on its stdin and tells events on its stdout. It ends when its stdin does.
//!
//! `TRUNKLINE_FAULTS_SUPERVISION` replaces the intensities and back-offs of the whole tree, for
//! rates of faults that the defaults would answer by parking: five numbers, separated by commas:
//! restarts, and in milliseconds period, shortest and longest back-off, healthy uptime.
#![expect(clippy::print_stdout, reason = "it is the wire of the programs under test")]

use std::io::BufRead as _;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use trunkline::{App, Hooks};
use trunkline_runtime::{Backoff, Event, Flags, Lifecycle, Runtime};

const SUPERVISION: &str = "TRUNKLINE_FAULTS_SUPERVISION";

/// Runs `app` with faults on command.
pub fn run(app: App) -> ExitCode {
    let mut hooks = Hooks { on_runtime: Box::new(attend), ..Hooks::default() };
    match std::env::var(SUPERVISION).map(|numbers| parse(&numbers)) {
        Ok(Ok(own)) => own.apply(&mut hooks),
        Ok(Err(error)) => {
            eprintln!("{SUPERVISION}: {error:#}");
            return ExitCode::from(2);
        }
        Err(_) => {}
    }
    app.hooks(hooks).run()
}

struct Own {
    restarts: u32,
    period: Duration,
    backoff: Backoff,
}

fn parse(numbers: &str) -> Result<Own> {
    let numbers: Vec<u32> = numbers
        .split(',')
        .map(|number| number.trim().parse())
        .collect::<Result<_, _>>()
        .context("five whole numbers are wanted")?;
    let [restarts, period, min, max, healthy] = numbers[..] else {
        bail!("five numbers are wanted, not {}", numbers.len());
    };
    let millis = |millis| Duration::from_millis(u64::from(millis));
    Ok(Own {
        restarts,
        period: millis(period),
        backoff: Backoff::new(millis(min), millis(max), millis(healthy)),
    })
}

impl Own {
    fn apply(&self, hooks: &mut Hooks) {
        let own = |flags: &mut Flags| {
            *flags = flags.intensity(self.restarts, self.period).backoff(self.backoff);
        };
        let supervision = &mut hooks.supervision;
        for flags in [
            &mut supervision.traffic,
            &mut supervision.groups,
            &mut supervision.pool,
            &mut supervision.backend,
            &mut supervision.routers,
            &mut supervision.listener,
            &mut supervision.parts,
            &mut hooks.root,
        ] {
            own(flags);
        }
        let Self { restarts, period, backoff } = self;
        eprintln!("trunkline-faults: {restarts} restarts in {period:?}, back-off {backoff:?}");
    }
}

/// Two threads: one tells what happens, one does as it is told. Neither is part of the tree, as
/// the hand that breaks it must not be.
fn attend(runtime: &Runtime) {
    let (line, lines) = mpsc::sync_channel::<Value>(1024);
    spawn("tell", move || {
        for line in lines {
            println!("{line}");
        }
    });
    let events = line.clone();
    let mut receiver = runtime.events().subscribe();
    spawn("events", move || {
        loop {
            let said = match receiver.blocking_recv() {
                Ok(event) => events.send(json!({ "event": told(&event) })),
                Err(RecvError::Lagged(lost)) => {
                    events.send(json!({ "error": format!("{lost} events were lost") }))
                }
                Err(RecvError::Closed) => return,
            };
            if said.is_err() {
                return;
            }
        }
    });
    let runtime = runtime.clone();
    spawn("commands", move || {
        for command in std::io::stdin().lock().lines().map_while(Result::ok) {
            if let Err(error) = obey(&runtime, &command, &line) {
                eprintln!("trunkline-faults: {command}: {error:#}");
            }
        }
        std::process::exit(3);
    });
}

#[expect(clippy::expect_used, reason = "a test without its threads is to fail")]
fn spawn(name: &str, run: impl FnOnce() + Send + 'static) {
    thread::Builder::new().name(name.to_owned()).spawn(run).expect("a thread");
}

fn obey(runtime: &Runtime, command: &str, answer: &mpsc::SyncSender<Value>) -> Result<()> {
    let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
    let node = |path: &str| {
        let found = runtime.registry().find(path);
        found.with_context(|| format!("there is no {path}"))
    };
    match verb {
        "panic" => node(rest)?.inject_panic(),
        "panic-message" => node(rest)?.inject_panic_at_message(),
        "block" => {
            let (path, millis) = rest.rsplit_once(' ').context("block PATH MILLIS")?;
            node(path)?.inject_block(Duration::from_millis(millis.parse()?));
        }
        "restart" => runtime.restart(rest)?,
        "kill" => runtime.kill(rest)?,
        "suspend" => runtime.suspend(rest)?,
        "resume" => runtime.resume(rest)?,
        "tree" => answer.send(json!({ "tree": runtime.registry().tree().nodes() }))?,
        _ => bail!("no such command"),
    }
    Ok(())
}

fn told(event: &Event) -> Value {
    let mut told = json!({
        "at_nanos": nanos(event.moment),
        "path": event.node.path(),
        "generation": event.generation,
        "what": event.what.name(),
    });
    match &event.what {
        Lifecycle::Exited(reason) => {
            told["reason"] = reason.kind().into();
            told["text"] = reason.to_string().into();
        }
        Lifecycle::Escalated { child, restarts } => {
            told["text"] = format!("{child} after {restarts} restarts").into();
        }
        Lifecycle::Started
        | Lifecycle::Restarting { .. }
        | Lifecycle::Parked { .. }
        | Lifecycle::Suspended
        | Lifecycle::Resumed
        | Lifecycle::Removed
        | Lifecycle::Abandoned
        | Lifecycle::WorkerStuck { .. }
        | Lifecycle::WorkerBack { .. } => {}
    }
    told
}

/// A moment on the monotonic clock that all processes of this machine share.
fn nanos(moment: Instant) -> u64 {
    let ago = u64::try_from(moment.elapsed().as_nanos()).unwrap_or(u64::MAX);
    crate::clock::monotonic_nanos().saturating_sub(ago)
}
