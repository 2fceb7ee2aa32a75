//! Another path for the backend.

use super::path::{escape, stands};

/// Replaces the prefix of a rule by another, in whole segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// How many slashes the prefix has.
    slashes: usize,
    to: Box<[u8]>,
}

impl Rewrite {
    /// Puts `to` in the place of `prefix`, the one of the rule's own path. Both are taken with a
    /// `/` at their beginning and end, there or not. What may not stand in a path is
    /// percent-encoded.
    #[must_use]
    pub fn new(prefix: &str, to: &str) -> Self {
        let inside = prefix.strip_prefix('/').unwrap_or(prefix);
        let inside = inside.strip_suffix('/').unwrap_or(inside);
        let slashes = if inside.is_empty() { 1 } else { inside.split('/').count() + 1 };
        let mut path = Vec::with_capacity(to.len() + 2);
        if !to.starts_with('/') {
            path.push(b'/');
        }
        for byte in to.bytes() {
            if stands(byte) || byte == b'%' { path.push(byte) } else { escape(byte, &mut path) }
        }
        if path.last() != Some(&b'/') {
            path.push(b'/');
        }
        Self { slashes, to: path.into() }
    }

    /// Writes the new path, with the query as it was, for a path and query that the rule fits. Any
    /// other is written as it is.
    pub fn write(&self, path: &[u8], to: &mut Vec<u8>) {
        // By number, not by bytes: the prefix may have been sent in another encoding.
        let end = path.iter().position(|byte| *byte == b'?').unwrap_or(path.len());
        let slashes = path.iter().take(end).enumerate().filter(|(_, byte)| **byte == b'/');
        let last = slashes.map(|(at, _)| at).nth(self.slashes.saturating_sub(1));
        let rest = last.and_then(|last| path.get(last + 1..));
        match rest {
            Some(rest) => {
                to.extend_from_slice(&self.to);
                to.extend_from_slice(rest);
            }
            None => to.extend_from_slice(path),
        }
    }
}
