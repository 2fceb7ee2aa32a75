//! An actor's place in a group.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde_json::json;
use siphasher::sip::SipHasher13;
use trunkline_runtime::{Message, Recipient};

use super::Weight;

pub(super) struct Member<M: Message> {
    pub(super) recipient: Recipient<M>,
    pub(super) weight: Weight,
    hasher: OnceLock<SipHasher13>,
    asked: AtomicU64,
    failed_over: AtomicU64,
    crashed: AtomicU64,
}

impl<M: Message> Member<M> {
    pub(super) fn new(recipient: Recipient<M>, weight: Weight) -> Self {
        Self {
            recipient,
            weight,
            hasher: OnceLock::new(),
            asked: AtomicU64::new(0),
            failed_over: AtomicU64::new(0),
            crashed: AtomicU64::new(0),
        }
    }

    /// A hash function of its own, keyed by its path: the same in every process.
    ///
    /// Made when it is first needed, as a path is not complete before its supervisor takes it in.
    pub(super) fn hasher(&self) -> &SipHasher13 {
        self.hasher.get_or_init(|| {
            let seed = super::key_of(self.recipient.node().path());
            SipHasher13::new_with_keys(seed, 0)
        })
    }

    pub(super) fn took(&self) {
        self.asked.fetch_add(1, Relaxed);
    }

    pub(super) fn refused(&self) {
        self.failed_over.fetch_add(1, Relaxed);
    }

    pub(super) fn crashed(&self) {
        self.crashed.fetch_add(1, Relaxed);
    }

    pub(super) fn detail(&self) -> serde_json::Value {
        json!({
            "path": self.recipient.node().path(),
            "weight": self.weight.get(),
            "open": self.recipient.is_open(),
            "waiting": self.recipient.waiting(),
            "asked": self.asked.load(Relaxed),
            "failed_over": self.failed_over.load(Relaxed),
            "crashed": self.crashed.load(Relaxed),
        })
    }
}
