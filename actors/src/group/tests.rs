use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::*;
use crate::slots::Slots;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Line(u32);

impl Message for Line {
    type Answer = ();
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn join(group: &Group<Line>, slots: &Arc<Slots<Line>>) -> Membership {
    group.join(slots.recipient()).unwrap()
}

#[test]
fn everybody_with_room_has_it_and_the_slow_one_misses_it() {
    let group = Group::new("room");
    let (quick, slow) = (Slots::closable("quick", 9), Slots::closable("slow", 1));
    let _members = [join(&group, &quick), join(&group, &slow)];
    assert_eq!(
        group.broadcast(Line(1), Slow::Drop),
        Delivery { delivered: 2, ..Delivery::default() }
    );
    let told = group.broadcast(Line(2), Slow::Drop);
    assert_eq!(told, Delivery { delivered: 1, dropped: 1, ..Delivery::default() });
    assert_eq!(quick.messages(), [Line(1), Line(2)]);
    assert_eq!(slow.messages(), [Line(1)]);
    assert_eq!(group.members(), 2);
}

#[test]
fn a_slow_member_is_disconnected_where_that_is_possible_and_else_misses_it() {
    let group = Group::new("room");
    let (connection, actor) = (Slots::closable("connection", 0), Slots::new("actor", 0));
    let _members = [join(&group, &connection), join(&group, &actor)];
    let told = group.broadcast(Line(1), Slow::Disconnect);
    assert_eq!(told, Delivery { dropped: 1, disconnected: 1, ..Delivery::default() });
    let told = group.broadcast(Line(2), Slow::Disconnect);
    assert_eq!(told, Delivery { dropped: 1, ..Delivery::default() }, "it is no member any more");
    let detail = group.detail();
    assert_eq!((&detail["dropped"], &detail["disconnected"]), (&json!(2), &json!(1)));
}

#[test]
fn a_member_that_is_gone_leaves_the_table_and_a_parked_one_stays() {
    let group = Group::new("room");
    let (gone, parked) = (Slots::new("gone", 9), Slots::new("parked", 9));
    let _members = [join(&group, &gone), join(&group, &parked)];
    gone.end();
    parked.park(true);
    assert_eq!(group.broadcast(Line(1), Slow::Drop).gone, 2);
    assert_eq!(group.members(), 1);
    parked.park(false);
    assert_eq!(group.broadcast(Line(2), Slow::Drop).delivered, 1);
}

#[test]
fn whoever_drops_the_guard_is_no_member_and_the_guard_outlives_the_group() {
    let group = Group::new("room");
    let slots = Slots::new("one", 9);
    drop(join(&group, &slots));
    assert_eq!(group.broadcast(Line(1), Slow::Drop), Delivery::default());
    let member = join(&group, &slots);
    drop(group);
    drop(member);
}

#[test]
fn all_but_the_sender_have_it() {
    let group = Group::new("room");
    let (sender, other) = (Slots::new("sender", 9), Slots::new("other", 9));
    let _members = [join(&group, &sender), join(&group, &other)];
    assert_eq!(
        group.exclude(sender.recipient().node()).broadcast(Line(1), Slow::Drop).delivered,
        1
    );
    assert_eq!(sender.messages(), []);
    assert_eq!(other.messages(), [Line(1)]);
}

#[test]
fn a_group_with_a_limit_refuses_unless_somebody_has_gone() {
    let group = Group::limited("room\n", 1);
    let (first, second) = (Slots::new("first", 9), Slots::new("second", 9));
    let _first = join(&group, &first);
    let refused = group.join(second.recipient()).unwrap_err();
    let wanted = "group \"room\\n\" has its 1 members; wait until one leaves, or raise its limit";
    assert_eq!(refused.to_string(), wanted);
    first.park(true);
    assert!(group.join(second.recipient()).is_err(), "it may come back");
    first.end();
    let _second = join(&group, &second);
    assert_eq!(group.detail()["limit"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_member_is_waited_for_while_the_others_have_it_already() {
    let group = Group::new("room");
    let (quick, slow) = (Slots::new("quick", 9), Slots::new("slow", 1));
    let _members = [join(&group, &quick), join(&group, &slow)];
    group.broadcast(Line(1), Slow::Drop);
    let before = Instant::now();
    let wait = group.broadcast_wait(Line(2), millis(1000));
    assert_eq!(quick.messages(), [Line(1), Line(2)], "before it is polled");
    let room = async {
        tokio::time::sleep(millis(205)).await;
        assert_eq!(slow.messages(), [Line(1)]);
    };
    let (told, ()) = tokio::join!(wait, room);
    assert_eq!(told, Delivery { delivered: 2, ..Delivery::default() });
    assert_eq!(slow.messages(), [Line(2)]);
    assert!((millis(205)..=millis(220)).contains(&before.elapsed()), "{:?}", before.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_is_still_slow_when_time_is_up_misses_it() {
    let group = Group::new("room");
    let (slow, ends) = (Slots::new("slow", 0), Slots::new("ends", 0));
    let _members = [join(&group, &slow), join(&group, &ends)];
    let before = Instant::now();
    let wait = group.exclude(slow.recipient().node()).broadcast_wait(Line(0), millis(0));
    assert_eq!(wait.await, Delivery { dropped: 1, ..Delivery::default() });
    assert_eq!(before.elapsed(), millis(0));
    let wait = group.broadcast_wait(Line(1), millis(95));
    ends.end();
    assert_eq!(wait.await, Delivery { dropped: 1, gone: 1, ..Delivery::default() });
    assert!((millis(95)..=millis(105)).contains(&before.elapsed()), "{:?}", before.elapsed());
    assert_eq!(group.members(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_given_up_is_counted_and_delivers_nothing_more() {
    let group = Group::new("room");
    let slow = Slots::new("slow", 0);
    let _member = join(&group, &slow);
    let wait = group.broadcast_wait(Line(1), millis(1000));
    assert!(tokio::time::timeout(millis(50), wait).await.is_err());
    assert_eq!(group.detail()["dropped"], 1);
}

/// Prints what ten thousand members cost.
#[test]
fn ten_thousand_members_join_hear_and_leave_without_delay() {
    let group = Group::new("room");
    let all: Vec<_> = (0..10_000).map(|id| Slots::new(&id.to_string(), 1)).collect();
    let start = std::time::Instant::now();
    let members: Vec<_> = all.iter().map(|slots| join(&group, slots)).collect();
    let joined = start.elapsed();
    assert_eq!(group.broadcast(Line(1), Slow::Drop).delivered, 10_000);
    let told = start.elapsed() - joined;
    assert_eq!(group.broadcast(Line(2), Slow::Drop).dropped, 10_000);
    drop(members);
    println!("joined in {joined:?}, told in {told:?}, all in {:?}", start.elapsed());
    assert_eq!(group.members(), 0);
    assert!(start.elapsed() < Duration::from_secs(5), "quadratic?");
}

#[test]
fn each_callers_lines_keep_their_order_while_others_come_and_go() {
    const LINES: u32 = 400;
    let group = Group::new("room");
    let stays = Slots::new("stays", usize::MAX);
    let _member = join(&group, &stays);
    std::thread::scope(|scope| {
        for caller in 0..3 {
            let group = group.clone();
            scope.spawn(move || {
                for line in 0..LINES {
                    group.broadcast(Line(caller * LINES + line), Slow::Disconnect);
                }
            });
        }
        for _ in 0..2 {
            let group = group.clone();
            scope.spawn(move || {
                for _ in 0..LINES {
                    let passes = Slots::closable("passes", 2);
                    drop([join(&group, &passes), join(&group, &passes)]);
                }
            });
        }
    });
    let heard = stays.messages();
    assert_eq!(heard.len() as u32, 3 * LINES);
    for caller in 0..3 {
        let mut of_caller = heard.iter().filter(|line| line.0 / LINES == caller);
        assert!((0..LINES).all(|line| of_caller.next() == Some(&Line(caller * LINES + line))));
    }
    assert_eq!(group.members(), 1);
    let totals = group.inner.totals.get();
    assert!(totals.delivered >= u64::from(3 * LINES), "{totals:?}");
}

#[derive(Debug, Clone)]
enum Step {
    Tell(Slow),
    Wait,
    Take(usize),
    Leave(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Tell(Slow::Drop)),
        1 => Just(Step::Tell(Slow::Disconnect)),
        2 => Just(Step::Wait),
        4 => (0..6usize).prop_map(Step::Take),
        1 => (0..6usize).prop_map(Step::Leave),
    ]
}

proptest! {
    /// Every member has what it has in the order of sending, and every copy is accounted for.
    #[test]
    fn members_hear_in_order_and_every_copy_is_counted(
        steps in prop::collection::vec(step(), 0..80),
        sizes in prop::array::uniform6(0..4usize),
    ) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().unwrap().block_on(async {
            let group = Group::new("room");
            let all = sizes.map(|slots| Slots::closable("member", slots));
            let mut members: Vec<_> = all.iter().map(|slots| Some(join(&group, slots))).collect();
            let mut heard = vec![Vec::new(); all.len()];
            let mut sum = Delivery::default();
            for (number, step) in (0..).zip(steps) {
                let present = group.members() as u64;
                let told = match step {
                    Step::Tell(slow) => group.broadcast(Line(number), slow),
                    Step::Wait => group.broadcast_wait(Line(number), millis(30)).await,
                    Step::Take(which) => {
                        heard[which].extend(all[which].messages());
                        continue;
                    }
                    Step::Leave(which) => {
                        members[which] = None;
                        continue;
                    }
                };
                prop_assert_eq!(told.delivered + told.dropped + told.disconnected + told.gone, present);
                sum.delivered += told.delivered;
                sum.dropped += told.dropped;
                sum.disconnected += told.disconnected;
                sum.gone += told.gone;
            }
            for (heard, slots) in heard.iter_mut().zip(&all) {
                heard.extend(slots.messages());
                prop_assert!(heard.is_sorted_by(|one, next| one.0 < next.0), "{:?}", heard);
            }
            prop_assert_eq!(heard.iter().map(Vec::len).sum::<usize>() as u64, sum.delivered);
            prop_assert_eq!(group.inner.totals.get(), sum);
            Ok(())
        })?;
    }
}
