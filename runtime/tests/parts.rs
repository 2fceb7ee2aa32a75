//! Parts of an actor that crash and begin again alone.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll, Waker};

use trunkline_runtime::{
    Actor, Address, AskError, ChildSpec, Context, ExitReason, Failure, Flags, Handles, INJECTED,
    Kind, Leaf, Lifecycle, Message, Panic, Part, Placement, Reply, Status, Strategy,
};

use crate::harness::{Universe, millis, run, run_with_workers, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

/// Has a part `part` that it begins anew whenever it crashes, and answers that it keeps.
struct Owner {
    part: Option<Rc<Part>>,
    kept: Vec<Reply<()>>,
}

impl Actor for Owner {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let part = Rc::new(Part::new(cx.node(), "part", 2));
        self.part = Some(Rc::clone(&part));
        let beside = poll_fn(move |task| {
            while let Err(panic) = part.guard(task, |_| ()) {
                part.crashed(ExitReason::Panicked(panic));
                part.begin();
            }
            Poll::<()>::Pending
        });
        cx.pipe(beside, |_, (), _| {});
        Ok(())
    }
}

/// Something that the part does, by name.
enum Act {
    Add(u32, u32),
    Panic,
    Fail,
    AtMessage,
}

impl Message for Act {
    type Answer = Result<u32, Panic>;
}

impl Handles<Act> for Owner {
    fn handle(&mut self, act: Act, reply: Reply<Result<u32, Panic>>, _: &mut Context<'_, Self>) {
        let Some(part) = &self.part else { return };
        let task = &mut TaskContext::from_waker(Waker::noop());
        let outcome = part.guard(task, |_| match act {
            Act::Add(a, b) => a + b,
            Act::Panic => panic!("the part was told to panic"),
            Act::AtMessage => {
                part.at_message();
                0
            }
            Act::Fail => 0,
        });
        if let Act::Fail = act {
            part.crashed(ExitReason::Failed(Failure::new("as told")));
        }
        reply.send(outcome);
    }
}

/// Keep the right to answer.
struct Keep;

/// Drop all that was kept, as what is left of an incarnation that ended like this.
struct Clear(ExitReason);

impl Message for Keep {
    type Answer = ();
}

impl Message for Clear {
    type Answer = ();
}

impl Handles<Keep> for Owner {
    fn handle(&mut self, _: Keep, reply: Reply<()>, _: &mut Context<'_, Self>) {
        self.kept.push(reply);
    }
}

impl Handles<Clear> for Owner {
    fn handle(&mut self, Clear(reason): Clear, reply: Reply<()>, _: &mut Context<'_, Self>) {
        if let Some(part) = &self.part {
            let kept = std::mem::take(&mut self.kept);
            part.clear(&reason, || drop(kept)).expect("replies do not panic");
        }
        reply.send(());
    }
}

fn owner() -> Leaf<Owner> {
    ChildSpec::leaf("owner", || Owner { part: None, kept: Vec::new() })
}

async fn start(u: &Universe) -> Address<Owner> {
    let (spec, address) = owner().build();
    u.start(u.tree(PLAIN).child(spec)).await;
    address
}

async fn act(owner: &Address<Owner>, act: Act) -> Result<u32, Panic> {
    owner.ask(act, seconds(60)).await.expect("the owner is well")
}

#[test]
fn a_part_is_shown_below_its_actor() {
    run(|u: Universe| async move {
        start(&u).await;
        let part = u.view("tree/owner/part").expect("it is there");
        assert_eq!((part.kind, part.state), (Kind::Leaf, Status::Running));
        assert_eq!((part.generation, part.restarts, part.mailbox), (1, 0, 0));
        assert!(part.last_exit.is_none());
    });
}

#[test]
fn what_a_part_does_is_guarded() {
    run(|u: Universe| async move {
        let owner = start(&u).await;
        assert_eq!(act(&owner, Act::Add(2, 3)).await, Ok(5));
        let panic = act(&owner, Act::Panic).await.expect_err("it panicked");
        assert_eq!(&*panic.text, "the part was told to panic");
        assert!(panic.place.contains("parts.rs:"), "{}", panic.place);
        // Who owns it decides what follows.
        let part = u.view("tree/owner/part").expect("it is there");
        assert_eq!((part.state, part.generation), (Status::Running, 1));
        assert_eq!(u.view("tree/owner").map(|owner| owner.generation), Some(1));
    });
}

#[test]
fn a_part_that_crashes_begins_again_and_its_actor_lives_on() {
    run(|u: Universe| async move {
        start(&u).await;
        let part = u.runtime.registry().find("root/tree/owner/part").expect("it is there");
        for generation in 2..5 {
            part.inject_panic();
            let reason = u.exited("tree/owner/part").await;
            assert!(reason.to_string().contains(INJECTED), "{reason}");
            assert_eq!(u.started("tree/owner/part").await, generation);
        }
        let view = u.view("tree/owner/part").expect("it is there");
        assert_eq!((view.state, view.restarts), (Status::Running, 3));
        assert_eq!(view.last_exit.map(|exit| exit.generation), Some(3));
        assert_eq!(u.view("tree/owner").map(|owner| owner.generation), Some(1));
    });
}

#[test]
fn a_failure_of_a_part_is_shown_until_it_begins_again() {
    run(|u: Universe| async move {
        let owner = start(&u).await;
        act(&owner, Act::Fail).await.expect("it does not panic");
        assert_eq!(u.exited("tree/owner/part").await.to_string(), "failed: as told");
        let view = u.view("tree/owner/part").expect("it is kept");
        assert_eq!((view.state, view.generation), (Status::Ended, 1));
    });
}

#[test]
fn a_part_panics_over_the_message_that_a_test_chose() {
    run(|u: Universe| async move {
        let owner = start(&u).await;
        let part = u.runtime.registry().find("root/tree/owner/part").expect("it is there");
        part.inject_panic_at_nth_message(2);
        assert_eq!(act(&owner, Act::AtMessage).await, Ok(0));
        let panic = act(&owner, Act::AtMessage).await.expect_err("it panicked");
        assert_eq!(&*panic.text, INJECTED);
        assert_eq!(act(&owner, Act::AtMessage).await, Ok(0));
    });
}

#[test]
fn a_part_takes_as_many_messages_as_it_has_room_for() {
    run(|u: Universe| async move {
        start(&u).await;
        let part = u.runtime.registry().find("root/tree/owner/part").expect("it is there");
        let first = part.admit().expect("room");
        let second = part.admit().expect("room");
        assert!(part.admit().is_none());
        assert_eq!(part.waiting(), 2);
        assert_eq!(u.view("tree/owner/part").map(|part| part.mailbox), Some(2));
        drop(first);
        let third = part.admit().expect("room again");
        drop((second, third));
        assert_eq!(part.waiting(), 0);
    });
}

#[test]
fn who_waits_for_what_a_part_left_behind_is_told_why_there_is_no_answer() {
    run(|u: Universe| async move {
        let owner = start(&u).await;
        let failed = ExitReason::Failed(Failure::new("as told"));
        for (reason, told) in [
            (failed, AskError::Crashed),
            (ExitReason::Killed, AskError::Stopped),
            (ExitReason::Normal, AskError::Stopped),
        ] {
            let kept = owner.ask(Keep, seconds(60));
            owner.ask(Clear(reason), seconds(60)).await.expect("the owner is well");
            assert_eq!(kept.await, Err(told));
        }
    });
}

#[test]
fn a_part_leaves_the_tree_with_its_actor_however_that_ends() {
    run(|u: Universe| async move {
        let owner = start(&u).await;
        owner.node().inject_panic();
        u.saw("tree/owner/part", "removed").await;
        assert!(u.view("tree/owner/part").is_none());
        // The next incarnation of the actor has a part of its own, which is new.
        assert_eq!(u.started("tree/owner/part").await, 1);
        assert_eq!(u.started("tree/owner").await, 2);
        u.root.remove_child(&"tree".into());
        u.saw("tree/owner/part", "removed").await;
        u.saw("tree", "removed").await;
        assert!(u.view("tree/owner/part").is_none());
    });
}

#[test]
fn a_part_outside_the_tree_is_guarded_and_nobody_is_told() {
    let (_spec, stranger) = owner().build();
    let part = Part::new(stranger.node(), "part", 1);
    let task = &mut TaskContext::from_waker(Waker::noop());
    assert_eq!(part.guard(task, |_| 5), Ok(5));
    let panic = part.guard(task, |_| panic!("all the same")).expect_err("it panicked");
    assert_eq!(&*panic.text, "all the same");
    part.crashed(ExitReason::Panicked(panic));
    part.begin();
    assert_eq!(part.node().generation(), 2);
    assert_eq!(part.node().path(), "part");
}

/// Which node the watchdog names when the one at `path` blocks worker 0.
fn named_by_the_watchdog(path: &'static str) {
    run_with_workers(1, move |u: Universe| async move {
        let (spec, _address) = owner().on(Placement::Worker(0)).build();
        u.start(u.tree(PLAIN).child(spec)).await;
        let culprit = u.runtime.registry().find(path).expect("it is there");
        culprit.inject_block(millis(900));
        let stuck = u.event(|event| event.what.name() == "worker_stuck").await;
        assert_eq!(stuck.node.path(), path);
        assert!(matches!(stuck.what, Lifecycle::WorkerStuck { worker: Some(0), .. }));
        u.event(|event| event.what.name() == "worker_back").await;
    });
}

#[test]
fn the_watchdog_names_the_part_that_blocks() {
    named_by_the_watchdog("root/tree/owner/part");
}

#[test]
fn the_watchdog_names_the_actor_where_it_is_not_the_part_that_blocks() {
    named_by_the_watchdog("root/tree/owner");
}
