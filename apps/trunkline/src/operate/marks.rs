//! What has changed between two looks at the tree.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::answers::Node;

/// How long a change stays marked.
const LASTING: Duration = Duration::from_secs(5);

/// What was seen last, and what has changed lately.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// By path: the incarnation, and what it was doing. None before the first look.
    seen: Option<HashMap<String, (u32, String)>>,
    until: HashMap<String, Instant>,
}

impl Marks {
    /// Looks at the tree: an actor that has another generation or status than before is marked, also
    /// if it was back again before anybody looked. Connections that come and go are not.
    pub(super) fn look(&mut self, nodes: &[Node], now: Instant) {
        self.until.retain(|_, until| *until > now);
        let watched = || nodes.iter().filter(|node| !node.is_connection() || node.is_noteworthy());
        if let Some(seen) = &self.seen {
            for node in watched() {
                let changed = seen.get(&node.path).is_some_and(|(generation, status)| {
                    *generation != node.generation || *status != node.status
                });
                if changed {
                    self.until.insert(node.path.clone(), now + LASTING);
                }
            }
        }
        let seen =
            watched().map(|node| (node.path.clone(), (node.generation, node.status.clone())));
        self.seen = Some(seen.collect());
    }

    /// Whether what is at this path has changed lately.
    pub(super) fn is_marked(&self, path: &str, now: Instant) -> bool {
        self.until.get(path).is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(path: &str, status: &str, generation: u32) -> Node {
        serde_json::from_value(json!({
            "path": path, "status": status, "generation": generation, "restarts": 0,
            "since_ms": 0, "waiting": 0, "capacity": 1,
        }))
        .unwrap()
    }

    #[test]
    fn a_change_stays_marked_for_a_while() {
        let (mut marks, start) = (Marks::default(), Instant::now());
        marks.look(&[node("a", "running", 1), node("b", "running", 1)], start);
        assert!(!marks.is_marked("a", start));
        // It has crashed and is back.
        marks.look(&[node("a", "running", 2), node("b", "running", 1)], start);
        assert!(marks.is_marked("a", start) && !marks.is_marked("b", start));
        let later = start + Duration::from_secs(3);
        marks.look(&[node("a", "running", 2), node("b", "parked", 1)], later);
        assert!(marks.is_marked("a", later) && marks.is_marked("b", later));
        assert!(!marks.is_marked("a", start + LASTING));
        assert!(marks.is_marked("b", start + LASTING));
    }

    #[test]
    fn connections_that_come_and_go_are_not_marked() {
        let (mut marks, now) = (Marks::default(), Instant::now());
        let path = "server/listeners/web/connections/w0/1";
        marks.look(&[node(path, "starting", 1)], now);
        marks.look(&[node(path, "running", 1)], now);
        assert!(!marks.is_marked(path, now));
    }
}
