//! An answer that is always the same.

use bytes::Bytes;

/// An answer that is always the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its Content-Type.
    pub content_type: String,
    /// Its body.
    pub body: Bytes,
}
