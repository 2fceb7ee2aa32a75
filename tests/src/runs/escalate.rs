//! Routers panic as often as they come back, until the root gives up.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::clock::monotonic_nanos;
use crate::control::{Event, What};

use super::report::millis;
use super::site::{ROOT, Site, WORKERS};
use super::{Programs, Report};

/// How long the whole may take: about 180 panics with the back-offs between them.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long the process may live on after its root has given up.
const END: Duration = Duration::from_secs(1);
/// What it exits with then.
const ROOT_GAVE_UP: i32 = 70;

/// Who panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victims {
    /// The routers: their supervisor's intensity is spent, then that of the traffic, then the
    /// root's. 176 panics.
    Routers,
    /// Their supervisor: one intensity and most back-offs less. 16 panics.
    TheirSupervisor,
}

impl Victims {
    fn paths(self) -> Vec<String> {
        let supervisor = format!("{ROOT}/traffic/routers");
        match self {
            Self::Routers => (0..WORKERS).map(|worker| format!("{supervisor}/w{worker}")).collect(),
            Self::TheirSupervisor => vec![supervisor],
        }
    }
}

/// Spends the intensities from the victims up to the root, all with their defaults.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, victims: Victims) -> Result<Report> {
    let mut site = Site::start(programs, "warn", &[])?;
    let victims = victims.paths();
    let began = Instant::now();
    let mut panics = 0;
    let mut mark = site.control.mark();
    let (gave_up, last) = loop {
        ensure!(began.elapsed() < PATIENCE, "{panics} panics were not enough");
        // In turn, so that the back-off of none of them has the time to grow.
        let victim = &victims[panics % victims.len()];
        panics += 1;
        let (event, behind) = site.panic(victim, mark, is_root_escalation)?;
        let last = std::mem::replace(&mut mark, behind);
        if is_root_escalation(&event) {
            break (event, last);
        }
    };
    let events = site.control.events_since(last);
    let status = site.server.process().wait(END * 5)?;
    let took = monotonic_nanos().saturating_sub(gave_up.at_nanos);

    let mut report = Report::new("escalate");
    report.show("panics", panics);
    report.show("from the first to the root's end", format!("{:.1?}", began.elapsed()));
    let above: Vec<_> = events
        .iter()
        .filter(|event| event.what == What::Escalated)
        .map(|event| event.path.as_str())
        .collect();
    report.show("escalations at last", above.join(", "));
    let why = gave_up.text.context("the root's escalation names nobody")?;
    report.show("the root gave up because of", why);
    let took_millis = millis(took);
    let in_time = Duration::from_nanos(took) < END;
    report.require("process ended within 1 s of that", took_millis, in_time);
    let code = status.code();
    report.require("exit code 70", format!("{code:?}"), code == Some(ROOT_GAVE_UP));
    Ok(report)
}

fn is_root_escalation(event: &Event) -> bool {
    event.what == What::Escalated && event.path == ROOT
}
