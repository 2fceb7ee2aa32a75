//! Members in the order of their scores.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;

/// A score: a float that is a number.
#[derive(Debug, Clone, Copy)]
struct Score(f64);

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Score {}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Members with scores; those of one score are in the order of their bytes.
#[derive(Debug, Clone, Default)]
pub struct SortedSet {
    scores: HashMap<Bytes, Score>,
    order: BTreeSet<(Score, Bytes)>,
}

impl SortedSet {
    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// The score of a member.
    #[must_use]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        self.scores.get(member).map(|score| score.0)
    }

    /// Gives a member a score, which is a number; whether the member is new.
    pub fn insert(&mut self, member: &[u8], score: f64) -> bool {
        // Minus zero sorts with zero, as it compares equal to it.
        let score = Score(score + 0.0);
        let (member, old) = match self.scores.get_key_value(member) {
            Some((member, old)) => (member.clone(), Some(*old)),
            None => (Bytes::copy_from_slice(member), None),
        };
        if let Some(old) = old {
            self.order.remove(&(old, member.clone()));
        }
        self.scores.insert(member.clone(), score);
        self.order.insert((score, member));
        old.is_none()
    }

    /// Removes a member; whether there was one.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self.scores.remove_entry(member) {
            Some((member, score)) => self.order.remove(&(score, member)),
            None => false,
        }
    }

    /// Removes the member that comes first.
    pub fn pop_first(&mut self) -> Option<(Bytes, f64)> {
        let (score, member) = self.order.pop_first()?;
        self.scores.remove(&member);
        Some((member, score.0))
    }

    /// How many members come before `member`. Takes as many steps.
    #[must_use]
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        let (member, score) = self.scores.get_key_value(member)?;
        Some(self.order.range(..(*score, member.clone())).count())
    }

    /// The members in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, f64)> {
        self.order.iter().map(|(score, member)| (member, score.0))
    }
}
