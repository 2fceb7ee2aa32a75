//! Nobody starves: neither the peer nor other actors, nor the neighbours on the thread.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::task::Poll;

use trunkline_runtime::{Actor, ChildSpec, Context, Failure};

use super::rig::{Note, Rig};

/// Where a line that begins like this stands in the journal.
fn place(written: &[String], line: &str) -> usize {
    written.iter().position(|written| written == line).expect("it was written")
}

#[test]
fn a_flood_of_the_peer_and_one_of_other_actors_take_turns() {
    let rig = Rig::default().with(|limits| limits.inbox = 100);
    rig.connect().run(async |peer| {
        peer.connection().send(Note("sleep 1")).unwrap();
        peer.settle().await;
        for _ in 0..50 {
            peer.connection().send(Note("quiet")).unwrap();
        }
        peer.send("quiet\n".repeat(50) + "a\n").await;
        peer.expect("a 101\n").await;
    });
    let written = rig.journal.take();
    let both: Vec<_> = written[4..104].iter().map(|line| line.as_str()).collect();
    for pair in both.chunks(2) {
        assert!(pair.contains(&"receive quiet") && pair.contains(&"message quiet"), "{both:?}");
    }
}

#[test]
fn a_message_of_another_actor_passes_a_flood_of_the_peer() {
    let rig = Rig::default();
    rig.connect().window(8192).run(async |peer| {
        peer.send("sleep 1\n".to_owned() + &"quiet\n".repeat(1000)).await;
        peer.settle().await;
        peer.connection().send(Note("between")).unwrap();
        peer.send("last\n").await;
        peer.expect("between ").await;
    });
    let written = rig.journal.take();
    assert!(place(&written, "receive between") < 8, "{}", place(&written, "receive between"));
}

#[test]
fn a_message_of_the_peer_passes_a_flood_of_other_actors() {
    let rig = Rig::default().with(|limits| limits.inbox = 1000);
    rig.connect().run(async |peer| {
        peer.connection().send(Note("sleep 1")).unwrap();
        peer.settle().await;
        for _ in 0..900 {
            peer.connection().send(Note("quiet")).unwrap();
        }
        peer.send("between\n").await;
        peer.expect("between ").await;
    });
    let written = rig.journal.take();
    assert!(place(&written, "message between") < 8, "{}", place(&written, "message between"));
}

/// Counts how often the thread comes round to it.
struct Neighbour {
    turns: Arc<AtomicU32>,
    over: Arc<AtomicBool>,
}

impl Actor for Neighbour {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let (turns, over) = (Arc::clone(&self.turns), Arc::clone(&self.over));
        let count = poll_fn(move |task| {
            turns.fetch_add(1, Relaxed);
            if over.load(Relaxed) {
                return Poll::Ready(());
            }
            // Not tokio's `yield_now`, which waits until all others do.
            task.waker().wake_by_ref();
            Poll::Pending
        });
        cx.pipe(count, |_, (), _| {});
        Ok(())
    }
}

/// How often a neighbour has its turn while `messages` are handled that wait already.
fn turns_beside(messages: &'static str, last: &'static str) -> u32 {
    let (turns, over) = (Arc::<AtomicU32>::default(), Arc::<AtomicBool>::default());
    let of_neighbour = (Arc::clone(&turns), Arc::clone(&over));
    let neighbour =
        move || Neighbour { turns: Arc::clone(&of_neighbour.0), over: Arc::clone(&of_neighbour.1) };
    let count = Arc::clone(&turns);
    let rig = Rig::default().with(|limits| limits.message = 1 << 20);
    let connection = rig.connect().child(ChildSpec::leaf("neighbour", neighbour));
    connection.window(1 << 20).run(async move |peer| {
        count.store(0, Relaxed);
        peer.send(messages).await;
        peer.expect(last).await;
        over.store(true, Relaxed);
    });
    turns.load(Relaxed)
}

#[test]
fn a_neighbour_on_the_thread_gets_its_turn_every_64_messages() {
    let messages: &'static str = String::leak("quiet\n".repeat(6400) + "a\n");
    let turns = turns_beside(messages, "a 6400\n");
    assert!((100..150).contains(&turns), "{turns}");
}

#[test]
fn a_neighbour_gets_its_turn_beside_a_hook_that_reads_on() {
    let messages: &'static str = String::leak("swallow 6400\n".to_owned() + &"x\n".repeat(6400));
    let turns = turns_beside(messages, "swallowed 6400\n");
    assert!(turns > 40, "{turns}");
}
