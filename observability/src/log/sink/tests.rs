use std::io::ErrorKind;
use std::time::Instant;

use super::*;
use crate::log::lane::ROOM;
use crate::log::testing::{Answers, Gate, LONG, Shown, start};

fn say(sink: &Sink, line: &str) {
    sink.line(|out| {
        out.extend_from_slice(line.as_bytes());
        out.push(b'\n');
    });
}

fn on_a_thread(say: impl FnOnce() + Send + 'static) {
    thread::Builder::new().spawn(say).unwrap().join().unwrap();
}

#[test]
fn a_lone_line_needs_nothing_else_to_be_written() {
    let shown = Shown::default();
    let (sink, _running) = start(shown.clone());
    for number in 0..300 {
        let line = format!("line {number}");
        say(&sink, &line);
        shown.wait_for(|text| text.ends_with(&format!("{line}\n")));
    }
}

#[test]
fn lines_of_a_thread_stay_whole_and_in_order() {
    const LINES: usize = 5_000;
    let shown = Shown::default();
    let (sink, running) = start(shown.clone());
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let sink = sink.clone();
            let work = move || {
                for number in 0..LINES {
                    say(&sink, &format!("{thread} {number}"));
                }
            };
            thread::Builder::new().spawn(work).unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(running.dropped_lines(), 0);
    drop(running);
    let mut next = [0; 4];
    for line in shown.text().lines() {
        let (thread, number) = line.split_once(' ').unwrap();
        let next = &mut next[thread.parse::<usize>().unwrap()];
        assert_eq!(number.parse(), Ok(*next));
        *next += 1;
    }
    assert_eq!(next, [LINES; 4]);
}

#[test]
fn a_thread_that_ends_leaves_its_lines_and_then_its_lane_is_forgotten() {
    let (sink, running) = start(io::sink());
    drop(running);
    let of_thread = sink.clone();
    on_a_thread(move || say(&of_thread, "last words"));
    let mut lanes = Vec::new();
    sink.shared.lanes(&mut lanes);
    let mut left = Vec::new();
    lanes.pop().unwrap().swap(&mut left);
    assert_eq!(left, b"last words\n");
    lanes.clear();
    sink.shared.lanes(&mut lanes);
    assert!(lanes.is_empty());
}

#[test]
fn threads_that_come_and_go_while_nobody_reads_do_not_pile_up() {
    let (sink, running) = start(io::sink());
    let shared = Arc::clone(&running.shared);
    drop(running);
    let held: Vec<_> = std::iter::from_fn(|| shared.new_lane()).collect();
    assert_eq!(held.len(), MOST_LANES);
    say(&sink, "no room");
    assert_eq!(shared.dropped.load(Ordering::Relaxed), 1);
    drop(held);
    shared.lanes(&mut Vec::new());
    say(&sink, "room");
    assert_eq!(shared.lanes.lock().len(), 1);
}

/// Logs when its thread's values are dropped.
struct Talkative(Sink);

impl Drop for Talkative {
    fn drop(&mut self) {
        say(&self.0, "from a destructor");
    }
}

thread_local! {
    static TALKATIVE: RefCell<Option<Talkative>> = const { RefCell::new(None) };
}

#[test]
fn a_line_from_a_destructor_of_an_ending_thread_is_written() {
    let shown = Shown::default();
    let (sink, _running) = start(shown.clone());
    on_a_thread(move || {
        // Made before the lane of the thread, it is dropped after it.
        TALKATIVE.set(Some(Talkative(sink.clone())));
        say(&sink, "from the thread");
    });
    shown.wait_for(|text| text == "from the thread\nfrom a destructor\n");
}

#[test]
fn two_sinks_on_one_thread_do_not_mix_their_lines() {
    let (one, other) = (Shown::default(), Shown::default());
    let ((sink, running), (second, second_running)) = (start(one.clone()), start(other.clone()));
    for number in 0..10 {
        say(&sink, &format!("one {number}"));
        say(&second, &format!("other {number}"));
    }
    drop((running, second_running));
    let lines = |name: &str| (0..10).map(|number| format!("{name} {number}\n")).collect::<String>();
    assert_eq!((one.text(), other.text()), (lines("one"), lines("other")));
}

#[test]
fn nobody_waits_for_a_reader_and_what_is_lost_is_counted() {
    let gate = Gate::default();
    let (sink, running) = start(gate.clone());
    let line = "x".repeat(1023);
    say(&sink, &line);
    gate.wait_until_somebody_waits();
    let sent = 1 + 3 * ROOM / 1024;
    for _ in 1..sent {
        say(&sink, &line);
    }
    let dropped = running.dropped_lines();
    assert!(dropped >= 2 * ROOM / 1024, "{dropped}");
    gate.open();
    drop(running);
    assert_eq!(gate.shown.text(), format!("{line}\n").repeat(sent - dropped));
}

#[test]
fn the_end_gives_up_where_nobody_reads() {
    let gate = Gate::default();
    let (sink, running) = start(gate.clone());
    say(&sink, "never read");
    let begun = Instant::now();
    drop(running);
    assert!(begun.elapsed() >= PATIENCE);
    // Ends the writer's thread.
    gate.open();
}

fn answering(answers: Vec<io::Result<usize>>) -> (Sink, Running, Shown, Receiver<()>) {
    let shown = Shown::default();
    let (last, answered) = sync_channel(1);
    let out = Answers { shown: shown.clone(), next: answers.into_iter(), last };
    let (sink, running) = start(out);
    (sink, running, shown, answered)
}

#[test]
fn what_cannot_be_written_is_counted_and_the_next_lines_are_written() {
    for answer in [Err(ErrorKind::BrokenPipe.into()), Err(ErrorKind::Other.into()), Ok(0)] {
        let (sink, running, shown, answered) = answering(vec![answer]);
        say(&sink, "lost");
        answered.recv_timeout(LONG).unwrap();
        say(&sink, "found");
        shown.wait_for(|text| text == "found\n");
        assert_eq!(running.dropped_lines(), 1);
    }
}

#[test]
fn a_line_that_was_torn_by_an_error_is_ended_before_the_next() {
    let (sink, running, shown, answered) =
        answering(vec![Ok(2), Err(ErrorKind::StorageFull.into())]);
    say(&sink, "torn");
    answered.recv_timeout(LONG).unwrap();
    say(&sink, "whole");
    shown.wait_for(|text| text == "to\nwhole\n");
    assert_eq!(running.dropped_lines(), 1);
}

#[test]
fn an_interruption_and_a_full_pipe_lose_nothing() {
    let (sink, running, shown, answered) = answering(vec![
        Err(ErrorKind::Interrupted.into()),
        Ok(3),
        Err(ErrorKind::WouldBlock.into()),
        Ok(2),
        Err(ErrorKind::WouldBlock.into()),
    ]);
    say(&sink, "in several parts");
    shown.wait_for(|text| text == "in several parts\n");
    answered.recv_timeout(LONG).unwrap();
    assert_eq!(running.dropped_lines(), 0);
}
