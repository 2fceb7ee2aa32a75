//! The same member for the same key.

use std::fmt;

use siphasher::sip::SipHasher13;
use trunkline_runtime::Message;

use super::{Candidates, Choose};

/// Rendezvous hashing (highest random weight: Thaler and Ravishankar, 1998): every member draws a
/// number from the key, and the highest has it. A member that leaves or joins moves only the keys
/// that are its own; those of one that is closed or full are spread over all others until it is
/// back. Deterministic: members are told apart by their paths, so all processes of the same build
/// agree on who has which key.
///
/// Weights follow Schindelhauer and Schomaker, 2005: the number is `weight / -ln(u)`, with `u`
/// uniform between 0 and 1.
pub struct KeyHash<K> {
    key: K,
}

impl<K> KeyHash<K> {
    /// By a key of the message; what is text or bytes becomes one by [`key_of`].
    #[must_use]
    pub fn by<M>(key: K) -> Self
    where
        K: Fn(&M) -> u64,
    {
        Self { key }
    }
}

impl<K> fmt::Debug for KeyHash<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyHash").finish_non_exhaustive()
    }
}

impl<M, K> Choose<M> for KeyHash<K>
where
    M: Message,
    K: Fn(&M) -> u64 + Send + Sync + 'static,
{
    fn name(&self) -> &'static str {
        "hash"
    }

    fn choose(&self, message: &M, among: &Candidates<'_, M>) -> Option<usize> {
        let key = (self.key)(message);
        let score = |index| score(among.hash(index, key), among.weight(index));
        let scored = among.serving().map(|index| (index, score(index)));
        scored.max_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(index, _)| index)
    }
}

fn score(hash: u64, weight: u32) -> f64 {
    // The upper 53 bits are as many as the number holds; the half keeps it off 0 and 1.
    let uniform = ((hash >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    f64::from(weight) / -uniform.ln()
}

/// A key from bytes, the same in every process (SipHash-1-3). Not for secrets: its own key is 0.
#[must_use]
pub fn key_of(bytes: impl AsRef<[u8]>) -> u64 {
    SipHasher13::new().hash(bytes.as_ref())
}
