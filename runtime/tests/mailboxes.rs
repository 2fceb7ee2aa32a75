//! Mailboxes are bounded, outlive a crash, and are read in fair turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use trunkline_runtime::{
    Actor, AskError, Backoff, ChildSpec, Context, Flags, Handles, Message, Reply, Restart,
    SendError, Shutdown, Strategy,
};

use crate::harness::faults::crash_on_nth::{Step, crash_on_nth};
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, run, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

#[test]
fn a_full_mailbox_says_so_and_hands_the_message_back() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").mailbox(2).build();
        // It takes mail before it has started, up to its bound.
        address.tell(Order::Report);
        address.tell(Order::Report);
        let refused = address.send(Order::Finish);
        assert_eq!(refused, Err(SendError::Full(Order::Finish)));
        let asked = address.order(Order::Report).await;
        assert_eq!(asked, Err(AskError::Full));
        u.start(u.tree(PLAIN).child(child)).await;
        let answer = address.order(Order::Report).await.expect("room again");
        assert_eq!(answer.nth, 3);
    });
}

#[test]
fn clones_of_an_address_add_no_room() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").mailbox(4).build();
        let taken = (0..100).filter(|_| address.clone().send(Order::Report).is_ok()).count();
        assert_eq!(taken, 4);
        drop(child);
    });
}

#[test]
fn an_actor_that_has_ended_says_so() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").restart(Restart::Temporary).build();
        u.start(u.tree(PLAIN).child(child)).await;
        address.tell(Order::Finish);
        u.saw("tree/child", "removed").await;
        u.settle().await;
        let refused = address.send(Order::Report);
        assert_eq!(refused, Err(SendError::Stopped(Order::Report)));
        let asked = address.order(Order::Report).await;
        assert_eq!(asked, Err(AskError::Stopped));
    });
}

#[test]
fn an_address_whose_child_was_never_started_is_closed() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        let asked = address.order(Order::Report);
        drop(child);
        assert_eq!(asked.await, Err(AskError::Stopped));
        assert!(!address.is_open());
        u.settle().await;
    });
}

#[test]
fn queued_mail_survives_a_restart_and_the_message_that_crashed_does_not() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        let before = address.order(Order::Report);
        let crashed = address.order(Order::Panic);
        let first = address.order(Order::Report);
        let second = address.order(Order::Report);
        assert_eq!(before.await.map(|answer| answer.generation), Ok(1));
        assert_eq!(crashed.await, Err(AskError::Crashed));
        for (asked, nth) in [(first, 1), (second, 2)] {
            let answer = asked.await.expect("the next incarnation answers");
            assert_eq!((answer.generation, answer.nth), (2, nth));
        }
    });
}

#[test]
fn mail_that_comes_during_the_rest_is_answered_after_it() {
    run(|u: Universe| async move {
        let flags = PLAIN.backoff(Backoff::new(seconds(10), seconds(10), seconds(60)));
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags).child(child)).await;
        address.tell(Order::Panic);
        u.restarting("tree/child").await;
        assert!(address.is_open());
        let answer = address.order(Order::Report).await.expect("it waits");
        assert_eq!(answer.generation, 2);
    });
}

#[test]
fn a_bound_counts_the_mail_that_waits_through_a_rest() {
    run(|u: Universe| async move {
        let flags = PLAIN.backoff(Backoff::new(seconds(10), seconds(10), seconds(60)));
        let (child, address) = u.good("child").mailbox(3).build();
        u.start(u.tree(flags).child(child)).await;
        address.tell(Order::Panic);
        u.restarting("tree/child").await;
        let taken = (0..10).filter(|_| address.send(Order::Report).is_ok());
        assert_eq!(taken.count(), 3);
        assert_eq!(u.view("tree/child").map(|child| child.mailbox), Some(3));
        u.started("tree/child").await;
        u.settle().await;
        assert_eq!(u.view("tree/child").map(|child| child.mailbox), Some(0));
    });
}

#[test]
fn a_message_that_crashes_every_nth_time_costs_only_itself() {
    run(|u: Universe| async move {
        let flags = PLAIN.intensity(1_000, seconds(1));
        let (child, address) = crash_on_nth("child", 3).build();
        u.start(u.tree(flags).child(child)).await;
        let asked: Vec<_> = (0..30).map(|_| address.ask(Step, seconds(600))).collect();
        for (nth, asked) in asked.into_iter().enumerate() {
            let expected = match nth % 3 {
                0 => Ok(2),
                1 => Ok(1),
                _ => Err(AskError::Crashed),
            };
            assert_eq!(asked.await, expected, "message {nth}");
        }
    });
}

/// Counts what it handles, and how far another had come by then.
struct Counter {
    own: Arc<AtomicU32>,
}

#[derive(Debug)]
struct Tick;

impl Message for Tick {
    type Answer = ();
}

impl Actor for Counter {}

impl Handles<Tick> for Counter {
    fn handle(&mut self, _: Tick, reply: Reply<()>, _: &mut Context<'_, Self>) {
        self.own.fetch_add(1, Ordering::Relaxed);
        reply.send(());
    }
}

#[test]
fn a_full_mailbox_does_not_keep_a_neighbour_from_its_turn() {
    run(|u: Universe| async move {
        let count = Arc::<AtomicU32>::default();
        let own = Arc::clone(&count);
        let busy = move || Counter { own: Arc::clone(&own) };
        let busy = ChildSpec::leaf("busy", busy).mailbox(20_000).shutdown(Shutdown::Kill);
        let (busy, to_busy) = busy.build();
        let (neighbour, to_neighbour) = u.good("neighbour").build();
        u.start(u.tree(PLAIN).child(busy).child(neighbour)).await;
        for _ in 0..20_000 {
            to_busy.send(Tick).expect("there is room");
        }
        to_neighbour.order(Order::Report).await.expect("it is well");
        let handled = count.load(Ordering::Relaxed);
        assert!(handled <= 1_000, "the neighbour waited for {handled}");
        to_busy.ask(Tick, seconds(1)).await.expect("all are handled");
        assert_eq!(count.load(Ordering::Relaxed), 20_001);
    });
}
