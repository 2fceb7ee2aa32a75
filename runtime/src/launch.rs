//! How a child's task comes to be on its worker.

use std::sync::Arc;

use actix::dev::channel::{AddressReceiver, channel};

use crate::actor::Actor;
use crate::address::{ActixAddr, Address};
use crate::host::{Host, HostContext, Source};
use crate::registry::Node;
use crate::runtime::Runtime;
use crate::task::Task;
use crate::worker::Worker;

/// Creates a child's task, once.
pub(crate) trait Launch {
    /// Creates the task on the thread where the child is placed.
    fn launch(self: Box<Self>, node: &Arc<Node>, runtime: &Runtime);
}

/// The two ends of a child's mailbox, made before the child.
pub(crate) fn mailbox<A: Actor>(node: &Arc<Node>) -> (Address<A>, AddressReceiver<Host<A>>) {
    // Permits bound the mailbox, so actix's own bound must never park a sender.
    let (sender, receiver) = channel(0);
    (Address::new(ActixAddr::<A>::new(sender), Arc::clone(node)), receiver)
}

/// A factory of states that may travel to another thread.
pub(crate) type SendFactory<A> = Box<dyn Fn() -> A + Send>;

pub(crate) struct LeafLaunch<A: Actor> {
    pub(crate) address: Address<A>,
    pub(crate) receiver: AddressReceiver<Host<A>>,
    pub(crate) factory: SendFactory<A>,
}

impl<A: Actor> Launch for LeafLaunch<A> {
    fn launch(self: Box<Self>, node: &Arc<Node>, runtime: &Runtime) {
        let Self { address, receiver, factory } = *self;
        let worker = runtime.worker(node.placement());
        if worker.is_current() {
            return spawn(Source::Factory(factory), address, receiver, worker);
        }
        let arbiter = worker.arbiter.lock().clone();
        if let Some(arbiter) = arbiter {
            // False once the arbiter has stopped, and then the runtime is at its end.
            arbiter.spawn_fn(move || spawn(Source::Factory(factory), address, receiver, worker));
        }
    }
}

/// Creates the task on the calling thread, which must be `worker`'s.
#[expect(clippy::disallowed_methods, reason = "the one place where a supervised task begins")]
pub(crate) fn spawn<A: Actor>(
    source: Source<A>,
    address: Address<A>,
    receiver: AddressReceiver<Host<A>>,
    worker: Arc<Worker>,
) {
    let (host, shared) = Host::new(source, address, worker);
    let context = HostContext::<A>::with_receiver(receiver).into_future(host);
    actix_rt::spawn(Task::new(context, shared));
}
