//! A copy of the live tree.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;

use crate::spec::Kind;

use super::node::{LastExit, Node, Status};

/// One child at the moment of the copy.
#[derive(Debug, Clone, Serialize)]
pub struct NodeView {
    /// Its place in the tree.
    pub path: String,
    /// Leaf or supervisor.
    pub kind: Kind,
    /// What it was doing.
    pub state: Status,
    /// The worker it lives on; none for the control thread.
    pub worker: Option<usize>,
    /// Which incarnation is the newest.
    pub generation: u32,
    /// How often it was restarted.
    pub restarts: u32,
    /// How its last incarnation ended, if one did.
    pub last_exit: Option<LastExit>,
    /// How many messages were waiting for it.
    pub mailbox: u32,
    /// How many may wait.
    pub capacity: u32,
    /// Seconds since its last start, or since its end where it is down.
    #[serde(serialize_with = "seconds")]
    pub uptime: Duration,
    /// What the actor itself has to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
}

fn seconds<S: serde::Serializer>(uptime: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(uptime.as_secs_f64())
}

/// The tree at one moment, in the order of its paths: parents stand before their children.
#[derive(Debug, Clone, Serialize)]
pub struct Tree {
    nodes: Vec<NodeView>,
}

impl Tree {
    pub(super) fn of(nodes: Vec<Arc<Node>>) -> Self {
        let mut paths = HashMap::new();
        let mut views = BTreeMap::new();
        for node in &nodes {
            Self::take_in(node, &mut paths, &mut views);
        }
        Self { nodes: views.into_values().collect() }
    }

    /// Takes in a node after its parents, which may have been created after their shard was read.
    fn take_in(
        node: &Arc<Node>,
        paths: &mut HashMap<*const Node, Vec<String>>,
        views: &mut BTreeMap<Vec<String>, NodeView>,
    ) -> Vec<String> {
        if let Some(steps) = paths.get(&Arc::as_ptr(node)) {
            return steps.clone();
        }
        let mut steps =
            node.parent().map(|parent| Self::take_in(parent, paths, views)).unwrap_or_default();
        steps.push(node.id.to_string());
        paths.insert(Arc::as_ptr(node), steps.clone());
        views.insert(steps.clone(), NodeView::of(node, steps.join("/")));
        steps
    }

    /// All nodes, parents before their children.
    #[must_use]
    pub fn nodes(&self) -> &[NodeView] {
        &self.nodes
    }

    /// The node at `path`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&NodeView> {
        self.nodes.iter().find(|node| node.path == path)
    }
}

impl NodeView {
    pub(super) fn of(node: &Node, path: String) -> Self {
        let vital = node.vital();
        Self {
            path,
            kind: node.kind,
            state: vital.status,
            worker: node.placement().worker(),
            generation: vital.generation,
            restarts: vital.restarts,
            last_exit: vital.last_exit,
            mailbox: node.depth.load(Ordering::Relaxed),
            capacity: node.capacity,
            uptime: crate::clock::now().saturating_duration_since(vital.since),
            detail: node.detail(),
        }
    }
}
