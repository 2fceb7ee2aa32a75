//! A backend's place in a pool.

use std::num::NonZeroU16;
use std::sync::Arc;

use thiserror::Error;

use crate::backend::Backend;

/// A backend as one pool uses it. What is here belongs to the membership, so that it can be changed
/// while the backend's cell, its health and its leases stay as they are.
#[derive(Debug, Clone)]
pub struct Member {
    /// The backend's cell.
    pub backend: Arc<Backend>,
    /// Its share against the other members.
    pub weight: Weight,
    /// Whether it serves only when no member without this mark can.
    pub backup: bool,
    /// Members with a lower number come first, as long as enough of them serve.
    pub priority: u8,
    /// Whether it is in another zone than the server: those of its own come first.
    pub foreign: bool,
    /// Whether it gets no new lease.
    pub draining: bool,
}

impl Member {
    /// A member of weight 1, like any other.
    #[must_use]
    pub fn new(backend: Arc<Backend>) -> Self {
        Self {
            backend,
            weight: Weight::ONE,
            backup: false,
            priority: 0,
            foreign: false,
            draining: false,
        }
    }
}

/// The share of a member, from 1 to [`Weight::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight(NonZeroU16);

/// A weight outside its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a weight is a whole number from 1 to {max}, not {0}", max = Weight::MAX)]
pub struct WeightError(u32);

impl Weight {
    /// The largest weight; it bounds the schedule of a weighted round robin. That of haproxy.
    pub const MAX: u32 = 256;
    /// The weight of a member that states none.
    pub const ONE: Self = Self(NonZeroU16::MIN);

    /// The weight as a number.
    #[must_use]
    pub fn get(self) -> u32 {
        u32::from(self.0.get())
    }
}

impl TryFrom<u32> for Weight {
    type Error = WeightError;

    /// # Errors
    /// Zero, and more than [`Weight::MAX`].
    fn try_from(weight: u32) -> Result<Self, WeightError> {
        u16::try_from(weight)
            .ok()
            .and_then(NonZeroU16::new)
            .filter(|_| weight <= Self::MAX)
            .map(Self)
            .ok_or(WeightError(weight))
    }
}
