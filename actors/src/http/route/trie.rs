//! Values by the segments of a path, or by the labels of a host from the right.

use std::collections::HashMap;

/// What of a node a value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// The node itself.
    Exact,
    /// All below it, at any depth.
    Below,
}

/// A node of a trie, and the trie as its root.
///
/// Keys come from the configuration alone, so no client can choose what collides.
#[derive(Debug)]
pub(super) struct Node<V> {
    children: HashMap<Box<[u8]>, Node<V>>,
    exact: Option<V>,
    below: Option<V>,
    /// The lowest position of a rule for this node or one below it, but for those of `below`.
    least: usize,
}

impl<V> Default for Node<V> {
    fn default() -> Self {
        Self { children: HashMap::new(), exact: None, below: None, least: usize::MAX }
    }
}

impl<V: Default> Node<V> {
    /// The value of a place, for the rule at `position` to be put there.
    pub(super) fn place<'s>(
        &mut self,
        segments: impl Iterator<Item = &'s [u8]>,
        place: Place,
        position: usize,
    ) -> &mut V {
        let mut node = self;
        for segment in segments {
            node.least = node.least.min(position);
            node = node.children.entry(segment.into()).or_default();
        }
        match place {
            Place::Exact => {
                node.least = node.least.min(position);
                node.exact.get_or_insert_default()
            }
            Place::Below => node.below.get_or_insert_default(),
        }
    }

    /// Visits what is for exactly these segments, or for all below some of them.
    pub(super) fn walk<'s>(
        &self,
        segments: impl Iterator<Item = &'s [u8]>,
        mut visit: impl FnMut(&V),
    ) {
        let mut node = self;
        for segment in segments {
            node.below.iter().for_each(&mut visit);
            let Some(child) = node.children.get(segment) else { return };
            node = child;
        }
        node.exact.iter().for_each(visit);
    }

    /// Visits what is for all below these segments or some of them. Answers with the lowest
    /// position of what is for only a part of that, `usize::MAX` if there is none.
    pub(super) fn walk_stem<'s>(
        &self,
        segments: impl Iterator<Item = &'s [u8]>,
        mut visit: impl FnMut(&V),
    ) -> usize {
        let mut node = self;
        for segment in segments {
            node.below.iter().for_each(&mut visit);
            let Some(child) = node.children.get(segment) else { return usize::MAX };
            node = child;
        }
        node.below.iter().for_each(visit);
        node.least
    }
}
