//! What a connection holds while something is under way.

use std::cell::Cell;

use bytes::{Buf, BytesMut};

use super::quarantine::{Fingerprint, Fingerprinting, Quarantine};

/// The largest buffer that is kept for the next connection, in bytes.
const KEPT: usize = 64 * 1024;

thread_local! {
    /// The worker handles one connection at a time: one spare set serves nearly all.
    static SPARE: Cell<Option<Box<Buffers>>> = const { Cell::new(None) };
}

/// What was read and not yet understood, and what waits to be written.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) unread: BytesMut,
    pub(super) output: BytesMut,
    /// What the codec has taken of a message that is not whole yet.
    pub(super) taken: usize,
    watch: Option<Watch>,
}

/// The bytes of `unread` once more, and the fingerprint of the message at hand: the codec takes
/// bytes without saying which. Kept only while the listener's quarantine is armed.
struct Watch {
    shadow: BytesMut,
    fingerprinting: Fingerprinting,
    /// Whether any byte of the message at hand is in the fingerprint, and all of them are.
    has_any: bool,
    has_all: bool,
}

impl Buffers {
    pub(super) fn lend() -> Box<Self> {
        SPARE.take().unwrap_or_default()
    }

    /// Nothing is in them.
    pub(super) fn are_idle(&self) -> bool {
        self.unread.is_empty() && self.output.is_empty() && self.taken == 0
    }

    /// For the next connection of this thread.
    pub(super) fn give_back(mut self: Box<Self>) {
        self.unread = BytesMut::new();
        self.watch = None;
        self.output.clear();
        if self.output.capacity() <= KEPT {
            SPARE.set(Some(self));
        }
    }

    /// How long the message is as far as it has come.
    pub(super) fn message_len(&self) -> usize {
        self.taken + self.unread.len()
    }

    pub(super) fn received(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        if let Some(watch) = &mut self.watch {
            watch.shadow.extend_from_slice(bytes);
        }
    }

    /// The codec has taken `taken` bytes; `found` whether they are the end of something.
    pub(super) fn took(&mut self, taken: usize, found: bool) {
        // Whatever was found, what comes behind it is another message.
        self.taken = if found { 0 } else { self.taken + taken };
        if let Some(watch) = &mut self.watch {
            // A codec may do what it likes with the buffer, also make it longer.
            let taken = taken.min(watch.shadow.len());
            watch.fingerprinting.update(&watch.shadow[..taken]);
            watch.has_any |= taken > 0;
            watch.shadow.advance(taken);
        }
        if self.unread.is_empty() {
            // Frees the buffer, or leaves it to the message that was split off it.
            self.unread = BytesMut::new();
        }
    }

    /// Begins or ends the watch on what messages are made of. A message that the codec has taken
    /// something of already has no fingerprint: its rest may be all of another one.
    pub(super) fn watch(&mut self, quarantine: &Quarantine) {
        if quarantine.is_armed() != self.watch.is_some() {
            self.watch = quarantine.is_armed().then(|| {
                let fingerprinting = quarantine.hasher();
                let has_all = self.taken == 0;
                Watch { shadow: self.unread.clone(), fingerprinting, has_any: false, has_all }
            });
        }
    }

    /// The fingerprint of the message that was decoded just now, where that is known. One for which
    /// the codec took no byte, as for a second one of the same bytes, has none.
    pub(super) fn fingerprint(&mut self, quarantine: &Quarantine) -> Option<Fingerprint> {
        let watch = self.watch.as_mut()?;
        let known =
            std::mem::take(&mut watch.has_any) & std::mem::replace(&mut watch.has_all, true);
        let whole = std::mem::replace(&mut watch.fingerprinting, quarantine.hasher());
        known.then(|| whole.finish())
    }
}
