//! What becomes of a question: an answer, or an error that says why there is none.

use tokio::time::Instant;
use trunkline_runtime::{AskError, Backoff, Flags, Restart, Shutdown, Strategy};

use crate::harness::faults::never_stop::never_stop;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

/// A long rest, so that an error that comes at once does not come from the restart.
const SLOW: Flags = PLAIN.backoff(Backoff::new(seconds(30), seconds(30), seconds(60)));

#[test]
fn whoever_asked_the_message_that_crashed_learns_it_at_once() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(SLOW).child(child)).await;
        let before = Instant::now();
        assert_eq!(address.order(Order::Panic).await, Err(AskError::Crashed));
        assert!(before.elapsed() < millis(10));
    });
}

#[test]
fn an_answer_that_was_kept_for_later_is_lost_to_a_crash_at_once() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(SLOW).child(child)).await;
        for end in [Order::Panic, Order::Fail] {
            let kept = address.order(Order::Keep);
            let later = address.order(Order::AnswerAfter(seconds(5)));
            address.tell(end);
            let before = Instant::now();
            assert_eq!(kept.await, Err(AskError::Crashed), "{end:?}");
            assert_eq!(later.await, Err(AskError::Crashed), "{end:?}");
            assert!(before.elapsed() < millis(10));
            u.started("tree/child").await;
        }
    });
}

#[test]
fn an_answer_may_be_given_later() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        let first = address.order(Order::Keep);
        let second = address.order(Order::AnswerAfter(seconds(5)));
        let third = address.order(Order::AnswerKept);
        assert_eq!(third.await.map(|answer| answer.nth), Ok(3));
        assert_eq!(first.await.map(|answer| answer.nth), Ok(3));
        assert_eq!(second.await.map(|answer| answer.nth), Ok(2));
    });
}

#[test]
fn a_question_that_is_not_answered_in_time_ends_by_its_deadline() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        let before = Instant::now();
        let asked = address.ask(Order::Keep, millis(495)).await;
        assert_eq!(asked, Err(AskError::Deadline));
        let took = before.elapsed();
        assert!((millis(495)..=millis(512)).contains(&took), "{took:?}");
    });
}

#[test]
fn a_question_to_an_actor_that_rests_too_long_ends_by_its_deadline() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(SLOW).child(child)).await;
        address.tell(Order::Panic);
        u.restarting("tree/child").await;
        let asked = address.ask(Order::Report, seconds(1)).await;
        assert_eq!(asked, Err(AskError::Deadline));
    });
}

#[test]
fn a_question_that_the_actor_drops_is_unanswered() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        let asked = address.order(Order::Ignore).await;
        assert_eq!(asked, Err(AskError::Unanswered));
    });
}

#[test]
fn an_answer_that_was_kept_by_an_actor_that_ends_normally_says_stopped() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").restart(Restart::Transient).build();
        u.start(u.tree(PLAIN).child(child)).await;
        let kept = address.order(Order::Keep);
        address.tell(Order::Finish);
        assert_eq!(kept.await, Err(AskError::Stopped));
    });
}

#[test]
fn questions_still_queued_at_a_child_that_is_removed_say_stopped() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        let tree = u.start(u.tree(SLOW).child(child)).await;
        address.tell(Order::Panic);
        u.restarting("tree/child").await;
        let queued = address.order(Order::Report);
        tree.remove_child(&"child".into());
        let before = Instant::now();
        assert_eq!(queued.await, Err(AskError::Stopped));
        assert!(before.elapsed() < millis(10));
    });
}

#[test]
fn a_kill_fails_the_questions_at_once() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").shutdown(Shutdown::Kill).build();
        let tree = u.start(u.tree(PLAIN).child(child)).await;
        let kept = address.order(Order::Keep);
        u.settle().await;
        tree.remove_child(&"child".into());
        assert_eq!(kept.await, Err(AskError::Stopped));
    });
}

#[test]
fn an_actor_that_was_asked_to_stop_and_waits_goes_on_receiving() {
    run(|u: Universe| async move {
        let stubborn = never_stop("stubborn", &u.journal);
        let (stubborn, address) = stubborn.shutdown(Shutdown::Grace(seconds(9))).build();
        let tree = u.start(u.tree(PLAIN).child(stubborn)).await;
        tree.remove_child(&"stubborn".into());
        u.settle().await;
        assert_eq!(u.journal.lines(), ["asked"]);
        assert!(address.is_open());
    });
}

#[test]
fn dropping_the_question_only_drops_the_interest_in_the_answer() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        drop(address.order(Order::Report));
        let answer = address.order(Order::Report).await.expect("it is well");
        assert_eq!(answer.nth, 2, "the first was handled all the same");
    });
}
