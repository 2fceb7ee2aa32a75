//! A file whose backends come, go and are reweighed, again and again, under load.
//!
//! Each change is followed by SIGHUP. Every tenth file has a mistake, which changes nothing. Of each
//! of two pools, one for HTTP and one for forwarded bytes, the first backends stay in every file: what
//! is connected to them must not notice.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use fastrand::Rng;
use rustix::process::Signal;

use crate::backend::{Backend, BackendPlan, Mode};
use crate::control::Control;
use crate::crowd::{Crowd, CrowdPlan, latency};
use crate::port::ReservedPort;
use crate::trunkline::Trunkline;

use super::http::mortal::Mortal;
use super::pace::Pace;
use super::report::spread;
use super::site::{ANY, ROOT, TREE, WORKERS};
use super::{Programs, Report};

mod streams;

use streams::Streams;

/// Backends of each pool, and how many of them stay.
const BACKENDS: usize = 6;
const STAY: usize = 2;
/// What a backend's weight may be.
const HEAVIEST: u32 = 10;
/// How long the server may take for a file.
const APPLIED: Duration = Duration::from_secs(5);
const PROMPT: Duration = Duration::from_secs(20);
const GOOD: &str = "SIGHUP: the backends of the file are in use";
const BAD: &str = "SIGHUP: the file has a mistake";

/// How long, how hard, how often.
#[derive(Clone, Copy, Debug)]
pub struct ReloadPlan {
    /// For how many seconds files are changed.
    pub seconds: u32,
    /// How many.
    pub files: u32,
    /// Clients that ask a hundred times a second; half as many again send POSTs.
    pub clients: u32,
    /// Streams that stay.
    pub streams: u32,
}

impl Default for ReloadPlan {
    /// A hundred files in a minute.
    fn default() -> Self {
        Self { seconds: 60, files: 100, clients: 12, streams: 32 }
    }
}

/// Changes files under load.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: ReloadPlan) -> Result<Report> {
    let mut scene = Scene::start(programs)?;
    let streams = Streams::open(scene.tcp.address(), plan.streams)?;
    let crowd = |name, clients, posts| {
        let (to, period) = (scene.web.address(), Duration::from_millis(10));
        Crowd::start(CrowdPlan { to, name, clients, period, posts })
    };
    let (gets, posts) =
        (crowd("get", plan.clients, false)?, crowd("post", plan.clients.div_ceil(2), true)?);
    gets.wait_until_served(u64::from(plan.clients), PROMPT)?;
    let before = scene.lasting()?;
    let (mut good, mut bad) = (0, 0);
    let mut late = Vec::new();
    let (mut random, mut pace) = (
        Rng::with_seed(7),
        Pace::every(Duration::from_secs(plan.seconds.into()) / (2 * plan.files.max(1))),
    );
    for number in 1..=plan.files {
        pace.wait();
        let served = if number.is_multiple_of(10) {
            bad += 1;
            scene.mistake(&mut random)?
        } else {
            good += 1;
            scene.change(&mut random)?
        };
        pace.wait();
        late.extend(scene.late(served)?);
    }
    let after = scene.lasting()?;
    let (gets, posts, held) = (gets.finish()?, posts.finish()?, streams.finish()?);
    let code = {
        scene.server.process().signal(Signal::TERM)?;
        scene.server.process().wait(PROMPT)?.code()
    };

    let mut report = Report::new("reload");
    report.require("files that were applied, by the tree and the log", good, good > 0);
    report.require("files with a mistake, which changed nothing and were logged", bad, bad > 0);
    for (name, asked) in [("GETs", &gets), ("POSTs", &posts)] {
        let failed: Vec<_> = asked.iter().filter(|asked| !asked.is_served()).collect();
        report.show(name, asked.len());
        report.require(&format!("{name} that failed, none"), failed.len(), failed.is_empty());
        for asked in failed.iter().take(5) {
            report.show("  one of them", format!("{}: {:?}", asked.id, asked.outcome));
        }
    }
    report.show("their times", spread(&latency(gets.iter().chain(&posts))));
    let names = "requests to backends that are not in the file, none";
    report.require(names, late.join(", "), late.is_empty());
    held.tell(&mut report);
    let changed: Vec<_> = before.symmetric_difference(&after).cloned().collect();
    let name = "actors of backends that stayed, as before";
    report.require(name, format!("[{}]", changed.join(", ")), changed.is_empty());
    report.require("then exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}

/// A server, its two pools, and which backends are in its file.
struct Scene {
    server: Trunkline,
    control: Control,
    web: ReservedPort,
    tcp: ReservedPort,
    origins: Vec<Mortal>,
    echoes: Vec<Backend>,
    members: [BTreeSet<SocketAddr>; 2],
}

impl Scene {
    fn start(programs: &Programs) -> Result<Self> {
        let origins = Mortal::several(programs, BACKENDS, 2)?;
        let echoes = (0..BACKENDS)
            .map(|_| Backend::start(&programs.peer, &BackendPlan::new(ANY, Mode::Echo)))
            .collect::<Result<Vec<_>>>()?;
        let (web, tcp) = (ReservedPort::new()?, ReservedPort::new()?);
        let addresses = [
            origins.iter().map(Mortal::address).collect::<Vec<_>>(),
            echoes.iter().map(Backend::address).collect(),
        ];
        let first = addresses.map(|all| all.into_iter().take(STAY).collect::<Vec<_>>());
        let lists = first.each_ref().map(|all| list(all, || 1));
        let text = file(&web, &tcp, &lists);
        let (server, control) =
            Trunkline::run_with_faults(&programs.faults, &text, &[web.address(), tcp.address()])?;
        let members = first.map(|all| all.into_iter().collect());
        Ok(Self { server, control, web, tcp, origins, echoes, members })
    }

    /// Writes a file with other backends and weights, and waits until the tree has them. Says how
    /// many requests each origin has had.
    fn change(&mut self, random: &mut Rng) -> Result<Vec<u64>> {
        let chosen = [self.choose(true, random), self.choose(false, random)];
        let mut weight = || random.u32(1..=HEAVIEST);
        let lists = chosen.each_ref().map(|all| list(all, &mut weight));
        self.tell(&file(&self.web, &self.tcp, &lists), GOOD)?;
        self.members = chosen.map(|all| all.into_iter().collect());
        let (control, members) = (&self.control, &self.members);
        let is_there = |_| Ok(in_tree(control)? == *members);
        self.server.process().wait_until("as in its file", APPLIED, is_there)?;
        self.counts()
    }

    /// Writes a file with other backends that is wrong, and sees that none of them come.
    fn mistake(&mut self, random: &mut Rng) -> Result<Vec<u64>> {
        let lists = [self.choose(true, random), self.choose(false, random)]
            .map(|all| list(&all, || 100_000));
        self.tell(&file(&self.web, &self.tcp, &lists), BAD)?;
        let there = in_tree(&self.control)?;
        anyhow::ensure!(there == self.members, "a file with a mistake was applied: {there:?}");
        self.counts()
    }

    /// Those that stay, and some of the others.
    fn choose(&self, web: bool, random: &mut Rng) -> Vec<SocketAddr> {
        let all: Vec<_> = if web {
            self.origins.iter().map(Mortal::address).collect()
        } else {
            self.echoes.iter().map(Backend::address).collect()
        };
        let stays = |(number, _): &(usize, SocketAddr)| *number < STAY || random.bool();
        let mut chosen: Vec<_> =
            all.into_iter().enumerate().filter(stays).map(|(_, address)| address).collect();
        random.shuffle(&mut chosen);
        chosen
    }

    fn tell(&mut self, text: &str, answer: &str) -> Result<()> {
        fs::write(self.server.configuration(), text)?;
        let process = self.server.process();
        let mark = process.stderr().count();
        process.signal(Signal::HUP)?;
        let deadline = Instant::now() + APPLIED;
        let said = process.stderr().wait_for(mark, deadline, |line| line.contains(answer));
        said.map_err(|why| anyhow!("no line with {answer:?}: {why:?}"))?;
        Ok(())
    }

    fn counts(&mut self) -> Result<Vec<u64>> {
        let counts = |origin: &mut Mortal| Ok(origin.origin()?.counts()?.requests);
        self.origins.iter_mut().map(counts).collect()
    }

    /// Origins that have had requests since `then`, but are in no file: those that were under way at
    /// a change were all there when the tree had it.
    fn late(&mut self, then: Vec<u64>) -> Result<Vec<String>> {
        let now = self.counts()?;
        let out = self.origins.iter().zip(then.into_iter().zip(now));
        let out = out.filter(|(origin, _)| !self.members[0].contains(&origin.address()));
        let late = out.filter(|(_, (then, now))| now > then);
        Ok(late
            .map(|(origin, (then, now))| format!("{}: {}", origin.address(), now - then))
            .collect())
    }

    /// The actors of what stays, with their incarnations.
    fn lasting(&self) -> Result<BTreeSet<String>> {
        let stay = [
            self.origins.iter().take(STAY).map(Mortal::address).collect::<Vec<_>>(),
            self.echoes.iter().take(STAY).map(Backend::address).collect(),
        ];
        let tree = self.control.tree(TREE)?;
        let stays = |path: &str| {
            let below = path.strip_prefix(&format!("{ROOT}/traffic/pools/"));
            let address = below.and_then(|below| below.split('/').nth(1)).map(str::parse);
            matches!(address, Some(Ok(address)) if stay.iter().flatten().any(|it| *it == address))
        };
        let nodes = tree.iter().filter(|node| stays(&node.path));
        let named = nodes.map(|node| format!("{} {} {}", node.path, node.generation, node.state));
        Ok(named.collect())
    }
}

/// The backends that the tree has of each pool.
fn in_tree(control: &Control) -> Result<[BTreeSet<SocketAddr>; 2]> {
    let tree = control.tree(TREE)?;
    let of = |pool: &str| {
        let pool = format!("{ROOT}/traffic/pools/{pool}/");
        let below = tree.iter().filter_map(|node| node.path.strip_prefix(&pool));
        below.filter_map(|name| name.parse().ok()).collect::<BTreeSet<_>>()
    };
    let found = [of("web"), of("tcp")];
    found.iter().find(|pool| !pool.is_empty()).context("the tree has no backends")?;
    Ok(found)
}

fn list(backends: &[SocketAddr], mut weight: impl FnMut() -> u32) -> String {
    let each = |address| format!("{{ address = \"{address}\", weight = {} }}", weight());
    backends.iter().map(each).collect::<Vec<_>>().join(", ")
}

fn file(web: &ReservedPort, tcp: &ReservedPort, [origins, echoes]: &[String; 2]) -> String {
    format!(
        "[server]\nworkers = {WORKERS}\n\
         [listener.web]\nbind = \"{}\"\nprotocol = \"http\"\nroutes = [{{ pool = \"web\" }}]\n\
         [listener.tcp]\nbind = \"{}\"\nprotocol = \"forward\"\npool = \"tcp\"\n\
         [pool.web]\nbackends = [{origins}]\n[pool.tcp]\nbackends = [{echoes}]\n",
        web.address(),
        tcp.address(),
    )
}
