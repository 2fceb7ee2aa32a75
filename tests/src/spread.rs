//! Median, least and greatest of a few figures.

use std::fmt;

use anyhow::{Context, Result};

/// What is told of a figure that was measured several times. `Display` shows median, least and
/// greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one, or the middle of the two there.
    pub median: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

impl Spread {
    /// The spread of `figures`.
    ///
    /// # Errors
    /// If there are none.
    pub fn of(figures: impl Iterator<Item = f64>) -> Result<Self> {
        let mut figures: Vec<f64> = figures.collect();
        figures.sort_by(f64::total_cmp);
        let (min, max) = figures.first().zip(figures.last()).context("nothing was measured")?;
        let upper = figures.len() / 2;
        let lower = (figures.len() - 1) / 2;
        Ok(Self { median: f64::midpoint(figures[lower], figures[upper]), min: *min, max: *max })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn the_median_of_an_even_number_is_the_middle_of_two() -> anyhow::Result<()> {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0].into_iter())?;
        assert_eq!(spread, Spread { median: 2.5, min: 1.0, max: 4.0 });
        Ok(())
    }

    #[test]
    fn the_spread_of_nothing_is_an_error() {
        assert!(Spread::of(std::iter::empty()).is_err());
    }
}
