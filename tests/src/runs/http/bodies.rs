//! Long bodies, and clients that read or send one slowly: what they cost the server in memory.

use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use rustix::process::Signal;

use crate::runs::cost::{Cost, kib};
use crate::runs::{Programs, Report};
use crate::trunkline::Trunkline;
use crate::web::body::{Body, Target};
use crate::web::client::{Client, Outcome, Request};

use super::half::{Half, configuration};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
/// What bodies of any length may cost, all of a run together.
const OF_BODIES: u64 = 4 * MIB;
/// What a slow client may cost.
const OF_SLOW: u64 = 256 * KIB;
/// What a slow client reads or sends in a second, in bytes.
const SLOW: usize = 1024;
/// How much the kernel takes for a slow reader: little, so that the server feels it at once.
const ROOM: usize = 16 * 1024;
/// How long the bodies of a run may take.
const PATIENCE: Duration = Duration::from_secs(180);
const END: Duration = Duration::from_secs(20);
/// Exchanges before memory is taken: more than enough for each worker to have had some.
const WARM: u64 = 16;

/// How long and how many.
#[derive(Clone, Copy, Debug)]
pub struct BodyPlan {
    /// Bytes of a body that is alone.
    pub bytes: u64,
    /// Bytes of each of eight that are not.
    pub bytes_of_each: u64,
    /// Slow readers at once, beside a run with one.
    pub readers: u64,
    /// How long they read, in seconds.
    pub seconds: u64,
}

impl Default for BodyPlan {
    /// 1 GiB, 128 MiB, and 200 readers for longer than a body may stand still.
    fn default() -> Self {
        Self { bytes: 1024 * MIB, bytes_of_each: 128 * MIB, readers: 200, seconds: 45 }
    }
}

/// Sends long bodies and slow ones through a server of its own for each case.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: BodyPlan) -> Result<Report> {
    let mut report = Report::new("http-bodies");
    for chunked in [false, true] {
        let framing = if chunked { "chunked" } else { "with its length" };
        let long = Body::of(plan.bytes, chunked);
        let what = mib(plan.bytes);
        passing(programs, &format!("{what} up, {framing}"), &[up(1, long)], &mut report)?;
        passing(programs, &format!("{what} down, {framing}"), &[down(1, long)], &mut report)?;
    }
    let both = |number: u64| {
        let body = Body::of(plan.bytes_of_each, number % 4 < 2);
        if number.is_multiple_of(2) { up(number, body) } else { down(number, body) }
    };
    let eight: Vec<_> = (1..=8).map(both).collect();
    let who = format!("8 times {} at once, both ways, both framings", mib(plan.bytes_of_each));
    passing(programs, &who, &eight, &mut report)?;
    reading(programs, 1, plan.seconds, &mut report)?;
    writing(programs, plan.seconds, &mut report)?;
    reading(programs, plan.readers, plan.seconds, &mut report)?;
    Ok(report)
}

fn up(seed: u64, body: Body) -> Request {
    let target = Target { seed, answer: Body::of(KIB, !body.chunked) };
    Request { target, upload: Some(body), close: false }
}

fn down(seed: u64, body: Body) -> Request {
    Request { target: Target { seed, answer: body }, upload: None, close: false }
}

struct Served {
    server: Trunkline,
    half: Half,
    cost: Cost,
}

impl Served {
    fn start(programs: &Programs) -> Result<Self> {
        let half = Half::start("main", 1)?;
        // Slow readers are not waited for.
        let configuration = configuration(&[&half], 1);
        let mut server = Trunkline::run(&programs.server, &configuration, &[half.address()])?;
        for number in 1..=WARM {
            let seed = u64::MAX - number;
            let body = Body::of(MIB, number.is_multiple_of(2));
            let mut client = Client::connect(half.address())?;
            for request in [up(seed, body), down(seed, body)] {
                let outcome = client.ask(&request);
                ensure!(outcome == Outcome::Served, "not served before it began: {outcome:?}");
            }
        }
        let cost = Cost::begin(server.process().id())?;
        Ok(Self { server, half, cost })
    }

    fn end(mut self, who: &str, bound: u64, report: &mut Report) -> Result<()> {
        self.cost.look()?;
        report.show(&format!("{who}: memory before"), kib(self.cost.before));
        self.cost.tell(who, bound, report);
        let wrong = self.half.wrong();
        report.require(
            &format!("{who}: wrong bytes at the origin, none"),
            wrong.len(),
            wrong.is_empty(),
        );
        self.server.process().signal(Signal::TERM)?;
        let code = self.server.process().wait(END)?.code();
        report.require("then exit code 0", format!("{code:?}"), code == Some(0));
        Ok(())
    }
}

/// Each of `requests` on a connection of its own, all at once.
fn passing(
    programs: &Programs,
    who: &str,
    requests: &[Request],
    report: &mut Report,
) -> Result<()> {
    let mut served = Served::start(programs)?;
    let to = served.half.address();
    let began = Instant::now();
    let ask = |request: &Request| {
        let (request, mut client) = (*request, Client::connect(to)?);
        asking(move || client.ask(&request))
    };
    let threads: Vec<_> = requests.iter().map(ask).collect::<Result<_>>()?;
    served.cost.watch_until(PATIENCE, || threads.iter().all(JoinHandle::is_finished))?;
    let took = began.elapsed();
    let bytes: u64 = requests.iter().map(|it| it.target.answer.bytes + uploaded(it)).sum();
    let outcomes: Vec<_> = threads.into_iter().map(finish).collect::<Result<_>>()?;
    let all = outcomes.iter().all(|outcome| *outcome == Outcome::Served);
    let name = format!("{who}: every byte in its place, all");
    report.require(&name, format!("{outcomes:?}"), all);
    let rate = bytes as f64 / took.as_secs_f64() / MIB as f64;
    report.show(&format!("{who}: MiB a second"), format!("{rate:.0}"));
    served.end(who, OF_BODIES, report)
}

/// Clients that read a long answer slowly.
fn reading(programs: &Programs, readers: u64, seconds: u64, report: &mut Report) -> Result<()> {
    let mut served = Served::start(programs)?;
    let mut clients = Vec::new();
    for seed in 1..=readers {
        let mut client = Client::connect_with_room(served.half.address(), ROOM)?;
        client.begin(&down(seed, Body::of(1024 * MIB, seed.is_multiple_of(2))))?;
        clients.push(client);
    }
    let (mut lost, mut bytes) = (0, 0);
    for _ in 0..seconds {
        served.cost.watch_for(Duration::from_secs(1))?;
        clients.retain_mut(|client| {
            let took = client.take_some(&mut [0; SLOW]).unwrap_or_default();
            bytes += took as u64;
            lost += u64::from(took == 0);
            took > 0
        });
    }
    let who = match readers {
        1 => "1 reader at 1 KiB a second".to_owned(),
        _ => format!("{readers} readers at 1 KiB a second"),
    };
    report.show(&format!("{who}: read in {seconds} s"), kib(bytes));
    report.require(&format!("{who}: cut off, none"), lost, lost == 0);
    drop(clients);
    served.end(&who, readers * OF_SLOW, report)
}

/// A client that sends a body slowly.
fn writing(programs: &Programs, seconds: u64, report: &mut Report) -> Result<()> {
    let mut served = Served::start(programs)?;
    let pause = Duration::from_secs(1);
    let body = Body { pieces: seconds, pause, ..Body::of(seconds * SLOW as u64, true) };
    let mut client = Client::connect(served.half.address())?;
    let thread = asking(move || client.ask(&up(1, body)))?;
    let patience = PATIENCE + pause * u32::try_from(seconds)?;
    served.cost.watch_until(patience, || thread.is_finished())?;
    let outcome = finish(thread)?;
    let who = "1 writer at 1 KiB a second";
    let whole = outcome == Outcome::Served;
    report.require(&format!("{who}: served"), format!("{outcome:?}"), whole);
    served.end(who, OF_SLOW, report)
}

fn asking(ask: impl FnOnce() -> Outcome + Send + 'static) -> Result<JoinHandle<Outcome>> {
    Builder::new().name("asking".to_owned()).spawn(ask).context("no thread for a client")
}

fn finish(thread: JoinHandle<Outcome>) -> Result<Outcome> {
    thread.join().map_err(|_| anyhow!("a client panicked"))
}

fn uploaded(request: &Request) -> u64 {
    request.upload.map_or(0, |body| body.bytes)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes / MIB)
}
