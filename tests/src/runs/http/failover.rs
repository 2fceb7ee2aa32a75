//! Three origins are killed and come back, one at a time, at full speed.
//!
//! What may be repeated does not fail. What may not, a POST, fails if it was with the origin that was
//! killed: by that origin's own log it was begun, and not done, at the kill. Every other kill has a
//! complete log; around the rest no POST is under way.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use rustix::process::Signal;

use crate::crowd::{Asked, Crowd, CrowdPlan, latency};
use crate::port::ReservedPort;
use crate::proxied::REQUESTS;
use crate::runs::pace::Pace;
use crate::runs::report::{millis, spread};
use crate::runs::site::WORKERS;
use crate::runs::{Programs, Report};
use crate::trunkline::Trunkline;

use super::mortal::{Mortal, backends};

mod full_speed;
mod posts;

use full_speed::FullSpeed;
use posts::Posts;

const ORIGINS: usize = 3;
/// How long an origin that is back may wait for its first requests.
const BACK: Duration = Duration::from_secs(10);
/// How long it should: two probes while it is down, and some.
const AGAIN: Duration = Duration::from_secs(2);
const PROMPT: Duration = Duration::from_secs(20);

/// How long, how hard, how often.
#[derive(Clone, Copy, Debug)]
pub struct HttpFailoverPlan {
    /// For how many seconds requests are made.
    pub seconds: u32,
    /// How often an origin is killed, each in turn.
    pub kills: u32,
    /// Clients that ask a hundred times a second; half as many again send POSTs.
    pub clients: u32,
    /// Whether wrk and h2load ask as well, as fast as they can.
    pub full_speed: bool,
}

impl Default for HttpFailoverPlan {
    /// Twenty kills in a minute.
    fn default() -> Self {
        Self { seconds: 60, kills: 20, clients: 8, full_speed: true }
    }
}

/// Kills origins and brings them back.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: HttpFailoverPlan) -> Result<Report> {
    let mut origins = Mortal::several(programs, ORIGINS, 0)?;
    let port = ReservedPort::new()?;
    let configuration = format!(
        "[server]\nworkers = {WORKERS}\n[log]\nlevel = \"error\"\n\
         [listener.main]\nbind = \"{}\"\nprotocol = \"http\"\nroutes = [{{ pool = \"main\" }}]\n\
         [listener.main.http]\nrequests = {REQUESTS}\n\
         [pool.main]\n{}retry_after = \"500ms\"\n\
         [pool.main.probe]\ninterval = \"500ms\"\ninterval_down = \"200ms\"\ntimeout = \"500ms\"\n",
        port.address(),
        backends(&origins)
    );
    let mut server = Trunkline::run(&programs.server, &configuration, &[port.address()])?;
    let crowd = |name, clients, posts| {
        let period = Duration::from_millis(10);
        Crowd::start(CrowdPlan { to: port.address(), name, clients, period, posts })
    };
    let (gets, posts) =
        (crowd("get", plan.clients, false)?, crowd("post", plan.clients.div_ceil(2), true)?);
    let mut report = Report::new("http-failover");
    let ((kills, took), speed) = thread::scope(|scope| {
        let speed = scope.spawn(|| FullSpeed::for_seconds(port.address(), plan));
        let began = Instant::now();
        let kills = kill_all(&mut origins, &posts, plan).map(|kills| (kills, began.elapsed()));
        let speed = speed.join().map_err(|_| anyhow::anyhow!("the load panicked"));
        anyhow::Ok((kills?, speed??))
    })?;
    let (gets, posts) = (gets.finish()?, posts.finish()?);
    server.process().signal(Signal::TERM)?;
    let code = server.process().wait(PROMPT)?.code();

    let in_time = took < Duration::from_secs(plan.seconds.into());
    let name = format!("kills, and as many returns, within {} s", plan.seconds);
    report.require(&name, format!("{}, {took:.1?}", kills.len()), in_time);
    let longest = kills.iter().map(|kill| kill.back).max().unwrap_or_default();
    let name = format!("longest until an origin that is back has requests, at most {AGAIN:?}");
    report.require(&name, format!("{longest:.2?}"), longest <= AGAIN);
    speed.tell(&mut report);
    let failed: Vec<_> = gets.iter().filter(|asked| !asked.is_served()).collect();
    report.show("GETs of clients that write down each", gets.len());
    report.require("of these failed, none", failed.len(), failed.is_empty());
    show_some(&failed, &mut report);
    report.show("their times", spread(&latency(&gets)));
    Posts::of(&posts, &origins, &kills)?.tell(&mut report);
    report.require("then exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}

/// A kill, and a return.
struct Kill {
    /// Which origin.
    origin: usize,
    /// A time that is not after the kill, in nanoseconds of the monotonic clock.
    killed_nanos: u64,
    /// From its start to its first requests.
    back: Duration,
    /// Connections that had been taken, and had not sent a request.
    nameless: u64,
}

fn kill_all(origins: &mut [Mortal], posts: &Crowd, plan: HttpFailoverPlan) -> Result<Vec<Kill>> {
    let mut kills = Vec::new();
    // A little faster than need be: the last is back before the load ends.
    let period = Duration::from_secs(plan.seconds.into()).mul_f64(0.95) / (2 * plan.kills + 1);
    let mut pace = Pace::every(period);
    pace.wait();
    for number in 0..plan.kills as usize {
        pace.wait();
        let origin = number % ORIGINS;
        let mortal = &mut origins[origin];
        let (killed_nanos, nameless) = if number.is_multiple_of(2) {
            let crashed = mortal.crash()?;
            (crashed.killed_nanos, crashed.nameless)
        } else {
            let _none_under_way = posts.hold();
            (mortal.kill()?, 0)
        };
        pace.wait();
        mortal.revive()?;
        let back = Instant::now();
        while mortal.origin()?.counts()?.requests == 0 && back.elapsed() < BACK {
            posts.wait_until_served(1, BACK)?;
        }
        kills.push(Kill { origin, killed_nanos, back: back.elapsed(), nameless });
    }
    Ok(kills)
}

/// The first few of what should not be.
fn show_some(asked: &[&Asked], report: &mut Report) {
    for asked in asked.iter().take(5) {
        let took = millis(asked.nanos());
        report.show("  one of them", format!("{}: {:?} after {took}", asked.id, asked.outcome));
    }
}
