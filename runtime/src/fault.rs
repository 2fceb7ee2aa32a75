//! Faults on command, for tests. Compiled only with the feature `fault-injection`.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use crate::registry::Node;

/// What an injected panic says; also how a test finds out whether a binary can inject at all.
pub const INJECTED: &str = "trunkline: a fault injected by a test";

/// The faults that wait for one child.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    panic_at_poll: AtomicBool,
    /// How many messages until one crashes it; 0 is none.
    panic_in_messages: AtomicU32,
    block_millis: AtomicU32,
}

impl Faults {
    #[expect(clippy::panic, clippy::disallowed_methods, reason = "the faults themselves")]
    pub(crate) fn at_poll(&self) {
        let millis = self.block_millis.swap(0, Relaxed);
        if millis > 0 {
            std::thread::sleep(Duration::from_millis(u64::from(millis)));
        }
        if self.panic_at_poll.swap(false, Relaxed) {
            panic!("{INJECTED}");
        }
    }

    #[expect(clippy::panic, reason = "the fault itself")]
    pub(crate) fn at_message(&self) {
        let counted = |left: u32| left.checked_sub(1);
        if self.panic_in_messages.fetch_update(Relaxed, Relaxed, counted) == Ok(1) {
            panic!("{INJECTED}");
        }
    }
}

impl Node {
    /// Makes the child panic the next time it is polled, and has it polled.
    pub fn inject_panic(&self) {
        self.faults.panic_at_poll.store(true, Relaxed);
        self.waker.wake();
    }

    /// Makes the child panic over its next message.
    pub fn inject_panic_at_message(&self) {
        self.inject_panic_at_nth_message(1);
    }

    /// Makes the child panic over the `nth` message from now, from 1.
    pub fn inject_panic_at_nth_message(&self, nth: u32) {
        self.faults.panic_in_messages.store(nth, Relaxed);
    }

    /// Makes the child block its thread in its next poll, and has it polled.
    pub fn inject_block(&self, time: Duration) {
        let millis = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        self.faults.block_millis.store(millis, Relaxed);
        self.waker.wake();
    }
}
