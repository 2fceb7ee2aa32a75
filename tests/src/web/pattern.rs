//! Bodies whose every byte is known, in no memory.

/// A prime, so that no power of two that a buffer may have is a multiple of it: a piece that is lost,
/// doubled or in another's place shows.
const PERIOD: usize = 4093;

/// The bytes of one body, from its seed.
#[derive(Clone, Debug)]
pub(super) struct Pattern(Box<[u8]>);

impl Pattern {
    pub(super) fn of(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        Self((0..PERIOD).map(|_| random.u8(..)).collect())
    }

    /// Appends `count` bytes, from the one at `at` on.
    pub(super) fn append(&self, at: u64, count: usize, out: &mut Vec<u8>) {
        let end = out.len() + count;
        let mut from = self.position(at);
        while out.len() < end {
            let piece = (end - out.len()).min(PERIOD - from);
            out.extend_from_slice(&self.0[from..from + piece]);
            from = 0;
        }
    }

    /// Whether `bytes` are those from `at` on.
    pub(super) fn has(&self, at: u64, mut bytes: &[u8]) -> bool {
        let mut from = self.position(at);
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(bytes.len().min(PERIOD - from));
            if *piece != self.0[from..from + piece.len()] {
                return false;
            }
            (bytes, from) = (rest, 0);
        }
        true
    }

    fn position(&self, at: u64) -> usize {
        // A remainder of a small number is one.
        usize::try_from(at % PERIOD as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_the_same_in_pieces_of_any_size() {
        let pattern = Pattern::of(1);
        let mut whole = Vec::new();
        pattern.append(0, 3 * PERIOD + 7, &mut whole);
        for piece in [1, 1000, PERIOD, 2 * PERIOD + 1] {
            let mut at = 0;
            for bytes in whole.chunks(piece) {
                assert!(pattern.has(at, bytes), "{piece} bytes from {at} on");
                at += bytes.len() as u64;
            }
        }
    }

    #[test]
    fn what_is_lost_moved_or_of_another_body_shows() {
        let pattern = Pattern::of(1);
        let mut bytes = Vec::new();
        pattern.append(65_536, 65_536, &mut bytes);
        assert!(pattern.has(65_536, &bytes));
        assert!(!pattern.has(0, &bytes));
        assert!(!pattern.has(65_537, &bytes));
        assert!(!Pattern::of(2).has(65_536, &bytes));
    }
}
