//! How hosts are read and compared.

use super::trie::Place;

/// The longest host that has a name: RFC 1035 §2.3.4 allows none longer.
const LONGEST: usize = 255;

/// Which hosts a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostPattern {
    /// This one: a name without port, or an IP address, with or without the brackets of IPv6.
    Exact(String),
    /// All with one or more labels in front of this name, but not the name itself: `*.NAME`.
    Below(String),
}

impl HostPattern {
    /// What it is found by in an index.
    pub(super) fn key(&self) -> (Vec<u8>, Place) {
        let (name, place) = match self {
            Self::Exact(name) => (name, Place::Exact),
            Self::Below(name) => (name, Place::Below),
        };
        let name = name.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(name);
        let name = name.strip_suffix('.').unwrap_or(name);
        (name.to_ascii_lowercase().into_bytes(), place)
    }
}

/// A host as it is compared: in small letters, without port, brackets and trailing dot.
pub(super) struct Name {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Name {
    /// None if the host has an empty label or is too long for a name.
    pub(super) fn of(host: &[u8]) -> Option<Self> {
        let (host, end) = match host {
            [b'[', address @ ..] => (address, b']'),
            _ => (host, b':'),
        };
        let mut bytes = [0; LONGEST];
        let mut length = 0;
        let mut before = b'.';
        for &byte in host.iter().take_while(|byte| **byte != end) {
            if before == b'.' && byte == b'.' {
                return None;
            }
            *bytes.get_mut(length)? = byte.to_ascii_lowercase();
            before = byte;
            length += 1;
        }
        length -= usize::from(length > 0 && before == b'.');
        (length > 0).then_some(Self { bytes, length })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// The labels of a name, the most general first.
pub(super) fn labels(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    name.rsplit(|byte| *byte == b'.')
}
