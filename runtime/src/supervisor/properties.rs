//! The state machine against random sequences of events.

mod model;
mod operating;
mod world;

use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::Strategy as Values;

use crate::exit::{ExitReason, Failure, Panic};
use crate::policy::{Backoff, Restart, Strategy};
use crate::spec::{Flags, Kind, OnSpent, Shutdown};
use crate::supervisor::operation::Operation;

use world::World;

/// What happens next; `usize` picks a child, counted around.
#[derive(Debug, Clone)]
enum Step {
    Add(Nature),
    Remove(usize),
    /// A child that starts is up.
    Up(usize),
    /// A child ends by itself, whatever it was doing.
    Exit(usize, ExitReason),
    /// A child that was asked to stop, or killed, answers.
    Obey(usize),
    /// An exit and a start of an earlier incarnation are heard of late.
    Stale(usize, ExitReason),
    /// The thread of a child is blocked.
    WorkerLost(usize),
    /// An operator does something to a child.
    Operate(usize, Operation),
    /// An operator resumes the supervisor.
    Unpark,
    Pass(Duration),
}

/// What a child is like.
#[derive(Debug, Clone, Copy)]
struct Nature {
    kind: Kind,
    restart: Restart,
    shutdown: Shutdown,
    /// Whether it stops when it is asked to.
    polite: bool,
    /// Whether it ever answers a kill.
    mortal: bool,
}

fn reasons() -> impl Values<Value = ExitReason> {
    let panic = Panic { text: "a panic".into(), place: "here".into(), trace: None };
    prop_oneof![
        Just(ExitReason::Normal),
        Just(ExitReason::Failed(Failure::new("a failure"))),
        Just(ExitReason::Panicked(panic)),
    ]
}

fn operations() -> impl Values<Value = Operation> {
    prop_oneof![
        Just(Operation::Restart),
        Just(Operation::Kill),
        Just(Operation::Suspend),
        Just(Operation::Resume),
    ]
}

fn natures() -> impl Values<Value = Nature> {
    let restart = prop_oneof![
        3 => Just(Restart::Permanent),
        1 => Just(Restart::Transient),
        1 => Just(Restart::Temporary),
    ];
    let shutdown = prop_oneof![
        2 => (1u64..3_000).prop_map(|grace| Shutdown::Grace(Duration::from_millis(grace))),
        1 => Just(Shutdown::Kill),
    ];
    let supervisor = prop::bool::weighted(0.25);
    let polite = prop::bool::weighted(0.8);
    let mortal = prop::bool::weighted(0.9);
    (restart, shutdown, supervisor, polite, mortal).prop_map(
        |(restart, shutdown, supervisor, polite, mortal)| Nature {
            kind: if supervisor { Kind::Supervisor } else { Kind::Leaf },
            restart,
            shutdown: if supervisor { Shutdown::Infinity } else { shutdown },
            polite,
            mortal,
        },
    )
}

fn steps() -> impl Values<Value = Step> {
    let child = || 0..64usize;
    prop_oneof![
        1 => natures().prop_map(Step::Add),
        1 => child().prop_map(Step::Remove),
        6 => child().prop_map(Step::Up),
        4 => (child(), reasons()).prop_map(|(child, reason)| Step::Exit(child, reason)),
        3 => child().prop_map(Step::Obey),
        1 => (child(), reasons()).prop_map(|(child, reason)| Step::Stale(child, reason)),
        1 => child().prop_map(Step::WorkerLost),
        4 => (child(), operations()).prop_map(|(child, done)| Step::Operate(child, done)),
        1 => Just(Step::Unpark),
        4 => (0u64..2_000).prop_map(|time| Step::Pass(Duration::from_millis(time))),
    ]
}

fn all_flags() -> impl Values<Value = Flags> {
    let strategy = prop_oneof![
        Just(Strategy::OneForOne),
        Just(Strategy::OneForAll),
        Just(Strategy::RestForOne),
    ];
    let on_spent =
        prop_oneof![Just(OnSpent::Escalate), Just(OnSpent::Park), Just(OnSpent::ParkChild),];
    (strategy, on_spent, 0u32..12, 1u64..20_000, 1u64..500, 0u64..5_000)
        .prop_filter("only single restarts park single children", |flags| {
            flags.1 != OnSpent::ParkChild || flags.0 == Strategy::OneForOne
        })
        .prop_map(|(strategy, on_spent, restarts, period, min, more)| {
            let max = Duration::from_millis(min + more);
            let min = Duration::from_millis(min);
            Flags::new(strategy)
                .on_spent(on_spent)
                .intensity(restarts, Duration::from_millis(period))
                .backoff(Backoff::new(min, max, Duration::from_secs(5)))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn whatever_happens_every_action_is_one_that_may_be_asked_for(
        flags in all_flags(),
        dynamic in prop::bool::weighted(0.3),
        rests in prop::bool::ANY,
        children in prop::collection::vec(natures(), 0..8),
        steps in prop::collection::vec(steps(), 0..120),
    ) {
        let mut world = World::new(flags, dynamic, &children);
        for step in steps {
            world.take(step);
        }
        if rests {
            world.come_to_rest();
        }
        let patience = world.patience();
        let took = world.shut_down();
        prop_assert_eq!(world.ended, 1);
        prop_assert!(took <= patience, "{:?} is more than all graces, {:?}", took, patience);
        // Whatever is heard afterwards has no effect.
        for child in 0..world.children.len() {
            world.take(Step::Stale(child, ExitReason::Normal));
        }
        world.pass(world.now + Duration::from_secs(3_600));
        prop_assert_eq!(world.ended, 1);
    }
}
