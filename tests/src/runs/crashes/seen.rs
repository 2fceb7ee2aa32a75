//! What the stream of events tells of the panics that were asked for.

use std::collections::{BTreeMap, HashMap};

use crate::control::{Event, What};
use crate::latency::Latency;
use crate::runs::Report;
use crate::runs::site::is_connection;

use super::injector::Injection;

/// The account of all panics.
#[derive(Debug, Default)]
pub(in crate::runs) struct Seen {
    /// By kind: asked for, of these over a message, seen with their paths.
    kinds: BTreeMap<&'static str, (usize, usize, usize)>,
    /// From the end of an incarnation to the start of the next.
    pub(in crate::runs) recovery: Latency,
    /// Ends that nobody asked for, of actors that last.
    unasked: Vec<String>,
    /// Supervisors that gave up or parked.
    gave_up: usize,
}

/// Whether `path` is that of an acceptor of a worker that did not answer for a while: it ends when that
/// worker is back.
fn is_stand_in(path: &str) -> bool {
    path.rsplit_once("/acceptors/").is_some_and(|(_, name)| name.contains("-by-"))
}

impl Seen {
    pub(in crate::runs) fn of(events: &[Event], injections: &[Injection]) -> Self {
        let mut seen = Self::default();
        // How many panics each path is still to show.
        let mut due: HashMap<&str, (&'static str, usize)> = HashMap::new();
        for injection in injections {
            let kind = seen.kinds.entry(injection.kind).or_default();
            kind.0 += 1;
            kind.1 += usize::from(injection.at_message);
            due.entry(&injection.path).or_insert((injection.kind, 0)).1 += 1;
        }
        let mut ended: HashMap<&str, u64> = HashMap::new();
        let mut recoveries = Vec::new();
        for event in events {
            let path = event.path.as_str();
            match event.what {
                What::Exited => {
                    let panicked = event.reason.as_deref() == Some("panicked");
                    let expected = due.get_mut(path).filter(|(_, left)| panicked && *left > 0);
                    if let Some((kind, left)) = expected {
                        *left -= 1;
                        seen.kinds.entry(kind).or_default().2 += 1;
                        ended.insert(path, event.at_nanos);
                    } else if panicked || !(is_connection(path) || is_stand_in(path)) {
                        seen.unasked.push(format!("{path}: {:?}", event.text));
                    }
                }
                What::Started => recoveries
                    .extend(ended.remove(path).map(|ended| event.at_nanos.saturating_sub(ended))),
                What::Parked | What::Escalated => seen.gave_up += 1,
                What::Ready
                | What::Restarting
                | What::Suspended
                | What::Resumed
                | What::Removed
                | What::Abandoned
                | What::WorkerStuck
                | What::WorkerBack => {}
            }
        }
        seen.recovery = Latency::of(recoveries);
        seen
    }

    pub(in crate::runs) fn tell(&self, report: &mut Report) {
        let mut all = (0, 0);
        for (kind, (asked, at_message, seen)) in &self.kinds {
            all = (all.0 + asked, all.1 + seen);
            let how = if *at_message > 0 {
                format!("{asked}, {at_message} of them over a message")
            } else {
                asked.to_string()
            };
            report.require(&format!("panics of {kind}, all seen"), how, asked == seen);
        }
        let (asked, seen) = all;
        report.require("panics at all, all seen with their paths", asked, asked == seen);
        report.require("supervisors that gave up or parked, none", self.gave_up, self.gave_up == 0);
        let unasked = self.unasked.len();
        report.require("ends that nobody asked for, none", unasked, unasked == 0);
        for end in self.unasked.iter().take(5) {
            report.show("  one of them", end);
        }
    }
}
