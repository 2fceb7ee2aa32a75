//! Coarse deadlines, and the timers of actors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use trunkline_runtime::{
    Actor, Address, ChildSpec, Context, Deadline, Flags, Handles, Message, Reply, Strategy, Timer,
};

use crate::harness::{Universe, millis, run, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

#[test]
fn deadlines_are_rounded_up_to_ten_milliseconds_and_come_in_their_order() {
    run(|_: Universe| async move {
        let start = Instant::now();
        let waits = [45, 1, 10, 999, 45, 0].map(|after| async move {
            Deadline::after(millis(after)).await;
            let late = start.elapsed().saturating_sub(millis(after));
            assert!(start.elapsed() >= millis(after), "{after} ms came early");
            assert!(late <= millis(11), "{after} ms came {late:?} late");
        });
        join_all(waits).await;
    });
}

#[test]
fn a_deadline_that_is_moved_comes_at_its_new_time() {
    run(|_: Universe| async move {
        let start = Instant::now();
        let mut later = Deadline::after(seconds(1));
        later.reset((start + seconds(5)).into_std());
        let mut sooner = Deadline::after(seconds(9));
        sooner.reset((start + seconds(2)).into_std());
        sooner.await;
        assert!((seconds(2)..=millis(2_011)).contains(&start.elapsed()));
        later.await;
        assert!((seconds(5)..=millis(5_011)).contains(&start.elapsed()));
    });
}

#[test]
fn a_deadline_that_came_can_be_moved_and_comes_again() {
    run(|_: Universe| async move {
        let start = Instant::now();
        let mut deadline = Deadline::after(seconds(1));
        (&mut deadline).await;
        deadline.reset((start + seconds(3)).into_std());
        deadline.await;
        assert!((seconds(3)..=millis(3_011)).contains(&start.elapsed()));
    });
}

#[test]
fn many_deadlines_that_are_dropped_leave_the_others_alone() {
    run(|_: Universe| async move {
        let start = Instant::now();
        let mut deadlines: Vec<_> =
            (0..1_000).map(|nth| Deadline::after(millis(nth % 7 * 10))).collect();
        for nth in (0..1_000).rev().step_by(3) {
            drop(deadlines.swap_remove(nth));
        }
        join_all(deadlines).await;
        assert!((millis(60)..=millis(71)).contains(&start.elapsed()));
    });
}

#[derive(Default)]
struct Ticking {
    ticks: Arc<AtomicU32>,
    timer: Option<Timer>,
}

impl Actor for Ticking {}

#[derive(Debug)]
enum Clockwork {
    Every(Duration),
    After(Duration),
    Cancel,
    Tick,
}

impl Message for Clockwork {
    type Answer = ();
}

impl Handles<Clockwork> for Ticking {
    fn handle(&mut self, message: Clockwork, reply: Reply<()>, cx: &mut Context<'_, Self>) {
        match message {
            Clockwork::Every(period) => {
                self.timer = Some(cx.every(period, |ticking, _| ticking.tick()));
            }
            Clockwork::After(time) => self.timer = Some(cx.after(time, Clockwork::Tick)),
            Clockwork::Cancel => self.timer = None,
            Clockwork::Tick => self.tick(),
        }
        reply.send(());
    }
}

impl Ticking {
    fn tick(&self) {
        self.ticks.fetch_add(1, Ordering::Relaxed);
    }
}

async fn ticking(u: &Universe) -> (Address<Ticking>, Arc<AtomicU32>) {
    let ticks = Arc::<AtomicU32>::default();
    let shared = Arc::clone(&ticks);
    let child =
        ChildSpec::leaf("child", move || Ticking { ticks: Arc::clone(&shared), timer: None });
    let (child, address) = child.build();
    u.start(u.tree(PLAIN).child(child)).await;
    (address, ticks)
}

#[test]
fn a_timer_fires_every_period_until_its_guard_is_dropped() {
    run(|u: Universe| async move {
        let (address, ticks) = ticking(&u).await;
        address.send(Clockwork::Every(seconds(1))).expect("room");
        u.pass(millis(3_500)).await;
        assert_eq!(ticks.load(Ordering::Relaxed), 3);
        address.send(Clockwork::Cancel).expect("room");
        u.pass(seconds(60)).await;
        assert_eq!(ticks.load(Ordering::Relaxed), 3);
    });
}

#[test]
fn a_message_to_itself_comes_once_and_not_after_its_guard_is_dropped() {
    run(|u: Universe| async move {
        let (address, ticks) = ticking(&u).await;
        address.send(Clockwork::After(seconds(1))).expect("room");
        u.pass(seconds(60)).await;
        assert_eq!(ticks.load(Ordering::Relaxed), 1);
        address.send(Clockwork::After(seconds(1))).expect("room");
        address.send(Clockwork::Cancel).expect("room");
        u.pass(seconds(60)).await;
        assert_eq!(ticks.load(Ordering::Relaxed), 1);
    });
}

#[test]
fn the_timers_of_an_incarnation_end_with_it() {
    run(|u: Universe| async move {
        let (address, ticks) = ticking(&u).await;
        address.send(Clockwork::Every(seconds(1))).expect("room");
        u.pass(millis(1_500)).await;
        address.node().inject_panic();
        u.started("tree/child").await;
        u.pass(seconds(60)).await;
        assert_eq!(ticks.load(Ordering::Relaxed), 1);
    });
}
