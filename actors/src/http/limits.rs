//! The bounds of a head.

/// The most fields that any settings allow in a head.
pub const MOST_FIELDS: usize = 256;

/// What a head may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadLimits {
    /// Its size in bytes, the empty line included.
    pub size: usize,
    /// Its fields: at most [`MOST_FIELDS`].
    pub fields: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self { size: 32 * 1024, fields: 100 }
    }
}
