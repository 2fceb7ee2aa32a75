//! For tests: a mailbox that nobody empties but the test.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use parking_lot::Mutex;
use trunkline_runtime::{Accepts, Actor, ChildSpec, Message, Node, Recipient, Refused, Reply};

struct Nobody;

impl Actor for Nobody {}

/// Holds as many messages as it has slots.
pub(crate) struct Slots<M: Message> {
    node: Arc<Node>,
    slots: usize,
    held: Mutex<Vec<(M, Reply<M::Answer>)>>,
    /// Added to what is held.
    pub(crate) waiting: AtomicU32,
    closed: AtomicBool,
    parked: AtomicBool,
    can_close: bool,
}

impl<M: Message> Slots<M> {
    pub(crate) fn new(id: &str, slots: usize) -> Arc<Self> {
        Self::build(id, slots, false)
    }

    /// One that can be asked to end, as a connection.
    pub(crate) fn closable(id: &str, slots: usize) -> Arc<Self> {
        Self::build(id, slots, true)
    }

    fn build(id: &str, slots: usize, can_close: bool) -> Arc<Self> {
        let (_, address) = ChildSpec::leaf(id, || Nobody).build();
        Arc::new(Self {
            node: Arc::clone(address.node()),
            slots,
            held: Mutex::new(Vec::new()),
            waiting: AtomicU32::new(0),
            closed: AtomicBool::new(false),
            parked: AtomicBool::new(false),
            can_close,
        })
    }

    pub(crate) fn recipient(self: &Arc<Self>) -> Recipient<M> {
        Recipient::new(Arc::clone(self) as Arc<dyn Accepts<M>>)
    }

    pub(crate) fn take(&self) -> Vec<(M, Reply<M::Answer>)> {
        std::mem::take(&mut *self.held.lock())
    }

    pub(crate) fn messages(&self) -> Vec<M> {
        self.take().into_iter().map(|(message, _)| message).collect()
    }

    pub(crate) fn park(&self, parked: bool) {
        self.parked.store(parked, Relaxed);
    }

    pub(crate) fn end(&self) {
        self.closed.store(true, Relaxed);
    }
}

impl<M: Message> Accepts<M> for Slots<M> {
    fn deliver(&self, message: M, reply: Reply<M::Answer>) -> Result<(), Refused<M>> {
        let mut held = self.held.lock();
        if !self.is_open() {
            return Err(Refused::Stopped(message, reply));
        }
        if held.len() >= self.slots {
            return Err(Refused::Full(message, reply));
        }
        held.push((message, reply));
        Ok(())
    }

    fn node(&self) -> &Arc<Node> {
        &self.node
    }

    fn is_open(&self) -> bool {
        !self.is_gone() && !self.parked.load(Relaxed)
    }

    fn is_gone(&self) -> bool {
        self.closed.load(Relaxed)
    }

    fn waiting(&self) -> u32 {
        self.held.lock().len() as u32 + self.waiting.load(Relaxed)
    }

    fn close(&self) -> bool {
        if self.can_close {
            self.end();
        }
        self.can_close
    }
}
