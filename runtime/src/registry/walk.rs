//! A walk over the live tree: parents before their children, a node at a time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::node::Node;
use super::snapshot::NodeView;

/// The children that were in the tree when the walk began: parents before their children, siblings
/// in the order of their ids. What is said of each is looked up when its turn comes.
///
/// To begin it costs some hundred nanoseconds a node, and each step a little more; what an actor
/// says of itself is only asked for by [`Visit::view`]. So a reader can show thousands of nodes in
/// portions, and skip those that it does not want.
pub struct Walk {
    /// By the parent's address: a node stays where it is while it is held here.
    below: HashMap<usize, Vec<Arc<Node>>>,
    /// What comes next is last.
    next: Vec<(Arc<str>, Arc<Node>)>,
}

/// One node, at its turn.
pub struct Visit {
    /// Its place in the tree.
    pub path: String,
    /// The node.
    pub node: Arc<Node>,
}

impl Visit {
    /// What is known of it now.
    #[must_use]
    pub fn view(self) -> NodeView {
        NodeView::of(&self.node, self.path)
    }
}

impl Walk {
    pub(super) fn over(nodes: &[Arc<Node>]) -> Self {
        let mut walk = Self { below: HashMap::new(), next: Vec::new() };
        let mut seen = HashSet::with_capacity(nodes.len());
        for node in nodes {
            walk.take_in(node, &mut seen);
        }
        walk
    }

    /// Takes in a node and its parents, which may have been created after their shard was read.
    fn take_in(&mut self, node: &Arc<Node>, seen: &mut HashSet<usize>) {
        if !seen.insert(address(node)) {
            return;
        }
        match node.parent() {
            Some(parent) => {
                self.take_in(parent, seen);
                self.below.entry(address(parent)).or_default().push(Arc::clone(node));
            }
            None => self.next.push(("".into(), Arc::clone(node))),
        }
    }

    /// Whether there is a next node.
    #[must_use]
    pub fn has_more(&self) -> bool {
        !self.next.is_empty()
    }

    /// The part of it that begins at `path`; none if nothing is there.
    #[must_use]
    pub fn under(mut self, path: &str) -> Option<Self> {
        let mut above = String::new();
        let mut siblings: Vec<_> = self.next.drain(..).map(|(_, root)| root).collect();
        let mut steps = path.split('/').peekable();
        loop {
            let step = steps.next()?;
            let found = siblings.into_iter().find(|node| node.id.to_string() == step)?;
            if steps.peek().is_none() {
                self.next.push((above.into(), found));
                return Some(self);
            }
            above.push_str(step);
            above.push('/');
            siblings = self.below.remove(&address(&found))?;
        }
    }
}

fn address(node: &Arc<Node>) -> usize {
    Arc::as_ptr(node).addr()
}

impl Iterator for Walk {
    type Item = Visit;

    fn next(&mut self) -> Option<Visit> {
        let (above, node) = self.next.pop()?;
        let path = format!("{above}{}", node.id);
        if let Some(mut children) = self.below.remove(&address(&node)) {
            let above: Arc<str> = format!("{path}/").into();
            children.sort_unstable_by(|left, right| right.id.cmp(&left.id));
            self.next.extend(children.into_iter().map(|child| (Arc::clone(&above), child)));
        }
        Some(Visit { path, node })
    }
}

impl std::fmt::Debug for Walk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk").field("next", &self.next.last().map(|(_, node)| node)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Strategy;
    use crate::registry::Registry;
    use crate::registry::node::Place;
    use crate::spec::{ChildId, Flags, Kind};
    use crate::supervisor::action::Key;
    use crate::supervisor::cell::SupervisorCell;
    use crate::worker::Placement;

    fn add(registry: &Registry, id: impl Into<ChildId>, parent: Option<&Arc<Node>>) -> Arc<Node> {
        let node = Node::new(id.into(), Kind::Leaf, Placement::Control, 1);
        let supervisor = SupervisorCell::new("s".into(), Flags::new(Strategy::OneForOne), true);
        registry.insert(&node, |slot| Place {
            parent: parent.cloned(),
            supervisor,
            key: Key { index: 0, serial: 0 },
            slot,
        });
        node
    }

    fn paths(walk: impl IntoIterator<Item = Visit>) -> Vec<String> {
        walk.into_iter().map(|visit| visit.path).collect()
    }

    fn tree() -> Registry {
        let registry = Registry::new(0);
        let root = add(&registry, "root", None);
        let b = add(&registry, "b", Some(&root));
        add(&registry, "a", Some(&root));
        for number in [10, 9, 100] {
            add(&registry, number, Some(&b));
        }
        registry
    }

    #[test]
    fn parents_come_before_their_children_and_siblings_in_the_order_of_their_ids() {
        let all = ["root", "root/a", "root/b", "root/b/9", "root/b/10", "root/b/100"];
        assert_eq!(paths(tree().walk()), all);
    }

    #[test]
    fn a_part_of_the_tree_begins_with_its_own_root_under_its_whole_path() {
        let under = |path: &str| tree().walk().under(path).map(paths);
        assert_eq!(under("root/b").unwrap(), ["root/b", "root/b/9", "root/b/10", "root/b/100"]);
        assert_eq!(under("root/b/10").unwrap(), ["root/b/10"]);
        assert_eq!(under("root").map(|paths| paths.len()), Some(6));
        for path in ["", "b", "root/", "root/c", "root/b/10/x", "/root"] {
            assert_eq!(under(path), None, "{path}");
        }
    }

    #[test]
    fn a_parent_that_was_not_in_the_copy_is_taken_in() {
        let registry = Registry::new(0);
        let root = add(&registry, "root", None);
        let child = add(&registry, "child", Some(&root));
        assert_eq!(paths(Walk::over(&[child])), ["root", "root/child"]);
    }
}
