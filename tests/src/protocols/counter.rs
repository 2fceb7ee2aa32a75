//! A counter: each line is handed to one of some actors, which crash and fall silent.

use std::time::Duration;

use trunkline::codec::LinesCodec;
use trunkline::{
    Actor, ChildSpec, Context, Cx, Flags, Handles, Message, Next, Peer, Placement, Protocol, Reply,
    Result, Strategy, SupervisorSpec,
};
use trunkline_actors::dispatch::{Dispatch, Membership, RoundRobin, Why};
use trunkline_runtime::Backoff;

/// How many actors there are.
pub const MEMBERS: usize = 8;
/// How long one of them may take to answer.
pub const DEADLINE: Duration = Duration::from_millis(100);
/// What a line ends with that is never answered by whoever gets it.
pub const SILENCE: &str = " silence";
/// Panics come as often as a run wants them, and members are back at once.
const TIRELESS: Flags = Flags::new(Strategy::OneForOne)
    .intensity(100_000, Duration::from_secs(60))
    .backoff(Backoff::new(
        Duration::from_millis(2),
        Duration::from_millis(20),
        Duration::from_millis(200),
    ));

/// A line to be counted.
#[derive(Debug)]
pub struct Job {
    silence: bool,
}

impl Message for Job {
    type Answer = usize;
}

/// Answers each line `LINE` by `LINE of N`, N being the member that had it, or by `LINE lost WHY`.
#[derive(Clone, Debug)]
pub struct Counter {
    team: Dispatch<Job>,
}

struct Member {
    number: usize,
    kept: Vec<Reply<usize>>,
}

impl Actor for Member {}

impl Handles<Job> for Member {
    fn handle(&mut self, job: Job, reply: Reply<usize>, _: &mut Context<'_, Self>) {
        if job.silence {
            // Whoever asked gives up before many have come together.
            self.kept.truncate(16);
            self.kept.insert(0, reply);
        } else {
            reply.send(self.number);
        }
    }
}

/// The actors, and the protocol whose lines they count. The guards keep them members.
pub fn team(workers: usize) -> (SupervisorSpec, Counter, Vec<Membership>) {
    let team = Dispatch::new("counters", RoundRobin::default());
    let mut members = Vec::with_capacity(MEMBERS);
    let mut supervisor = SupervisorSpec::new("team", TIRELESS);
    for number in 0..MEMBERS {
        let member = move || Member { number, kept: Vec::new() };
        let leaf = ChildSpec::leaf(format!("m{number}"), member);
        let (spec, address) = leaf.on(Placement::Worker(number % workers)).mailbox(4096).build();
        // A member while it rests, too: what it is given then waits for it.
        members.push(team.join(address));
        supervisor = supervisor.child(spec);
    }
    (supervisor.child(team.spec()), Counter { team }, members)
}

impl Protocol for Counter {
    type Codec = LinesCodec;
    type State = ();

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) {}

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        let job = Job { silence: line.ends_with(SILENCE) };
        let answer = match self.team.ask(job, DEADLINE).await {
            Ok(number) => format!("{line} of {number}"),
            Err(error) => {
                let why = match error.why {
                    Why::Empty => "empty",
                    Why::Closed => "closed",
                    Why::Refused => "refused",
                    Why::Crashed => "crashed",
                    Why::Stopped => "stopped",
                    Why::Deadline => "deadline",
                    Why::Unanswered => "unanswered",
                };
                format!("{line} lost {why}")
            }
        };
        cx.send(answer).await.map(|()| Next::Read)
    }
}
