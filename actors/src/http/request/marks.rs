//! Which fields of a head are meant, by their place in it.

use crate::http::limits::MOST_FIELDS;

/// A set of places, each below [`MOST_FIELDS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::http) struct Marks([u64; MOST_FIELDS / 64]);

impl Marks {
    pub(super) fn add(&mut self, place: usize) {
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    pub(super) fn remove(&mut self, other: Self) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word &= !other;
        }
    }

    #[must_use]
    pub(super) fn with(mut self, other: Self) -> Self {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
        self
    }

    #[must_use]
    pub(super) fn contains(self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    /// The places in their order.
    pub(in crate::http) fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(index, mut word)| {
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
                word &= word - 1;
                Some(index * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_in_order_and_only_while_they_are_there() {
        let mut marks = Marks::default();
        for place in [255, 0, 64, 63, 7] {
            marks.add(place);
        }
        assert_eq!(marks.iter().collect::<Vec<_>>(), [0, 7, 63, 64, 255]);
        let mut others = Marks::default();
        others.add(63);
        others.add(1);
        marks.remove(others);
        assert!(!marks.contains(63) && marks.contains(64) && !marks.contains(300));
        assert_eq!(marks.with(others).iter().collect::<Vec<_>>(), [0, 1, 7, 63, 64, 255]);
    }
}
