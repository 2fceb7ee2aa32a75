//! What is remembered of a message instead of its bytes.

use std::fmt;
use std::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// Stands for the bytes of one message, under the key of one listener.
///
/// Fit for a log: without the key, which is never shown, it tells nothing of the bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(u128);

/// A fingerprint in the making (SipHash-1-3 with 128 bits, by Aumasson and Bernstein).
///
/// It does not depend on how the bytes are cut into pieces.
#[derive(Clone)]
pub struct Fingerprinting(SipHasher13);

impl Fingerprinting {
    pub(super) fn new(key: &[u8; 16]) -> Self {
        Self(SipHasher13::new_with_key(key))
    }

    /// The next bytes of the message.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// The message is complete.
    #[must_use]
    pub fn finish(self) -> Fingerprint {
        Fingerprint(self.0.finish128().as_u128())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(key: &[u8; 16], pieces: &[&[u8]]) -> Fingerprint {
        let mut hasher = Fingerprinting::new(key);
        pieces.iter().for_each(|piece| hasher.update(piece));
        hasher.finish()
    }

    #[test]
    fn the_key_and_every_byte_matter() {
        let message: &[u8] = b"GET /";
        let fingerprint = of(&[1; 16], &[message]);
        assert_ne!(fingerprint, of(&[2; 16], &[message]));
        assert_ne!(fingerprint, of(&[1; 16], &[b"GET /\0"]));
        assert_ne!(fingerprint, of(&[1; 16], &[b"GET ."]));
        assert_eq!(fingerprint.to_string().len(), 32);
    }

    proptest! {
        #[test]
        fn how_a_message_is_cut_does_not_matter(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            cuts in prop::collection::vec(0usize..200, 0..8),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| *cut.min(&bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            prop_assert_eq!(of(&[3; 16], &pieces), of(&[3; 16], &[&bytes]));
        }
    }
}
