//! Every origin fails what it has read: first by resets, then by 503.
//!
//! Without a bound each request would go to as many origins as there are attempts. The budget lets
//! ten be sent again at first, and then so many per cent of what came.

use std::time::Duration;

use anyhow::Result;
use rustix::process::Signal;

use crate::crowd::{Asked, Crowd, CrowdPlan};
use crate::origin::Behaviour;
use crate::port::ReservedPort;
use crate::runs::report::millis;
use crate::runs::site::WORKERS;
use crate::runs::{Programs, Report};
use crate::trunkline::Trunkline;

use super::mortal::{Mortal, backends};

const ORIGINS: usize = 3;
/// Per cent of the requests that may be sent again.
const BUDGET: u64 = 20;
/// Requests after which the loan of ten has been paid back.
const PAID_BACK: u64 = 50;
const PROMPT: Duration = Duration::from_secs(20);

/// How long, how hard.
#[derive(Clone, Copy, Debug)]
pub struct StormPlan {
    /// Seconds of each of the two halves.
    pub seconds: u32,
    /// Clients that ask a hundred times a second.
    pub clients: u32,
}

impl Default for StormPlan {
    fn default() -> Self {
        Self { seconds: 10, clients: 16 }
    }
}

/// Lets every origin fail, twice.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: StormPlan) -> Result<Report> {
    let mut report = Report::new("retry-storm");
    report.show("attempts, budget", format!("3, {BUDGET} %"));
    for (name, behaviour) in [("resets", Behaviour::Reset), ("503", Behaviour::Status(503))] {
        half(programs, plan, name, behaviour, &mut report)?;
    }
    Ok(report)
}

fn half(
    programs: &Programs,
    plan: StormPlan,
    name: &str,
    behaviour: Behaviour,
    report: &mut Report,
) -> Result<()> {
    let mut origins = Mortal::several(programs, ORIGINS, 0)?;
    for origin in &mut origins {
        origin.origin()?.behave(behaviour)?;
    }
    let port = ReservedPort::new()?;
    // Nothing but the budget holds requests back: no backend is taken out, and none ejected.
    let configuration = format!(
        "[server]\nworkers = {WORKERS}\n[log]\nlevel = \"error\"\n\
         [listener.main]\nbind = \"{}\"\nprotocol = \"http\"\nroutes = [{{ pool = \"main\" }}]\n\
         [pool.main]\n{}attempts = 3\nfall = 100\nprobe.enabled = false\neject.failures = 0\n\
         [pool.main.retry]\nstatuses = [503]\nbudget = {BUDGET}\n",
        port.address(),
        backends(&origins)
    );
    let mut server = Trunkline::run(&programs.server, &configuration, &[port.address()])?;
    let period = Duration::from_millis(10);
    let (to, clients) = (port.address(), plan.clients);
    let crowd = Crowd::start(CrowdPlan { to, name: "get", clients, period, posts: false })?;
    let asked = crowd.finish_after(Duration::from_secs(plan.seconds.into()))?;
    let mut sent = 0;
    for origin in &mut origins {
        sent += origin.origin()?.counts()?.requests;
    }
    server.process().signal(Signal::TERM)?;
    let code = server.process().wait(PROMPT)?.code();

    let received = asked.len() as u64;
    let name = |what: &str| format!("{name}: {what}");
    report.show(&name("requests"), received);
    let enough = received > PAID_BACK;
    report.require(&name("more than the loan is paid back by"), received, enough);
    let most = received * (100 + BUDGET) / 100;
    let bound = name(&format!("of them sent to origins, at most {most}"));
    report.require(&bound, sent, sent <= most);
    // A budget that nothing is taken from would keep that bound as well.
    let least = received * (100 + BUDGET - 1) / 100;
    report.require(&name(&format!("at least {least}")), sent, sent >= least);
    let unanswered = asked.iter().filter(|asked| asked.outcome.is_err()).count();
    report.require(&name("clients left without an answer, none"), unanswered, unanswered == 0);
    let longest = asked.iter().map(Asked::nanos).max().unwrap_or_default();
    report.show(&name("the slowest answer"), millis(longest));
    report.require(&name("then exit code 0"), format!("{code:?}"), code == Some(0));
    Ok(())
}
