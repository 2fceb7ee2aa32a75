//! The same member for the same key.

use std::fmt;

use trunkline_runtime::Message;

use super::{Candidates, Choose};
use crate::pool::key;
use crate::rendezvous::Bid;

/// Rendezvous hashing (highest random weight: Thaler and Ravishankar, 1998): every member draws a
/// number from the key, and the highest has it. A member that leaves or joins moves only the keys
/// that are its own; those of one that is closed or full are spread over all others until it is
/// back. Deterministic: members are told apart by their paths, so all processes of the same build
/// agree on who has which key. Weights follow Schindelhauer and Schomaker, 2005.
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
        let bid = |index| Bid { hash: among.hash(index, key), weight: among.weight(index) };
        let bids = among.serving().map(|index| (index, bid(index)));
        bids.max_by(|(_, one), (_, other)| one.cmp(*other)).map(|(index, _)| index)
    }
}

/// A key from bytes, the same in every process (SipHash-1-3). Not for secrets: its own key is 0.
#[must_use]
pub fn key_of(bytes: impl AsRef<[u8]>) -> u64 {
    key::key_of(bytes.as_ref())
}
