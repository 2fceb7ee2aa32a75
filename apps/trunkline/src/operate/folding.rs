//! Which parts of a tree are shown, so that it fits into so many rows.
//!
//! It begins with as little as possible: the roots, and whatever has to be seen with all that is
//! above it. Then it opens what is still closed, from the top down, as long as there are rows for
//! all of it; parts of the same depth in the order of their size, so that the most of them are open,
//! and those that hold only leaves last, as their row can name them.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::forest::Forest;

/// How much of what is below an actor is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// Nothing.
    Closed,
    /// Who has to be seen; the others in one row.
    Partly,
    /// All that is directly below it.
    Open,
}

/// What is shown of each actor of a forest.
#[derive(Debug)]
pub(super) struct Folding {
    folds: Vec<Fold>,
    /// It, or something below it, has to be seen.
    held: Vec<bool>,
}

impl Folding {
    /// Everything is open.
    pub(super) fn none(forest: &Forest) -> Self {
        Self { folds: vec![Fold::Open; forest.len()], held: vec![false; forest.len()] }
    }

    /// As much as fits into `rows`, and in any case all that is `noteworthy`.
    pub(super) fn to_fit(forest: &Forest, rows: usize, noteworthy: impl Fn(usize) -> bool) -> Self {
        let mut held: Vec<_> = (0..forest.len()).map(noteworthy).collect();
        let mut folds = vec![Fold::Closed; forest.len()];
        // Children stand behind their parents, so this goes upwards.
        for index in (0..forest.len()).rev() {
            if let Some(parent) = forest.tree(index).parent
                && held[index]
            {
                held[parent] = true;
                folds[parent] = Fold::Partly;
            }
        }
        let mut folding = Self { folds, held };
        for index in 0..forest.len() {
            if folding.folds[index] == Fold::Partly && folding.hidden(forest, index) <= 1 {
                folding.folds[index] = Fold::Open;
            }
        }
        folding.open(forest, rows);
        folding
    }

    /// How much of what is below this one is shown.
    pub(super) fn fold(&self, index: usize) -> Fold {
        self.folds[index]
    }

    /// Whether it, or something below it, has to be seen.
    pub(super) fn is_held(&self, index: usize) -> bool {
        self.held[index]
    }

    /// Its children that need not be seen.
    fn hidden(&self, forest: &Forest, index: usize) -> usize {
        forest.tree(index).children.iter().filter(|child| !self.held[**child]).count()
    }

    /// The rows that opening it adds.
    fn cost(&self, forest: &Forest, index: usize) -> usize {
        match self.folds[index] {
            Fold::Closed => forest.tree(index).children.len(),
            Fold::Partly => self.hidden(forest, index) - 1,
            Fold::Open => 0,
        }
    }

    /// Opens what there are rows for.
    fn open(&mut self, forest: &Forest, rows: usize) {
        let mut used = 0;
        let mut closed = BinaryHeap::new();
        let mut shown: Vec<_> = forest.roots().to_vec();
        loop {
            while let Some(index) = shown.pop() {
                used += 1;
                let tree = forest.tree(index);
                if tree.children.is_empty() {
                    continue;
                }
                if self.folds[index] != Fold::Open {
                    let leaves = forest.has_only_leaves(index);
                    let cost = self.cost(forest, index);
                    closed.push(Reverse((leaves, tree.depth, cost, index)));
                }
                match self.folds[index] {
                    Fold::Closed => {}
                    Fold::Open => shown.extend(&tree.children),
                    Fold::Partly => {
                        // The row of the others.
                        used += 1;
                        shown.extend(tree.children.iter().filter(|child| self.held[**child]));
                    }
                }
            }
            let Some(Reverse((_, _, cost, index))) = closed.pop() else { return };
            if used + cost > rows {
                continue;
            }
            let tree = forest.tree(index);
            if self.folds[index] == Fold::Closed {
                shown.extend(&tree.children);
            } else {
                used -= 1;
                shown.extend(tree.children.iter().filter(|child| !self.held[**child]));
            }
            self.folds[index] = Fold::Open;
        }
    }
}

#[cfg(test)]
mod tests;
