//! A panic anywhere in an actor is contained, recorded with text and place, and answered.

use trunkline_runtime::{Actor, ExitReason, Flags, Leaf, Panic, Restart, Status, Strategy};

use crate::harness::faults::crash_on_start::crash_on_start;
use crate::harness::faults::fail_on_start::fail_on_start;
use crate::harness::faults::panic_in_drop::{panic_in_drop, panic_in_drop_of_future};
use crate::harness::faults::panic_in_factory::panic_in_factory;
use crate::harness::faults::panic_in_future::panic_in_future;
use crate::harness::faults::panic_in_stopped::panic_in_stopped;
use crate::harness::faults::panic_in_stopping::panic_in_stopping;
use crate::harness::faults::panic_in_stream::panic_in_stream;
use crate::harness::faults::panic_in_timer::panic_in_timer;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

/// That `reason` is a panic of this text, in this file of the fixtures.
fn assert_panicked(reason: &ExitReason, text: &str, file: &str) {
    match reason {
        ExitReason::Panicked(Panic { text: said, place, .. }) => {
            assert!(said.contains(text), "{said:?} does not say {text:?}");
            assert!(place.contains(file), "{place:?} is not in {file}");
        }
        ExitReason::Normal | ExitReason::Shutdown | ExitReason::Killed | ExitReason::Failed(_) => {
            panic!("{reason} is no panic")
        }
    }
}

/// A child that panics by itself: it is restarted, and a neighbour never notices.
fn panics_by_itself<A: Actor>(
    child: impl FnOnce() -> Leaf<A> + Send + 'static,
    text: &'static str,
    file: &'static str,
) {
    run(move |u: Universe| async move {
        let (good, address) = u.good("good").build();
        let tree = u.tree(PLAIN).child(good).child(child());
        u.root.start_child(tree).expect("sound");
        assert_panicked(&u.exited("tree/child").await, text, file);
        u.saw("tree/child", "restarting").await;
        let view = u.view("tree/child").expect("it is kept");
        let exit = view.last_exit.expect("it has ended");
        assert_panicked(&exit.reason, text, file);
        assert_eq!(exit.generation, 1);
        assert_panicked(&u.exited("tree/child").await, text, file);
        let answer = address.order(Order::Report).await.expect("it is well");
        assert_eq!(answer.generation, 1);
    });
}

#[test]
fn a_panic_in_started_is_contained() {
    panics_by_itself(|| crash_on_start("child", 100), "no start before", "crash_on_start.rs:");
}

#[test]
fn a_panic_in_the_factory_is_contained() {
    panics_by_itself(|| panic_in_factory("child"), "out of parts", "panic_in_factory.rs:");
}

#[test]
fn a_panic_in_a_future_beside_the_messages_is_contained() {
    panics_by_itself(|| panic_in_future("child"), "the future is bleak", "panic_in_future.rs:");
}

#[test]
fn a_panic_over_an_item_of_a_stream_is_contained() {
    panics_by_itself(|| panic_in_stream("child"), "cannot stand that item", "panic_in_stream.rs:");
}

#[test]
fn a_panic_in_a_timer_is_contained() {
    panics_by_itself(|| panic_in_timer("child"), "time is up", "panic_in_timer.rs:");
}

#[test]
fn a_panic_in_a_handler_is_contained() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        address.tell(Order::Panic);
        let reason = u.exited("tree/child").await;
        assert_panicked(&reason, "child was told to panic", "good.rs:");
        assert_eq!(u.started("tree/child").await, 2);
    });
}

/// A child that panics when it is removed: it is gone all the same, and at once.
fn panics_when_removed<A: Actor>(
    child: impl FnOnce() -> Leaf<A> + Send + 'static,
    text: &'static str,
    file: &'static str,
) {
    run(move |u: Universe| async move {
        let tree = u.tree(PLAIN).child(u.good("good")).child(child());
        let tree = u.start(tree).await;
        let before = tokio::time::Instant::now();
        tree.remove_child(&"child".into());
        assert_panicked(&u.exited("tree/child").await, text, file);
        u.saw("tree/child", "removed").await;
        assert!(before.elapsed() < millis(10));
        assert_eq!(tree.len(), 1);
        assert_eq!(u.journal.lines(), ["good started"]);
    });
}

#[test]
fn a_panic_in_stopping_is_contained() {
    panics_when_removed(|| panic_in_stopping("child"), "not yet", "panic_in_stopping.rs:");
}

#[test]
fn a_panic_in_stopped_is_contained() {
    panics_when_removed(|| panic_in_stopped("child"), "no farewell", "panic_in_stopped.rs:");
}

#[test]
fn a_panic_in_the_destructor_of_the_state_is_contained() {
    panics_when_removed(|| panic_in_drop("child"), "dropped a bomb", "panic_in_drop.rs:");
}

#[test]
fn a_panic_in_the_destructor_of_a_future_is_contained() {
    panics_when_removed(|| panic_in_drop_of_future("child"), "dropped a bomb", "panic_in_drop.rs:");
}

#[test]
fn a_kill_contains_a_panic_in_the_destructor_too() {
    panics_when_removed(
        || panic_in_drop("child").shutdown(trunkline_runtime::Shutdown::Kill),
        "dropped a bomb",
        "panic_in_drop.rs:",
    );
}

#[test]
fn the_state_is_not_dropped_inside_the_unwinding_of_another_panic() {
    run(|u: Universe| async move {
        let (child, address) = panic_in_drop("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        // A panic of its own first: its state, which panics too, is dropped after that is over.
        address.node().inject_panic();
        let reason = u.exited("tree/child").await;
        assert_panicked(&reason, trunkline_runtime::INJECTED, "fault.rs:");
        assert_eq!(u.started("tree/child").await, 2);
    });
}

#[test]
fn a_failure_to_start_is_recorded_with_its_error() {
    run(|u: Universe| async move {
        let child = fail_on_start("child").restart(Restart::Transient);
        u.root.start_child(u.tree(PLAIN).child(child)).expect("sound");
        let reason = u.exited("tree/child").await;
        assert_eq!(reason.to_string(), "failed: nothing here to start with");
        u.saw("tree/child", "restarting").await;
        let state = u.view("tree/child").map(|child| child.state);
        assert_eq!(state, Some(Status::Restarting));
        u.pass(seconds(1)).await;
    });
}
