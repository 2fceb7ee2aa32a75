//! Every kind of actor of `traffic`, and each of their supervisors, panics under HTTP.
//!
//! What a client may see of a panic in its connection's actor depends on where its request was:
//!
//! - not yet read: the connection ends. Its sender may ask again on another, as for any end of a
//!   connection that was kept (RFC 9112 §9.3.1 and §9.5): the origin has seen nothing of it, and the
//!   log has no line;
//! - read, and the answer not begun: 503, and the end;
//! - the answer begun: a reset, since an end in order could make it look whole.
//!
//! Every other request is answered.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::control::{Control, Node};
use crate::procfs::open_descriptors;
use crate::runs::crashes::injector::{Injection, inject};
use crate::runs::crashes::seen::Seen;
use crate::runs::crashes::targets::{Kind, traffic, upstreams};
use crate::runs::crashes::{NEVER_SPENT, SUPERVISION, shape};
use crate::runs::report::spread;
use crate::runs::site::{ROOT, TREE, is_connection};
use crate::runs::{Programs, Report};
use crate::trunkline::Trunkline;
use crate::web::access::AccessLine;

use super::half::{Half, configuration};

mod audience;
mod verdict;

use audience::{Audience, Habit};
use verdict::Verdict;

/// Origins of each half.
const ORIGINS: usize = 2;
/// How long the server may take until all is as before.
const SETTLED: Duration = Duration::from_secs(15);
const PROMPT: Duration = Duration::from_secs(20);

/// How long, how hard, how often.
#[derive(Clone, Copy, Debug)]
pub struct HttpCrashPlan {
    /// How long clients ask and actors crash, in seconds.
    pub seconds: u32,
    /// Clients that keep their connections and ask 15 times a second, and as many that make one for
    /// each request. As many again ask once a second over a connection that they keep, and a quarter
    /// ask elsewhere.
    pub clients: u32,
    /// Panics of each kind of actor and of each kind of supervisor.
    pub panics_of_each: u32,
}

impl Default for HttpCrashPlan {
    /// As the run over TCP: 63 panics of each kind in a minute, at 500 requests a second.
    fn default() -> Self {
        Self { seconds: 60, clients: 16, panics_of_each: 63 }
    }
}

/// Makes actors panic, with intensities that none of them spends.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: HttpCrashPlan) -> Result<Report> {
    let (main, calm) = (Half::start("main", ORIGINS)?, Half::start("calm", ORIGINS)?);
    let (mut server, control) = Trunkline::run_with_faults_in(
        &programs.faults,
        &configuration(&[&main, &calm], 10),
        &[main.address(), calm.address()],
        &[(SUPERVISION, NEVER_SPENT)],
    )?;
    let id = server.process().id();
    let tree = control.tree(TREE)?;
    let before = shape(&tree);
    // Probes come and go: the least of a few looks is without them.
    let looks: Vec<_> = (0..20).map(|_| open_descriptors(id)).collect::<Result<_>>()?;
    let descriptors = looks.into_iter().min().context("no look")?;

    let mut lasting = traffic(&tree, &main.origins())?;
    lasting.extend(upstreams(&tree)?);
    lasting.push(probes(&main));
    let kinds = lasting.len() + 1;
    let habits = [Habit::Busy, Habit::New, Habit::Seldom];
    let at_faults = Audience::start(main.address(), 0, plan.clients, &habits)?;
    let calm_clients = plan.clients.div_ceil(4);
    let elsewhere = Audience::start(calm.address(), 1 << 32, calm_clients, &[Habit::Busy])?;
    at_faults.wait_until_all_are_served(PROMPT)?;
    let mark = control.mark();
    let injections = {
        let mut kept = Kept::default();
        // One look ahead: who was there then and still is, keeps its connection.
        kept.look(&control)?;
        inject(&control, &lasting, || kept.choose(&control), plan.panics_of_each, plan.seconds)?
    };
    let (at_faults, elsewhere) = (at_faults.finish()?, elsewhere.finish()?);
    let seen = Seen::of(&control.events_since(mark), &injections);

    let mut left = descriptors;
    // Where that does not come, the report tells how many are left.
    let _late = server.process().wait_until("as before", SETTLED, |id| {
        left = open_descriptors(id)?;
        Ok(left <= descriptors)
    });
    let after = shape(&control.tree(TREE)?);
    let changed: Vec<_> = before.symmetric_difference(&after).cloned().collect();
    server.process().signal(Signal::TERM)?;
    let code = server.process().wait(PROMPT)?.code();
    // Of a process that has ended; it also waits for its last words.
    server.process().last_lines();
    let log = server.process().stderr().last(usize::MAX);

    let mut report = Report::new("http-crashes");
    report.show("intensities and back-offs of all supervisors", NEVER_SPENT);
    report.show("kinds of actors and of supervisors", kinds);
    seen.tell(&mut report);
    report.show("panic to served again", spread(&seen.recovery));
    verdict(&main, &injections, &log).tell(&at_faults, &mut report);
    verdict(&calm, &[], &log).tell_calm(&elsewhere, &mut report);
    let changed = changed.join(", ");
    report.require("the tree afterwards, as before", format!("[{changed}]"), changed.is_empty());
    report.require(
        "descriptors before and after, none more",
        format!("{descriptors}, {left}"),
        left <= descriptors,
    );
    report.require("then exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}

/// What the run over TCP leaves out. The actors of `control` are left out here as well: theirs are the
/// intensities as shipped, by which they are parked at this rate.
fn probes(main: &Half) -> Kind {
    let path = |address| format!("{ROOT}/traffic/pools/main/{address}/probe");
    Kind { name: "probe", paths: main.origins().into_iter().map(path).collect() }
}

/// What the log and the origins of `half` say.
fn verdict(half: &Half, injections: &[Injection], log: &[String]) -> Verdict {
    let mut lines: HashMap<u64, Vec<AccessLine>> = HashMap::new();
    for line in log.iter().filter_map(|line| AccessLine::read(line)) {
        lines.entry(line.seed().unwrap_or(u64::MAX)).or_default().push(line);
    }
    let mut seen = HashMap::new();
    for (seed, times) in half.origins.iter().flat_map(|origin| origin.seen()) {
        *seen.entry(seed).or_default() += times;
    }
    let below = format!("{ROOT}/traffic/");
    let connections = injections.iter().filter(|it| is_connection(&it.path));
    let crashes = connections.filter_map(|it| it.path.strip_prefix(&below));
    let crashes = crashes.map(|path| format!("crashed: {path}")).collect();
    Verdict { lines, seen, crashes, wrong: half.wrong() }
}

/// Connections that clients keep, to crash.
#[derive(Default)]
struct Kept {
    known: HashSet<String>,
    crashed: HashSet<String>,
}

impl Kept {
    /// Those there were at the look before as well, and that have not crashed.
    fn look(&mut self, control: &Control) -> Result<Vec<String>> {
        let ours = format!("{ROOT}/traffic/listeners/main/");
        let now: HashSet<String> = (control.tree(TREE)?.into_iter())
            .map(|node: Node| node.path)
            .filter(|path| is_connection(path) && path.starts_with(&ours))
            .collect();
        let still = now.intersection(&self.known).filter(|path| !self.crashed.contains(*path));
        let still = still.cloned().collect();
        self.known = now;
        Ok(still)
    }

    /// Any of them: with a request under way on it, or without.
    fn choose(&mut self, control: &Control) -> Result<String> {
        let mut still = self.look(control)?;
        still.sort_unstable();
        let chosen = fastrand::choice(still).context("no connection is kept")?;
        self.crashed.insert(chosen.clone());
        Ok(chosen)
    }
}
