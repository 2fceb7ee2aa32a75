use std::collections::VecDeque;
use std::num::NonZeroUsize;

use proptest::prelude::*;

use super::*;

fn queue<W>(threads: usize, queue: usize) -> Queue<W> {
    Queue::new(BlockingLimits { threads: NonZeroUsize::new(threads).unwrap(), queue })
}

#[test]
fn what_waits_and_what_a_thread_comes_for_are_bounded_together() {
    let mut queue = queue(1, 1);
    queue.open();
    let (first, wanted) = queue.admit(1).unwrap();
    assert!(wanted);
    assert!(!queue.admit(2).unwrap().1, "the thread that comes for the first goes on to it");
    assert_eq!(queue.admit(3), Err((Refused::Full { running: 0, waiting: 2 }, 3)));
    let now = Instant::now();
    assert_eq!(queue.begin(now), Some((first, 1)));
    assert_eq!(queue.admit(4), Err((Refused::Full { running: 1, waiting: 1 }, 4)));
    queue.finish(first, true);
    assert!(queue.admit(5).is_ok());
    let counts = queue.counts(now);
    assert_eq!((counts.finished, counts.panicked, counts.refused), (1, 1, 2));
}

#[test]
fn the_longest_running_is_the_one_that_began_first() {
    let mut queue = queue(2, 2);
    queue.open();
    let began = Instant::now();
    let later = began + Duration::from_secs(1);
    queue.admit(()).unwrap();
    queue.admit(()).unwrap();
    let (first, ()) = queue.begin(began).unwrap();
    queue.begin(later).unwrap();
    let now = later + Duration::from_secs(1);
    assert_eq!(queue.counts(now).longest, Duration::from_secs(2));
    queue.finish(first, false);
    assert_eq!(queue.counts(now).longest, Duration::from_secs(1));
}

#[derive(Debug, Clone)]
enum Step {
    Admit,
    /// One of the threads on their way arrives.
    Arrive,
    /// The work of this number, of that which runs, is done, and its thread goes on.
    Finish(usize),
    GiveUp(usize),
    Pause,
    Open,
    Stop,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Admit),
        5 => Just(Step::Arrive),
        4 => any::<usize>().prop_map(Step::Finish),
        2 => any::<usize>().prop_map(Step::GiveUp),
        1 => Just(Step::Pause),
        2 => Just(Step::Open),
        1 => Just(Step::Stop),
    ]
}

/// The world around the queue: its threads, and what it should hold.
#[derive(Default)]
struct World {
    next: u64,
    coming: usize,
    open: bool,
    stopped: bool,
    waiting: VecDeque<(Ticket, u64)>,
    running: Vec<Ticket>,
}

impl World {
    /// What a thread does when it has a lock and no work.
    fn begin(&mut self, queue: &mut Queue<u64>, threads: usize) -> Result<(), TestCaseError> {
        let may = self.open && self.running.len() < threads;
        let expected = if may { self.waiting.pop_front() } else { None };
        let begun = queue.begin(Instant::now());
        prop_assert_eq!(begun, expected, "work begins in order, and what was given up never does");
        self.running.extend(begun.map(|(ticket, _)| ticket));
        Ok(())
    }

    fn step(
        &mut self,
        step: &Step,
        queue: &mut Queue<u64>,
        threads: usize,
        room: usize,
    ) -> Result<(), TestCaseError> {
        match *step {
            Step::Admit => {
                let work = self.next;
                self.next += 1;
                let (running, waiting) = (self.running.len(), self.waiting.len());
                match queue.admit(work) {
                    Ok((ticket, wanted)) => {
                        prop_assert!(!self.stopped && running + waiting < threads + room);
                        self.waiting.push_back((ticket, work));
                        self.coming += usize::from(wanted);
                    }
                    Err((Refused::Stopped, back)) => prop_assert!(self.stopped && back == work),
                    Err((Refused::Full { .. }, back)) => {
                        prop_assert!(running + waiting == threads + room && back == work);
                    }
                }
            }
            Step::Arrive if self.coming > 0 => {
                self.coming -= 1;
                self.begin(queue, threads)?;
            }
            Step::Finish(index) if !self.running.is_empty() => {
                let index = index % self.running.len();
                queue.finish(self.running.swap_remove(index), false);
                self.begin(queue, threads)?;
            }
            Step::GiveUp(index) if !self.waiting.is_empty() => {
                let index = index % self.waiting.len();
                let (ticket, work) = self.waiting.remove(index).unwrap();
                prop_assert_eq!(queue.give_up(ticket), Some(work));
            }
            Step::Pause if !self.stopped => {
                queue.pause();
                self.open = false;
            }
            Step::Open => {
                self.coming += queue.open();
                (self.open, self.stopped) = (true, false);
            }
            Step::Stop => {
                let back = self.waiting.drain(..).map(|(_, work)| work);
                prop_assert!(back.eq(queue.stop()), "all that has not begun is handed back");
                (self.open, self.stopped) = (false, true);
            }
            Step::Arrive | Step::Finish(_) | Step::GiveUp(_) | Step::Pause => {}
        }
        Ok(())
    }
}

proptest! {
    #[test]
    fn bounds_and_order_hold_and_no_work_is_left_without_a_thread(
        threads in 1..4_usize,
        room in 0..4_usize,
        steps in proptest::collection::vec(step(), 0..200),
    ) {
        let mut queue = queue(threads, room);
        let mut world = World::default();
        for step in &steps {
            world.step(step, &mut queue, threads, room)?;
            let counts = queue.counts(Instant::now());
            prop_assert_eq!(counts.running, world.running.len());
            prop_assert_eq!(counts.waiting, world.waiting.len());
            prop_assert!(counts.running <= threads);
            prop_assert!(counts.running + counts.waiting <= threads + room);
            if world.open {
                let wanted = (threads - counts.running).min(counts.waiting);
                prop_assert!(world.coming >= wanted, "{} come, {wanted} wanted", world.coming);
            }
        }
    }
}
