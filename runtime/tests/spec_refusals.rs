//! Specs that are not sound are refused before anything starts.

use std::time::Duration;

use trunkline_runtime::{
    Backoff, ChildSpec, Flags, OnSpent, Placement, Runtime, Shutdown, SpecError, StartError,
    Strategy, SupervisorSpec,
};

use crate::harness::good::Good;
use crate::harness::journal::Journal;
use crate::harness::{Universe, run, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

/// What a tree with `wrong` behind a sound child is refused with; nothing of it has started.
fn refusal(wrong: impl Into<ChildSpec>) -> SpecError {
    let journal = Journal::default();
    let kept = journal.clone();
    let builder = Runtime::builder().workers(1).watchdog(None).paused_clock();
    let ended = builder.run("root", PLAIN, |_, root| {
        let sound = ChildSpec::leaf("sound", move || Good::new("sound", journal.clone()));
        Ok::<_, StartError>(root.child(sound).child(wrong))
    });
    assert!(kept.lines().is_empty(), "something has started");
    match ended {
        Err(StartError::Spec(error)) => error,
        other => panic!("{other:?} is no refusal"),
    }
}

fn leaf(id: &str) -> trunkline_runtime::Leaf<Good> {
    ChildSpec::leaf(id, || Good::new("never", Journal::default()))
}

#[test]
fn two_siblings_with_one_id_are_refused() {
    let error = refusal(leaf("sound"));
    assert_eq!(error.to_string(), "the id sound is taken by a sibling");
}

#[test]
fn an_empty_id_is_refused() {
    assert_eq!(refusal(leaf("")), SpecError::EmptyId);
}

#[test]
fn an_id_with_the_separator_of_paths_is_refused() {
    let id = "a/b".into();
    assert_eq!(refusal(leaf("a/b")), SpecError::SlashInId { id });
}

#[test]
fn a_mailbox_without_room_is_refused() {
    let of = "deaf".into();
    let wrong = leaf("deaf").mailbox(0);
    assert_eq!(refusal(wrong), SpecError::NoMailbox { of });
}

#[test]
fn a_grace_of_zero_is_refused_because_it_would_be_a_kill() {
    let wrong = leaf("brief").shutdown(Shutdown::Grace(Duration::ZERO));
    assert_eq!(refusal(wrong).to_string(), "shutdown grace of brief is zero");
}

#[test]
fn a_worker_that_does_not_exist_is_refused() {
    let error = refusal(leaf("far").on(Placement::Worker(1)));
    let expected = "far is placed on worker 1, but there are 1";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn periods_of_zero_are_refused() {
    let backoff = PLAIN.backoff;
    let flags = [
        (PLAIN.intensity(1, Duration::ZERO), "intensity.period"),
        (PLAIN.backoff(Backoff { min: Duration::ZERO, ..backoff }), "backoff.min"),
        (PLAIN.backoff(Backoff { healthy: Duration::ZERO, ..backoff }), "backoff.healthy"),
    ];
    for (flags, period) in flags {
        let of = "sup".into();
        let error = refusal(SupervisorSpec::new("sup", flags));
        assert_eq!(error, SpecError::ZeroPeriod { of, period });
    }
}

#[test]
fn a_back_off_whose_minimum_exceeds_its_maximum_is_refused() {
    let flags = PLAIN.backoff(Backoff::new(seconds(2), seconds(1), seconds(1)));
    let error = refusal(SupervisorSpec::new("sup", flags));
    let expected = "the back-off of sup has a minimum of 2s, above its maximum of 1s";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn parking_single_children_is_refused_with_strategies_that_restart_several() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        let of = "sup".into();
        let flags = Flags::new(strategy).on_spent(OnSpent::ParkChild);
        let error = refusal(SupervisorSpec::new("sup", flags));
        assert_eq!(error, SpecError::ParkChildStrategy { of });
    }
}

#[test]
fn a_fault_deep_in_the_tree_is_refused_at_the_top() {
    let inner = SupervisorSpec::new("inner", PLAIN).child(leaf(""));
    let outer = SupervisorSpec::new("outer", PLAIN).child(inner);
    assert_eq!(refusal(outer), SpecError::EmptyId);
}

#[test]
fn a_worker_that_does_not_exist_is_refused_deep_in_the_tree() {
    let far = leaf("far").on(Placement::Worker(7));
    let tree = SupervisorSpec::new("sup", PLAIN).child(far);
    assert!(matches!(refusal(tree), SpecError::NoSuchWorker { worker: 7, .. }));
}

#[test]
fn a_child_that_is_refused_at_run_time_leaves_its_siblings_alone() {
    run(|u: Universe| async move {
        let tree = u.start(u.tree(PLAIN).child(u.good("a"))).await;
        let children = u.runtime.registry().len();
        for wrong in [u.good("a"), u.good(""), u.good("b").mailbox(0)] {
            tree.start_child(wrong).expect_err("the spec is not sound");
        }
        let error = tree.start_child(u.good("b").on(Placement::Worker(0)));
        assert!(matches!(error, Err(SpecError::NoSuchWorker { .. })));
        u.settle().await;
        assert_eq!(u.journal.lines(), ["a started"]);
        assert_eq!(u.runtime.registry().len(), children);
    });
}

#[test]
fn an_actor_that_is_started_here_needs_room_for_mail_too() {
    run(|u: Universe| async move {
        let state = Good::new("deaf", u.journal.clone());
        let refused = u.root.start_here("deaf", Shutdown::Kill, 0, state);
        assert!(matches!(refused, Err(SpecError::NoMailbox { .. })));
    });
}

#[test]
fn a_supervisor_that_has_ended_takes_no_children() {
    run(|u: Universe| async move {
        let tree = u.start(u.tree(PLAIN)).await;
        assert!(u.root.remove_child(&"tree".into()));
        u.saw("tree", "removed").await;
        let of = "tree".into();
        let late = tree.start_child(u.good("late"));
        assert_eq!(late, Err(SpecError::Stopping { of }));
    });
}
