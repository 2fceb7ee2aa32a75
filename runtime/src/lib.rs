//! OTP-grade supervision for actix actors.
//!
//! An [`Actor`] is a state and what it does with its [`Message`]s. A [`ChildSpec`] says how one
//! comes to be, when it is restarted and how it is stopped; a [`SupervisorSpec`] takes children in,
//! starts them in order, and answers their crashes. [`Runtime`] runs such a tree on a control
//! thread and a number of workers, until it is told to stop or the root gives up.
//!
//! ```
//! use std::time::Duration;
//! use trunkline_runtime::{
//!     Actor, AskError, ChildSpec, Context, Ended, Failure, Flags, Handles, Message, Reply, Runtime,
//!     StartError, Strategy,
//! };
//!
//! /// Divides, and knows nothing of zero.
//! #[derive(Default)]
//! struct Divider;
//!
//! struct Divide(u32, u32);
//!
//! impl Message for Divide {
//!     type Answer = u32;
//! }
//!
//! impl Actor for Divider {}
//!
//! impl Handles<Divide> for Divider {
//!     fn handle(&mut self, message: Divide, reply: Reply<u32>, _: &mut Context<'_, Self>) {
//!         reply.send(message.0 / message.1);
//!     }
//! }
//!
//! /// Asks the divider, and ends the runtime when it has its answers.
//! struct Pupil(trunkline_runtime::Address<Divider>);
//!
//! impl Actor for Pupil {
//!     fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
//!         let divider = self.0.clone();
//!         let runtime = cx.runtime().cloned();
//!         cx.run(async move {
//!             let within = Duration::from_secs(1);
//!             assert_eq!(divider.ask(Divide(6, 2), within).await, Ok(3));
//!             // The divider panics; who asked learns it at once.
//!             assert_eq!(divider.ask(Divide(6, 0), within).await, Err(AskError::Crashed));
//!             // Its address is that of the next incarnation, too.
//!             assert_eq!(divider.ask(Divide(8, 2), within).await, Ok(4));
//!             if let Some(runtime) = runtime {
//!                 runtime.stop();
//!             }
//!             Ok(())
//!         });
//!         Ok(())
//!     }
//! }
//!
//! let flags = Flags::new(Strategy::OneForOne);
//! let ended = Runtime::builder().workers(1).run("school", flags, |_, root| {
//!     let (divider, address) = ChildSpec::leaf("divider", Divider::default).build();
//!     let pupil = ChildSpec::leaf("pupil", move || Pupil(address.clone()));
//!     Ok::<_, StartError>(root.child(divider).child(pupil))
//! });
//! assert_eq!(ended?, Ended::Shutdown);
//! # Ok::<(), StartError>(())
//! ```
//!
//! # What is contained
//! A panic in any hook of an actor (`started`, `stopping`, `stopped`, `handle`), in its timers,
//! streams and futures, in the destructor of its state or of what it had in flight, in its factory,
//! and in a supervisor itself. It costs the incarnation, the message at hand and what was in
//! flight; it is recorded with its text and place, and answered by the supervisor's policy. The
//! address and the queued mail stay. A supervisor that panics is rebuilt and takes over its
//! children, who do not notice.
//!
//! A child that does not stop is killed after its grace. One that never yields cannot be killed:
//! it is recorded as killed, its worker as lost until it lets go, and all others go on.
//!
//! # What is beyond a supervisor inside the process
//! What ends in `abort` takes the process along: a panic in a destructor that runs while another
//! panic unwinds, a stack overflow, memory that is not given, and any panic where the program is
//! built with `panic = "abort"`. So does the end of the root, by design: [`Ended::Escalated`] is for
//! the program to turn into an exit code. Whoever started the process has to start it again.
//!
//! # Defaults
//! | what | default | where it is changed |
//! |---|---|---|
//! | intensity | 10 restarts in 10 s | [`Flags::intensity`] |
//! | spent intensity | escalate | [`Flags::on_spent`] |
//! | shortest back-off | 2 ms | [`Flags::backoff`] |
//! | longest back-off | 30 s | [`Flags::backoff`] |
//! | healthy uptime | 10 s | [`Flags::backoff`] |
//! | grace of a leaf | 5 s | [`Leaf::shutdown`] |
//! | grace of a supervisor | as long as its children need | fixed |
//! | mailbox | 256 messages | [`Leaf::mailbox`] |
//! | messages in a turn | 64 | fixed |
//! | precision of deadlines | 10 ms | fixed |
//! | beat of a thread | 100 ms | fixed |
//! | look of the watchdog | 100 ms | [`Watchdog::period`] |
//! | limit of the watchdog | 500 ms | [`Watchdog::limit`] |
//! | silence after which a worker is lost | 3 s | fixed |
//! | answer to a kill | 200 ms | fixed |
//! | longest grace below a supervisor that gave up | 500 ms | fixed |
//! | events that a subscriber may lag | 16384 | fixed |
//!
//! The intensity allows more than OTP's (one restart in 5 s), which presumes restarts without a
//! rest; here the back-off slows a series of crashes down long before. The grace is OTP's. A mailbox
//! of 256 is some milliseconds of work for most actors: more would be late anyway.
//!
//! # Files
//! | file | holds |
//! |---|---|
//! | `runtime`, `worker` | threads, their start and end |
//! | `control` | what operators do to a child, by its path |
//! | `actor`, `context`, `message`, `address` | what an author writes, and is given |
//! | `recipient` | whatever takes messages of one type, whoever it is |
//! | `spec`, `policy` | specifications, and the rules as pure code |
//! | `supervisor` | the state machine of a supervisor, its table of children, its actor |
//! | `host`, `task`, `launch` | an actor as an actix actor, and the future that carries it |
//! | `part`, `children` | what a leaf has below itself: a part that may crash alone, actors of its own |
//! | `panics`, `panic_log`, `ending`, `exit` | what is known of an end, and who is told |
//! | `registry`, `event` | the live tree, and what happens in it |
//! | `tally`, `delays` | what has gone wrong, and how late threads were, as counts |
//! | `trace` | which trace the work at hand belongs to |
//! | `deadline`, `pulse`, `watchdog`, `clock` | time, and threads that do not turn |
//! | `fault` | faults on command, for tests |

mod actor;
mod address;
mod children;
pub mod clock;
mod context;
mod control;
mod deadline;
#[cfg(test)]
mod defaults;
mod delays;
mod ending;
mod event;
mod exit;
#[cfg(feature = "fault-injection")]
mod fault;
mod host;
mod launch;
mod message;
pub mod panic_log;
mod panics;
mod part;
pub mod policy;
mod pulse;
mod recipient;
mod registry;
mod runtime;
#[cfg(test)]
mod sizes;
mod spec;
mod supervisor;
mod tally;
mod task;
pub mod trace;
mod watchdog;
mod worker;

pub use actor::{Actor, Stopping};
pub use address::{Address, Ask, AskError, Permit, SendError};
pub use children::Children;
pub use context::{Context, Timer};
pub use control::ControlError;
pub use deadline::Deadline;
pub use delays::DelayCounts;
pub use ending::{crash, is_crash};
pub use event::{Event, Events, Lifecycle};
pub use exit::{ExitReason, Failure, Panic};
#[cfg(feature = "fault-injection")]
pub use fault::INJECTED;
pub use message::{Handles, Message, Reply};
pub use panics::contain;
pub use part::Part;
pub use policy::{Backoff, Intensity, Restart, RestartDecision, Strategy};
pub use recipient::{Accepts, Recipient, Refused};
pub use registry::{Detail, LastExit, Node, NodeView, Registry, Status, Tree, Visit, Walk};
pub use runtime::{Builder, Ended, Runtime, StartError};
pub use spec::{ChildId, Flags, Kind, OnSpent, Shutdown, SpecError};
pub use supervisor::{ChildSpec, GRACE, Leaf, MAILBOX, SupervisorHandle, SupervisorSpec};
pub use tally::{Counted, KINDS, Mishap, OTHER};
pub use watchdog::Watchdog;
pub use worker::Placement;
