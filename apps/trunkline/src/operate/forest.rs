//! The actors of an answer, put back into their tree.

use std::collections::HashMap;

use super::answers::Node;

/// How long ago a restart is still worth seeing, in milliseconds.
const LATELY: u64 = 10 * 60 * 1000;

/// All actors, each behind its parent.
#[derive(Debug)]
pub(super) struct Forest {
    trees: Vec<Tree>,
    roots: Vec<usize>,
}

/// An actor and what is below it.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) node: Node,
    pub(super) parent: Option<usize>,
    pub(super) children: Vec<usize>,
    /// 0 for a root.
    pub(super) depth: usize,
    /// Its last step.
    name: usize,
}

impl Forest {
    /// Takes in nodes of which parents come before their children. Who has no parent here is a root.
    pub(super) fn of(nodes: Vec<Node>) -> Self {
        let mut places: HashMap<String, usize> = HashMap::with_capacity(nodes.len());
        let mut trees: Vec<Tree> = Vec::with_capacity(nodes.len());
        let mut roots = Vec::new();
        for (index, node) in nodes.into_iter().enumerate() {
            let above = node.path.rfind('/');
            let parent = above.and_then(|end| places.get(&node.path[..end]).copied());
            match parent {
                Some(parent) => trees[parent].children.push(index),
                None => roots.push(index),
            }
            let depth = parent.map_or(0, |parent| trees[parent].depth + 1);
            let name = if parent.is_some() { above.map_or(0, |end| end + 1) } else { 0 };
            places.insert(node.path.clone(), index);
            trees.push(Tree { node, parent, children: Vec::new(), depth, name });
        }
        Self { trees, roots }
    }

    pub(super) fn len(&self) -> usize {
        self.trees.len()
    }

    pub(super) fn roots(&self) -> &[usize] {
        &self.roots
    }

    pub(super) fn tree(&self, index: usize) -> &Tree {
        &self.trees[index]
    }

    /// All of them, parents before their children.
    pub(super) fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// Whether all that is below is leaves.
    pub(super) fn has_only_leaves(&self, index: usize) -> bool {
        self.trees[index].children.iter().all(|child| self.trees[*child].children.is_empty())
    }
}

impl Tree {
    /// Its name among its siblings; of a root, its path.
    pub(super) fn name(&self) -> &str {
        &self.node.path[self.name..]
    }
}

impl Node {
    /// Whether it has to be seen: it is not at work, or was restarted lately.
    pub(super) fn is_noteworthy(&self) -> bool {
        match self.status.as_str() {
            "running" => self.was_restarted_lately() || self.is_stuck(),
            // Connections come and go, and some of them do so at any moment.
            "waiting" | "starting" | "stopping" | "ended" => !self.is_passing(),
            _ => true,
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.status == "running"
    }

    pub(super) fn was_restarted_lately(&self) -> bool {
        self.restarts > 0 && self.since_ms < LATELY
    }

    /// Whether the watchdog has found that it does not turn.
    fn is_stuck(&self) -> bool {
        self.detail.get("stuck").and_then(serde_json::Value::as_bool) == Some(true)
    }

    /// Whether it is one of many that come and go: numbered, and with no failure.
    fn is_passing(&self) -> bool {
        let orderly = self
            .last_exit
            .as_ref()
            .is_none_or(|exit| matches!(exit.reason.as_str(), "normal" | "shutdown"));
        self.is_connection() && orderly
    }

    /// Whether it is a connection: numbered, below the connections of a listener.
    pub(super) fn is_connection(&self) -> bool {
        let mut steps = self.path.rsplit('/');
        let number = steps.next().is_some_and(is_number);
        number && steps.nth(1) == Some("connections")
    }
}

/// Whether a name is a number.
pub(super) fn is_number(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}
