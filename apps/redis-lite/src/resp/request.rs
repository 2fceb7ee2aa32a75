//! A request: its bytes as they came, and where the arguments are in them.

use std::ops::{Index, Range};

use bytes::Bytes;

/// A request: a command's name and its arguments.
///
/// All of them share the bytes that came from the peer; what is to be kept is to be copied, or a
/// short value would hold a long request in memory.
#[derive(Debug, Clone, Default)]
pub struct Request {
    frame: Bytes,
    arguments: Vec<Range<usize>>,
}

impl Request {
    /// A request whose arguments lie in `frame` at `arguments`.
    pub(super) fn new(frame: Bytes, arguments: Vec<Range<usize>>) -> Self {
        Self { frame, arguments }
    }

    /// Whether there is not even a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// How many arguments there are, the name included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// The argument at `index`, the name being at 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.arguments.get(index).and_then(|range| self.frame.get(range.clone()))
    }

    /// The arguments from `start` on.
    pub fn from(&self, start: usize) -> impl ExactSizeIterator<Item = &[u8]> + Clone {
        let rest = self.arguments.get(start..).unwrap_or_default();
        rest.iter().map(|range| &self.frame[range.clone()])
    }

    /// The argument at `index` without a copy; empty where there is none.
    #[must_use]
    pub fn share(&self, index: usize) -> Bytes {
        self.arguments.get(index).map(|range| self.frame.slice(range.clone())).unwrap_or_default()
    }
}

impl Index<usize> for Request {
    type Output = [u8];

    /// The argument at `index`; empty where there is none.
    fn index(&self, index: usize) -> &[u8] {
        self.get(index).unwrap_or_default()
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for Request {
    fn from_iter<I: IntoIterator<Item = T>>(arguments: I) -> Self {
        let mut frame = Vec::new();
        let mut ranges = Vec::new();
        for argument in arguments {
            let start = frame.len();
            frame.extend_from_slice(argument.as_ref());
            ranges.push(start..frame.len());
        }
        Self::new(frame.into(), ranges)
    }
}

/// The same arguments make the same request, however they were sent.
impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        self.from(0).eq(other.from(0))
    }
}

impl Eq for Request {}
