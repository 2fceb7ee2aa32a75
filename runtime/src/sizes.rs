//! What a child costs. There is one for every connection, so nobody is to add to it by accident;
//! whoever has to, sees here what it was, and says in the change what it is good for.

use std::mem::size_of;

use crate::actor::Actor;
use crate::fault::Faults;
use crate::host::Shared;
use crate::registry::Node;
use crate::supervisor::child::Child;
use crate::supervisor::entry::Entry;
use crate::task::Task;

/// What an `Rc` or an `Arc` counts with.
const COUNTS: usize = 16;

/// A state of as much room as that of a connection.
struct State {
    _room: [usize; 5],
}

impl Actor for State {}

/// tokio has 104 bytes of its own in a task and aligns the whole to 128. Of ours 336 are actix's.
#[test]
fn the_task_of_a_connection_takes_512_bytes() {
    let size = size_of::<Task<State>>();
    assert!(size <= 400, "{size}");
}

#[test]
fn what_a_task_and_its_actor_share_takes_72_bytes() {
    let size = size_of::<Shared<State>>() + COUNTS;
    assert!(size <= 72, "{size}");
}

#[test]
fn a_node_takes_168_bytes() {
    // Injected faults are compiled into tests only.
    let size = size_of::<Node>() - size_of::<Faults>().next_multiple_of(8) + COUNTS;
    assert!(size <= 168, "{size}");
}

/// In a vector that doubles as it grows, so that up to twice as much is reserved.
#[test]
fn a_supervisor_keeps_112_bytes_of_a_child() {
    let size = size_of::<Entry<Child>>();
    assert!(size <= 112, "{size}");
}
