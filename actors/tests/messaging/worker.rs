//! An actor that joins whenever it starts, and does what the job says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use trunkline_actors::dispatch::{Dispatch, Membership};
use trunkline_actors::group::Group;
use trunkline_runtime::{
    Actor, ChildSpec, Context, Failure, Handles, Leaf, Message, Placement, Reply,
};

/// What a worker can be told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// Answer the number.
    Return(u64),
    /// Panic.
    Crash,
    /// End with the job in hand.
    Finish,
    /// Keep the question and never answer it.
    Keep,
}

impl Message for Job {
    type Answer = u64;
}

/// A broadcast line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line(pub(crate) u64);

impl Message for Line {
    type Answer = ();
}

#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) dispatch: Option<Dispatch<Job>>,
    pub(crate) group: Option<Group<Line>>,
    /// Jobs that were begun, whether they were answered or not.
    pub(crate) begun: Arc<AtomicU64>,
    /// Lines heard by all.
    pub(crate) heard: Arc<parking_lot::Mutex<Vec<u64>>>,
}

pub(crate) struct Worker {
    plan: Plan,
    memberships: Vec<Membership>,
    kept: Vec<Reply<u64>>,
}

impl Actor for Worker {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let address = cx.address();
        let dispatch = self.plan.dispatch.as_ref().map(|all| all.join(address.clone()));
        let group = self.plan.group.as_ref().map(|group| group.join(address.clone()));
        self.memberships.extend(dispatch);
        if let Some(joined) = group {
            self.memberships.push(joined.map_err(|crowded| Failure::new(crowded.to_string()))?);
        }
        Ok(())
    }
}

impl Handles<Job> for Worker {
    fn handle(&mut self, job: Job, reply: Reply<u64>, cx: &mut Context<'_, Self>) {
        self.plan.begun.fetch_add(1, Ordering::Relaxed);
        match job {
            Job::Return(number) => reply.send(number),
            Job::Crash => panic!("was told to crash"),
            Job::Finish => {
                self.kept.push(reply);
                cx.stop();
            }
            Job::Keep => self.kept.push(reply),
        }
    }
}

impl Handles<Line> for Worker {
    fn handle(&mut self, line: Line, _: Reply<()>, _: &mut Context<'_, Self>) {
        // A panic for every seventh line, in whoever comes to it.
        assert_ne!(line.0 % 7, 6, "an unlucky line");
        self.plan.heard.lock().push(line.0);
    }
}

impl Plan {
    pub(crate) fn new(dispatch: Option<Dispatch<Job>>, group: Option<Group<Line>>) -> Self {
        Self { dispatch, group, begun: Arc::default(), heard: Arc::default() }
    }

    pub(crate) fn worker(&self, number: u64, placement: Placement) -> Leaf<Worker> {
        let plan = self.clone();
        let worker =
            move || Worker { plan: plan.clone(), memberships: Vec::new(), kept: Vec::new() };
        ChildSpec::leaf(format!("w{number}"), worker).on(placement)
    }
}
