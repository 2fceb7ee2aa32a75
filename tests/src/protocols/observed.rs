//! Makes spans of its own, and has an actor make some.

use std::time::Duration;

use tracing::{Instrument as _, info_span};
use trunkline::codec::LinesCodec;
use trunkline::{
    Actor, Address, Backoff, ChildSpec, Context, Cx, Flags, Handles, Message, Next, Peer, Protocol,
    Reply, Result, Strategy, SupervisorSpec,
};

/// The line for which the hook makes the span `inside`.
pub const INSIDE: &str = "inside";
/// The line for which the actor makes the span `worked`.
pub const WORK: &str = "work";
/// The line over which the actor panics.
pub const CRASH: &str = "crash";
/// What it panics with.
pub const CRASHED: &str = "the worker was told to";

/// How long the actor may take.
const DEADLINE: Duration = Duration::from_secs(10);
const BACKOFF: Backoff =
    Backoff::new(Duration::from_millis(2), Duration::from_millis(20), Duration::from_millis(200));

/// What the actor is asked for.
#[derive(Debug)]
struct Work {
    crashes: bool,
}

impl Message for Work {
    type Answer = ();
}

/// Sends every line back.
#[derive(Clone, Debug)]
pub struct Observed {
    worker: Address<Worker>,
}

/// The actor.
#[derive(Debug)]
struct Worker;

impl Actor for Worker {}

impl Handles<Work> for Worker {
    #[expect(clippy::panic, reason = "what it is for")]
    fn handle(&mut self, work: Work, reply: Reply<()>, _: &mut Context<'_, Self>) {
        if work.crashes {
            panic!("{CRASHED}");
        }
        info_span!("worked").in_scope(|| reply.send(()));
    }
}

/// The actor, and the protocol that asks it.
pub fn observed() -> (SupervisorSpec, Observed) {
    let (spec, worker) = ChildSpec::leaf("worker", || Worker).build();
    let flags = Flags::new(Strategy::OneForOne).backoff(BACKOFF);
    (SupervisorSpec::new("observed", flags).child(spec), Observed { worker })
}

impl Protocol for Observed {
    type Codec = LinesCodec;
    type State = ();

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) {}

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        match line.as_str() {
            INSIDE => {
                let sending = cx.send(&*line).instrument(info_span!("inside"));
                return sending.await.map(|()| Next::Read);
            }
            WORK | CRASH => {
                let work = Work { crashes: line == CRASH };
                // Whether it has crashed is seen elsewhere.
                let _answer = self.worker.ask(work, DEADLINE).await;
            }
            _ => {}
        }
        cx.send(line).await.map(|()| Next::Read)
    }
}
