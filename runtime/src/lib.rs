//! OTP-grade supervision for actix actors.

mod actor;
mod address;
pub mod clock;
mod context;
mod deadline;
mod ending;
mod event;
mod exit;
#[cfg(feature = "fault-injection")]
mod fault;
mod host;
mod launch;
mod message;
mod panic_log;
mod panics;
pub mod policy;
mod pulse;
mod registry;
mod runtime;
mod spec;
mod supervisor;
mod task;
mod watchdog;
mod worker;

pub use actor::{Actor, Stopping};
pub use address::{Address, Ask, AskError, SendError};
pub use context::{Context, Timer};
pub use deadline::Deadline;
pub use ending::is_crash;
pub use event::{Event, Events, Lifecycle};
pub use exit::{ExitReason, Failure, Panic};
#[cfg(feature = "fault-injection")]
pub use fault::INJECTED;
pub use message::{Handles, Message, Reply};
pub use policy::{Backoff, Intensity, Restart, RestartDecision, Strategy};
pub use registry::{Detail, LastExit, Node, NodeView, Registry, Status, Tree};
pub use runtime::{Builder, Ended, Runtime, StartError};
pub use spec::{ChildId, Flags, Kind, OnSpent, Shutdown, SpecError};
pub use supervisor::{ChildSpec, GRACE, Leaf, MAILBOX, SupervisorHandle, SupervisorSpec};
pub use watchdog::Watchdog;
pub use worker::Placement;
