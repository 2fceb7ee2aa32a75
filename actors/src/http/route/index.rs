//! Rules by host, then by path.

use super::host::{Name, labels};
use super::path::{Key, segments};
use super::trie::Node;
use super::{HostPattern, Query, Rule};

/// Positions of rules, rising.
type List = Vec<usize>;

/// Rules by host, then by path. Each stands in one list.
#[derive(Debug, Default)]
pub(super) struct Index {
    any: Paths,
    hosts: Node<Paths>,
    named: bool,
}

#[derive(Debug, Default)]
struct Paths {
    any: List,
    tree: Node<List>,
}

/// What of a path a search goes by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way<'p> {
    /// There is none.
    Pathless,
    /// A whole path.
    Whole(&'p [u8]),
    /// The beginning of one, in whole segments; how it goes on is not known.
    Stem(&'p [u8]),
}

impl Index {
    /// Of rules, and of the keys of their paths.
    pub(super) fn build(rules: &[Rule], keys: &[Option<Key>]) -> Self {
        let mut index = Self::default();
        for (position, (rule, key)) in rules.iter().zip(keys).enumerate() {
            let list = index.list(position, rule, key.as_ref());
            // What comes after one that always holds can never be the first to hold.
            let last = list.last().and_then(|last| rules.get(*last));
            if !last.is_some_and(Rule::is_unconditional) {
                list.push(position);
            }
        }
        index
    }

    fn list(&mut self, position: usize, rule: &Rule, key: Option<&Key>) -> &mut List {
        let paths = match rule.host.as_ref().map(HostPattern::key) {
            None => &mut self.any,
            Some((name, place)) => {
                self.named = true;
                self.hosts.place(labels(&name), place, position)
            }
        };
        match key {
            None => &mut paths.any,
            Some(key) => paths.tree.place(segments(&key.path), key.place, position),
        }
    }

    pub(super) fn search(&self, way: Way<'_>, search: &mut Search<'_, '_>) {
        self.any.search(way, search);
        if self.named
            && let Some(name) = Name::of(search.query.host)
        {
            self.hosts.walk(labels(name.as_bytes()), |paths| paths.search(way, search));
        }
    }
}

impl Paths {
    fn search(&self, way: Way<'_>, search: &mut Search<'_, '_>) {
        search.visit(&self.any);
        match way {
            Way::Pathless => {}
            Way::Whole(path) => self.tree.walk(segments(path), |list| search.visit(list)),
            Way::Stem(stem) => {
                let possible = self.tree.walk_stem(segments(stem), |list| search.visit(list));
                search.possible = search.possible.min(possible);
            }
        }
    }
}

/// A search on its way: the lowest position so far of which the rest of the conditions holds.
///
/// Only what is below it is tried in the lists to come, which are in order: so lists need no
/// merging.
pub(super) struct Search<'s, 'q> {
    rules: &'s [Rule],
    query: &'s Query<'q>,
    best: Option<usize>,
    /// The lowest position of a rule whose path may fit or not.
    possible: usize,
    visited: usize,
}

impl<'s, 'q> Search<'s, 'q> {
    pub(super) fn new(rules: &'s [Rule], query: &'s Query<'q>) -> Self {
        Self { rules, query, best: None, possible: usize::MAX, visited: 0 }
    }

    /// The position of the first rule that fits, unless one before it may.
    pub(super) fn found(&self) -> Option<usize> {
        self.best.filter(|best| *best < self.possible)
    }

    /// How many lists and rules were looked at.
    pub(super) fn visited(&self) -> usize {
        self.visited
    }

    fn visit(&mut self, list: &[usize]) {
        self.visited += 1;
        for &position in list {
            if self.best.is_some_and(|best| best < position) {
                return;
            }
            self.visited += 1;
            if self.rules.get(position).is_some_and(|rule| rule.holds(self.query)) {
                self.best = Some(position);
                return;
            }
        }
    }
}
