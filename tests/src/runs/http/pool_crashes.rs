//! What looks after a pool panics, ten times as often as in the run of all actors, while one of its
//! origins is down, one is ejected, and clients wait for a place.
//!
//! Of four origins two serve, one three times as much as the other; the third does not listen, and is
//! tried by one request now and then; the fourth has answered 500 until it was ejected, and is well
//! since. All that is known of them is in
//! cells beside the actors, so afterwards, and at every look meanwhile, it is as it was before.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use crate::control::Control;
use crate::crowd::{Asked, Crowd, CrowdPlan, latency};
use crate::origin::Behaviour;
use crate::port::ReservedPort;
use crate::runs::crashes::injector::inject_lasting;
use crate::runs::crashes::seen::Seen;
use crate::runs::crashes::targets::Kind;
use crate::runs::crashes::{NEVER_SPENT, SUPERVISION, shape};
use crate::runs::report::spread;
use crate::runs::site::{ROOT, TREE, WORKERS};
use crate::runs::{Programs, Report};
use crate::trunkline::Trunkline;

use super::mortal::Mortal;

mod standing;

use standing::{known, standing};

/// Which origin is what.
const HEAVY: usize = 0;
const LIGHT: usize = 1;
const DOWN: usize = 2;
const EJECTED: usize = 3;
const ORIGINS: usize = 4;
/// How much more the heavy one serves, and by how much that may differ.
const WEIGHT: f64 = 3.0;
const UNEVEN: f64 = 0.15;
/// What an answer takes, in milliseconds, and how many are under way at most: some clients wait.
const DELAY: u32 = 10;
const IN_FLIGHT: u32 = 8;
/// From one request of a client to the next.
const PERIOD: Duration = Duration::from_millis(12);
const SETTLED: Duration = Duration::from_secs(15);
const PROMPT: Duration = Duration::from_secs(20);

/// How long, how hard, how often.
#[derive(Clone, Copy, Debug)]
pub struct PoolCrashPlan {
    /// How long actors crash, in seconds.
    pub seconds: u32,
    /// How long it is looked at without, before and after.
    pub calm: u32,
    /// Clients; more than are served at once.
    pub clients: u32,
    /// Panics of each of four kinds of actors, in every second.
    pub panics_a_second: u32,
}

impl Default for PoolCrashPlan {
    /// Where the run of all actors has one panic of each kind in a second.
    fn default() -> Self {
        Self { seconds: 60, calm: 5, clients: 16, panics_a_second: 11 }
    }
}

/// Makes actors panic, with intensities that none of them spends.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: PoolCrashPlan) -> Result<Report> {
    let mut origins = Mortal::several(programs, ORIGINS, DELAY)?;
    origins[DOWN].origin()?.close()?;
    let port = ReservedPort::new()?;
    let (mut server, control) = Trunkline::run_with_faults_in(
        &programs.faults,
        &configuration(&port, &origins),
        &[port.address()],
        &[(SUPERVISION, NEVER_SPENT)],
    )?;
    let crowd = |clients| {
        let (to, name) = (port.address(), "get");
        Crowd::start(CrowdPlan { to, name, clients, period: PERIOD, posts: false })
    };
    prepare(&mut server, &mut origins, &crowd)?;
    let shape_before = shape(&control.tree(TREE)?);
    let before = standing(&control, &origins)?;

    let mut report = Report::new("pool-crashes");
    report.show("intensities and back-offs of all supervisors", NEVER_SPENT);
    report.show("requests under way at most, clients", format!("{IN_FLIGHT}, {}", plan.clients));
    let calm = |name: &str, origins: &mut [Mortal], report: &mut Report| {
        let before = requests(origins)?;
        let crowd = crowd(plan.clients)?;
        let asked = crowd.finish_after(Duration::from_secs(plan.calm.into()))?;
        Phase::of(asked, before, origins)?.tell(name, report);
        anyhow::Ok(())
    };
    calm("before", &mut origins, &mut report)?;

    let mark = control.mark();
    let at_first = requests(&mut origins)?;
    let trials = trials_of(&control, &origins[DOWN])?;
    let asking = crowd(plan.clients)?;
    let mut odd = BTreeSet::new();
    let mut injections = Vec::new();
    // Looked at between the panics of every second.
    for _ in 0..plan.seconds {
        let times = plan.panics_a_second;
        injections.extend(inject_lasting(&control, &kinds(&origins), times, 1)?);
        let now = standing(&control, &origins)?;
        odd.extend(known(&before).symmetric_difference(&known(&now)).cloned());
    }
    let asked = asking.finish()?;
    Seen::of(&control.events_since(mark), &injections).tell(&mut report);
    Phase::of(asked, at_first, &mut origins)?.tell("meanwhile", &mut report);
    let trials = trials_of(&control, &origins[DOWN])? - trials;
    let most = u64::from(plan.seconds) + 1;
    let name = format!("trials of the one that is down, at most {most}");
    report.require(&name, trials, trials <= most);
    let odd = Vec::from_iter(odd).join(", ");
    let name = "down, ejected and weights at every look meanwhile, as before";
    report.require(name, format!("[{odd}]"), odd.is_empty());
    calm("after", &mut origins, &mut report)?;
    settle(&mut server, &control, &origins)?;
    let changed: Vec<_> =
        before.symmetric_difference(&standing(&control, &origins)?).cloned().collect();
    let name = "what the tree says of the pool afterwards, as before, none in flight";
    report.require(name, format!("[{}]", changed.join(", ")), changed.is_empty());
    let after = shape(&control.tree(TREE)?);
    let changed: Vec<_> = shape_before.symmetric_difference(&after).cloned().collect();
    let name = "the tree afterwards, as before";
    report.require(name, format!("[{}]", changed.join(", ")), changed.is_empty());
    let back = comes_back(&mut server, &control, &mut origins[DOWN])?;
    report.require("the one that is down comes back when it listens", back, back);
    server.process().signal(Signal::TERM)?;
    let code = server.process().wait(PROMPT)?.code();
    report.require("then exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}

/// Probes are TCP, so that only answers eject. No ejection ends in the time of the run, and none is
/// ignored. What is down is tried after a second at the earliest, which no client may notice.
fn configuration(port: &ReservedPort, origins: &[Mortal]) -> String {
    let weight = |number| if number == HEAVY { 3 } else { 1 };
    let each = origins.iter().enumerate().map(|(number, origin)| {
        format!("{{ address = \"{}\", weight = {} }}", origin.address(), weight(number))
    });
    let backends = each.collect::<Vec<_>>().join(", ");
    format!(
        "[server]\nworkers = {WORKERS}\n[log]\nlevel = \"warn\"\n\
         [listener.main]\nbind = \"{}\"\nprotocol = \"http\"\nroutes = [{{ pool = \"main\" }}]\n\
         [pool.main]\nbackends = [{backends}]\npanic = 0\nretry_after = \"1s\"\n\
         [pool.main.probe]\ninterval = \"200ms\"\ninterval_down = \"200ms\"\ntimeout = \"200ms\"\n\
         [pool.main.eject]\nfailures = 5\ntime = \"10m\"\nlongest = \"10m\"\nshare = 50\n\
         [pool.main.limits]\nin_flight = {IN_FLIGHT}\n",
        port.address()
    )
}

/// Has one origin be down and one be ejected.
fn prepare(
    server: &mut Trunkline,
    origins: &mut [Mortal],
    crowd: &impl Fn(u32) -> Result<Crowd>,
) -> Result<()> {
    server.process().wait_for_line("backend is out", PROMPT)?;
    origins[EJECTED].origin()?.behave(Behaviour::Status(500))?;
    let asking = crowd(4)?;
    let ejected = server.process().wait_for_line("backend is ejected", PROMPT);
    asking.finish()?;
    ejected?;
    origins[EJECTED].origin()?.behave(Behaviour::PROMPT)?;
    Ok(())
}

fn kinds(origins: &[Mortal]) -> Vec<Kind> {
    let pool = format!("{ROOT}/traffic/pools/main");
    let of_each = |leaf: &str| {
        let paths = origins.iter().map(|origin| format!("{pool}/{}/{leaf}", origin.address()));
        paths.collect()
    };
    let routers = (0..WORKERS).map(|worker| format!("{ROOT}/traffic/routers/w{worker}"));
    vec![
        Kind { name: "pool", paths: vec![format!("{pool}/pool")] },
        Kind { name: "backend", paths: of_each("backend") },
        Kind { name: "probe", paths: of_each("probe") },
        Kind { name: "router", paths: routers.collect() },
    ]
}

fn requests(origins: &mut [Mortal]) -> Result<Vec<u64>> {
    let counts = |origin: &mut Mortal| Ok(origin.origin()?.counts()?.requests);
    origins.iter_mut().map(counts).collect()
}

/// What was asked in a while, and who had it.
struct Phase {
    asked: Vec<Asked>,
    /// Requests of each origin.
    shares: Vec<u64>,
    /// The most that one had at once.
    most: u64,
}

impl Phase {
    fn of(asked: Vec<Asked>, before: Vec<u64>, origins: &mut [Mortal]) -> Result<Self> {
        let (mut shares, mut most) = (Vec::new(), 0);
        for (origin, before) in origins.iter_mut().zip(before) {
            let counts = origin.origin()?.counts()?;
            shares.push(counts.requests - before);
            most = most.max(counts.most);
        }
        Ok(Self { asked, shares, most })
    }

    fn tell(&self, name: &str, report: &mut Report) {
        let name = |what: &str| format!("{name}: {what}");
        let failed: Vec<_> = self.asked.iter().filter(|asked| !asked.is_served()).collect();
        report.show(&name("requests"), self.asked.len());
        report.require(&name("lost, none"), failed.len(), failed.is_empty());
        for asked in failed.iter().take(5) {
            report.show("  one of them", format!("{}: {:?}", asked.id, asked.outcome));
        }
        report.show(&name("times"), spread(&latency(&self.asked)));
        let ratio = self.shares[HEAVY] as f64 / self.shares[LIGHT].max(1) as f64;
        let even = (ratio / WEIGHT - 1.0).abs() <= UNEVEN;
        report.require(&name("the one of three times the weight served"), ratio, even);
        let out = self.shares[DOWN] + self.shares[EJECTED];
        report.require(&name("requests to those that are out, none"), out, out == 0);
        let bound = name(&format!("at an origin at once, at most {IN_FLIGHT}"));
        report.require(&bound, self.most, self.most <= u64::from(IN_FLIGHT));
    }
}

/// Waits until no request is under way.
fn settle(server: &mut Trunkline, control: &Control, origins: &[Mortal]) -> Result<()> {
    let idle = |_| {
        let now = standing(control, origins)?;
        Ok(now.iter().all(|fact| !fact.contains("in_flight") || fact.ends_with("= 0")))
    };
    // Where that does not come, the report shows it.
    let _late = server.process().wait_until("idle", SETTLED, idle);
    Ok(())
}

/// Lets the one that is down listen again; whether it is then up.
fn comes_back(server: &mut Trunkline, control: &Control, origin: &mut Mortal) -> Result<bool> {
    origin.origin()?.open()?;
    let back = server.process().wait_until("back", PROMPT, |_| {
        let detail = detail_of(control, origin)?;
        ensure!(detail["health"].is_string(), "it shows no health: {detail}");
        Ok(detail["health"] == "up")
    });
    Ok(back.is_ok())
}

/// Leases of one that is down: each is a trial.
fn trials_of(control: &Control, origin: &Mortal) -> Result<u64> {
    let detail = detail_of(control, origin)?;
    detail["leases"].as_u64().with_context(|| format!("it shows no leases: {detail}"))
}

fn detail_of(control: &Control, origin: &Mortal) -> Result<serde_json::Value> {
    let path = format!("{ROOT}/traffic/pools/main/{}/backend", origin.address());
    let node = control.tree(TREE)?.into_iter().find(|node| node.path == path);
    node.context("it is gone")?.detail.context("it shows nothing")
}
