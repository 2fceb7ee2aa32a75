//! What has gone wrong in the tree so far, counted by kind of child.
//!
//! Counted where events are emitted, so that nothing is lost to a subscriber that lags, and nobody has
//! to subscribe. A child that starts and ends in order costs a comparison.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use crate::event::Lifecycle;
use crate::registry::{Node, Status};

/// The most kinds that are told apart; those that come later are counted as [`OTHER`].
pub const KINDS: usize = 64;

/// The kind of all children beyond the first [`KINDS`] kinds.
pub const OTHER: &str = "other";

/// Something that has gone wrong with a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    /// It ended so, in a way that is no ordinary end.
    Exit(&'static str),
    /// It is restarted, since it ended so; or since one that it depends on did.
    Restart(&'static str),
    /// It was parked.
    Park,
    /// It gave up, because of a child of its own.
    Escalation,
}

/// How often something has gone wrong with children of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The kind: their path, in which numbers, workers and addresses are folded.
    pub kind: Arc<str>,
    /// What has happened.
    pub mishap: Mishap,
    /// How often.
    pub times: u64,
}

#[derive(Default)]
struct Counts {
    kinds: BTreeSet<Arc<str>>,
    times: BTreeMap<(Arc<str>, Mishap), u64>,
    /// Those that were parked, until somebody finds that they are no longer.
    parked: Vec<Weak<Node>>,
}

/// All counts of a tree.
#[derive(Default)]
pub(crate) struct Tally {
    counts: Mutex<Counts>,
}

impl Tally {
    pub(crate) fn note(&self, node: &Arc<Node>, what: &Lifecycle) {
        let mishap = match what {
            Lifecycle::Exited(reason) if reason.is_abnormal() => Mishap::Exit(reason.kind()),
            Lifecycle::Restarting { .. } => {
                Mishap::Restart(node.last_exit().map_or("unknown", |exit| exit.reason.kind()))
            }
            Lifecycle::Parked { .. } => Mishap::Park,
            Lifecycle::Escalated { .. } => Mishap::Escalation,
            Lifecycle::Started
            | Lifecycle::Exited(_)
            | Lifecycle::Removed
            | Lifecycle::Suspended
            | Lifecycle::Resumed
            | Lifecycle::Abandoned
            | Lifecycle::WorkerStuck { .. }
            | Lifecycle::WorkerBack { .. } => return,
        };
        let kind = kind_of(&node.path());
        let mut counts = self.counts.lock();
        if mishap == Mishap::Park {
            counts.forget_those_that_are_back();
            counts.parked.push(Arc::downgrade(node));
        }
        let kind = counts.kind(&kind);
        *counts.times.entry((kind, mishap)).or_default() += 1;
    }

    pub(crate) fn counted(&self) -> Vec<Counted> {
        let counts = self.counts.lock();
        let counted = counts.times.iter().map(|((kind, mishap), times)| Counted {
            kind: Arc::clone(kind),
            mishap: *mishap,
            times: *times,
        });
        counted.collect()
    }

    pub(crate) fn parked(&self) -> usize {
        let mut counts = self.counts.lock();
        counts.forget_those_that_are_back();
        counts.parked.len()
    }
}

impl Counts {
    fn kind(&mut self, kind: &str) -> Arc<str> {
        if let Some(known) = self.kinds.get(kind) {
            return Arc::clone(known);
        }
        let kind: Arc<str> = if self.kinds.len() < KINDS { kind } else { OTHER }.into();
        self.kinds.insert(Arc::clone(&kind));
        kind
    }

    fn forget_those_that_are_back(&mut self) {
        self.parked
            .retain(|node| node.upgrade().is_some_and(|node| node.status() == Status::Parked));
        // One that is parked again and again is one.
        self.parked.sort_unstable_by_key(Weak::as_ptr);
        self.parked.dedup_by_key(|node| Weak::as_ptr(node));
    }
}

/// The kind of the child at `path`: without the root and `traffic`, and with `ID` for numbers, `w*`
/// for workers and `ADDRESS` for addresses.
fn kind_of(path: &str) -> String {
    let mut steps = path.split('/').skip(usize::from(path.contains('/'))).peekable();
    if steps.peek() == Some(&"traffic") && path.matches('/').count() > 1 {
        steps.next();
    }
    let mut kind = String::with_capacity(path.len());
    for step in steps {
        if !kind.is_empty() {
            kind.push('/');
        }
        kind.push_str(folded(step));
    }
    kind
}

fn folded(step: &str) -> &str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let worker = |text: &str| text.strip_prefix('w').is_some_and(digits);
    if digits(step) {
        "ID"
    } else if worker(step) {
        "w*"
    } else if step.split_once("-by-").is_some_and(|(one, other)| worker(one) && worker(other)) {
        "w*-by-w*"
    } else if step.parse::<std::net::SocketAddr>().is_ok() {
        "ADDRESS"
    } else {
        step
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exit::{ExitReason, Failure};
    use crate::spec::Kind;
    use crate::worker::Placement;

    fn node(id: &str) -> Arc<Node> {
        Node::new(id.into(), Kind::Leaf, Placement::Control, 1)
    }

    #[test]
    fn paths_are_folded_to_kinds() {
        let kinds = [
            ("server", "server"),
            ("server/traffic", "traffic"),
            ("server/control/steward", "control/steward"),
            (
                "server/traffic/listeners/web/connections/w12/4711",
                "listeners/web/connections/w*/ID",
            ),
            ("server/traffic/listeners/web/acceptors/w1-by-w0", "listeners/web/acceptors/w*-by-w*"),
            ("server/traffic/pools/api/10.0.0.1:80/probe", "pools/api/ADDRESS/probe"),
            ("server/traffic/pools/api/[::1]:80/backend", "pools/api/ADDRESS/backend"),
            ("server/app/rooms/w", "app/rooms/w"),
            ("server/app/wide/w1x", "app/wide/w1x"),
        ];
        for (path, kind) in kinds {
            assert_eq!(kind_of(path), kind, "{path}");
        }
    }

    #[test]
    fn an_orderly_end_is_no_mishap() {
        let tally = Tally::default();
        tally.note(&node("a"), &Lifecycle::Started);
        tally.note(&node("a"), &Lifecycle::Exited(ExitReason::Shutdown));
        assert_eq!(tally.counted(), []);
        tally.note(&node("a"), &Lifecycle::Exited(ExitReason::Failed(Failure::new("no"))));
        let counted = tally.counted();
        assert_eq!(counted.len(), 1);
        assert_eq!((&*counted[0].kind, counted[0].times), ("a", 1));
        assert_eq!(counted[0].mishap, Mishap::Exit("failed"));
    }

    #[test]
    fn a_child_is_counted_as_parked_while_it_is() {
        let tally = Tally::default();
        let (one, other) = (node("one"), node("other"));
        let parked = Lifecycle::Parked { retry: std::time::Duration::ZERO };
        for node in [&one, &other, &one] {
            node.set_status(Status::Parked);
            tally.note(node, &parked);
        }
        assert_eq!(tally.parked(), 2);
        one.set_status(Status::Running);
        assert_eq!(tally.parked(), 1);
        drop(other);
        assert_eq!(tally.parked(), 0);
        assert_eq!(tally.counted().iter().map(|counted| counted.times).sum::<u64>(), 3);
    }

    proptest! {
        #[test]
        fn kinds_are_bounded_and_nothing_goes_uncounted(
            ids in prop::collection::vec("[a-z]{1,2}", 0..300)
        ) {
            let tally = Tally::default();
            for id in &ids {
                tally.note(&node(id), &Lifecycle::Exited(ExitReason::Killed));
            }
            let counted = tally.counted();
            prop_assert!(counted.len() <= KINDS + 1);
            let times: u64 = counted.iter().map(|counted| counted.times).sum();
            prop_assert_eq!(times, ids.len() as u64);
        }
    }
}
