//! The table of requests, against a model that knows only what has become of each.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const BOUNDS: Bounds = Bounds { queue: 4, in_flight: 3 };
const SECOND: Duration = Duration::from_secs(1);

/// Requests are their own askers.
type Id = u64;

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Waiting {
        was_sent: bool,
    },
    /// `wanted`: somebody waits for the answer.
    Flying {
        wanted: bool,
    },
    Over,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    deadline: Instant,
    /// Its deadline has come, and was heeded.
    heeded: bool,
    repeat: bool,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Admit {
        within: u32,
        repeat: bool,
    },
    Next,
    /// Taken to be sent, and never sent.
    Unsent {
        given_up: bool,
    },
    Expire,
    AnswerNext,
    Answer(Id),
    GiveUp(Id),
    Crash {
        id: Id,
        was_sent: bool,
    },
    CrashAny,
    Broke,
    Advance(u32),
    Drain,
    Stop,
    Open,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0u32..12, any::<bool>()).prop_map(|(within, repeat)| Op::Admit { within, repeat }),
        8 => Just(Op::Next),
        2 => any::<bool>().prop_map(|given_up| Op::Unsent { given_up }),
        3 => Just(Op::Expire),
        3 => Just(Op::AnswerNext),
        3 => (1u64..30).prop_map(Op::Answer),
        2 => (1u64..30).prop_map(Op::GiveUp),
        1 => (1u64..30, any::<bool>()).prop_map(|(id, was_sent)| Op::Crash { id, was_sent }),
        1 => Just(Op::CrashAny),
        2 => Just(Op::Broke),
        3 => (0u32..4).prop_map(Op::Advance),
        1 => Just(Op::Drain),
        1 => Just(Op::Stop),
        2 => Just(Op::Open),
    ]
}

struct World {
    pending: Pending<Id, Id>,
    known: BTreeMap<Id, Known>,
    now: Instant,
    phase: Phase,
}

impl World {
    fn new() -> Self {
        Self {
            pending: Pending::new(BOUNDS),
            known: BTreeMap::new(),
            now: Instant::now(),
            phase: Phase::Open,
        }
    }

    fn ids(&self, of: impl Fn(State) -> bool) -> Vec<Id> {
        self.known.iter().filter(|(_, known)| of(known.state)).map(|(id, _)| *id).collect()
    }

    fn waiting(&self) -> Vec<Id> {
        self.ids(|state| matches!(state, State::Waiting { .. }))
    }

    fn flying(&self) -> Vec<Id> {
        self.ids(|state| matches!(state, State::Flying { .. }))
    }

    fn state(&self, id: Id) -> Option<State> {
        self.known.get(&id).map(|known| known.state)
    }

    fn set(&mut self, id: Id, state: State) {
        self.known.get_mut(&id).unwrap().state = state;
    }

    /// Something ended: who asked is told once, and never anything else.
    fn end(&mut self, ended: Ended<Id, Id>, expected: impl Fn(Known) -> RequestError) {
        let Some(id) = ended.to else { return };
        let known = self.known[&id];
        assert!(
            matches!(known.state, State::Waiting { .. } | State::Flying { wanted: true }),
            "request {id} was {:?} and ended",
            known.state
        );
        assert_eq!(ended.error, expected(known), "request {id}");
        let seen = !matches!(known.state, State::Waiting { was_sent: false });
        assert_eq!(ended.error.was_sent(), seen, "request {id} {:?}", ended.error);
        self.set(id, State::Over);
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Admit { within, repeat } => self.admit(within, repeat),
            Op::Next => self.next(),
            Op::Unsent { given_up } => self.unsent(given_up),
            Op::Expire => self.expire(),
            Op::AnswerNext => {
                let oldest = self.flying().first().copied();
                let flight = self.pending.answered_next();
                self.answered(oldest, flight);
            }
            Op::Answer(id) => {
                let flying = self.flying().contains(&id).then_some(id);
                let flight = self.pending.answered(id);
                self.answered(flying, flight);
            }
            Op::GiveUp(id) => {
                let state = self.state(id);
                let given_up = self.pending.give_up(id);
                match state {
                    Some(State::Waiting { was_sent }) => {
                        assert_eq!(given_up.unwrap().error.was_sent(), was_sent);
                        self.set(id, State::Over);
                    }
                    Some(State::Flying { wanted: true }) => {
                        assert_eq!(given_up.unwrap().error, RequestError::Unanswered);
                        self.set(id, State::Flying { wanted: false });
                    }
                    Some(State::Flying { wanted: false } | State::Over) | None => {
                        assert!(given_up.is_none());
                    }
                }
            }
            Op::Crash { id, was_sent } => {
                let flying = matches!(self.state(id), Some(State::Flying { .. }));
                let ended = self.pending.crashed_over(id, was_sent);
                assert_eq!(ended.is_some(), flying);
                if let Some(ended) = ended {
                    self.end(ended, |_| RequestError::Crashed);
                    let left = State::Flying { wanted: false };
                    self.set(id, if was_sent { left } else { State::Over });
                }
            }
            Op::CrashAny => {
                for ended in self.pending.crashed_over_any() {
                    self.end(ended, |_| RequestError::Crashed);
                }
                self.flying().into_iter().for_each(|id| self.set(id, State::Over));
            }
            Op::Broke => self.broke(),
            Op::Advance(seconds) => self.now += seconds * SECOND,
            Op::Drain => {
                self.pending.drain();
                if self.phase == Phase::Open {
                    self.phase = Phase::Draining;
                }
            }
            Op::Stop => self.stop(),
            Op::Open => {
                self.pending.open();
                self.phase = Phase::Open;
            }
        }
        self.check();
    }

    fn admit(&mut self, within: u32, repeat: bool) {
        let (id, deadline) = (self.known.len() as Id + 1, self.now + within * SECOND);
        match self.pending.admit(id, id, deadline) {
            Ok(given) => {
                assert_eq!(given, id, "ids count what was taken");
                assert_eq!(self.phase, Phase::Open);
                assert!(self.waiting().len() < BOUNDS.queue);
                let state = State::Waiting { was_sent: false };
                self.known.insert(id, Known { deadline, heeded: false, repeat, state });
            }
            Err(Ended { to, request, error }) => {
                assert_eq!((to, request), (Some(id), Some(id)), "handed back");
                let full = self.waiting().len() >= BOUNDS.queue;
                let open = self.phase == Phase::Open;
                let expected = if open { RequestError::Full } else { RequestError::Stopped };
                assert_eq!(error, expected);
                assert!(full || !open);
            }
        }
    }

    fn next(&mut self) {
        let first = self.waiting().first().copied();
        let now = self.now;
        match self.pending.next(now) {
            Turn::Send(id, request) => {
                assert_eq!((Some(id), request), (first, id), "in the order of arrival");
                assert!(self.known[&id].deadline > now, "past its deadline");
                assert!(self.flying().len() < BOUNDS.in_flight);
                assert!(self.flying().iter().all(|other| *other < id), "sent in order");
                self.set(id, State::Flying { wanted: true });
                if self.known[&id].repeat {
                    assert!(self.pending.keep(id, request).is_none());
                }
            }
            Turn::Expired(ended) => {
                let id = ended.to.unwrap();
                assert!(self.known[&id].deadline <= now);
                self.end(ended, late);
            }
            Turn::Stalled => {
                assert!(first.is_some());
                assert_eq!(self.flying().len(), BOUNDS.in_flight);
                assert!(self.flying().iter().all(|id| self.known[id].deadline <= now));
            }
            Turn::Rest => {
                assert!(first.is_none() || self.flying().len() == BOUNDS.in_flight);
            }
        }
    }

    fn unsent(&mut self, given_up: bool) {
        self.expire();
        let Turn::Send(id, request) = self.pending.next(self.now) else { return };
        if given_up {
            assert_eq!(self.pending.give_up(id).unwrap().error, RequestError::Unanswered);
            assert_eq!(self.pending.unsent(id, request), Some(id), "nobody wants it any more");
            self.set(id, State::Over);
        } else {
            assert_eq!(self.pending.unsent(id, request), None, "it waits, as what it was");
        }
    }

    fn expire(&mut self) {
        for ended in self.pending.expire(self.now) {
            let id = ended.to.unwrap();
            let state = self.known[&id].state;
            self.end(ended, late);
            if state == (State::Flying { wanted: true }) {
                self.set(id, State::Flying { wanted: false });
            }
        }
        for (id, known) in &mut self.known {
            known.heeded |= known.deadline <= self.now;
            let over = matches!(known.state, State::Flying { wanted: false } | State::Over);
            assert!(over || known.deadline > self.now, "request {id} is late and goes on");
        }
    }

    fn answered(&mut self, expected: Option<Id>, flight: Option<Flight<Id, Id>>) {
        assert_eq!(flight.is_some(), expected.is_some());
        let (Some(id), Some(flight)) = (expected, flight) else { return };
        let wanted = self.state(id) == Some(State::Flying { wanted: true });
        assert_eq!(flight.to, wanted.then_some(id), "its own answer, if it is wanted");
        self.set(id, State::Over);
    }

    fn broke(&mut self) {
        let now = self.now;
        for ended in self.pending.broke(now) {
            self.end(ended, |known| match known {
                Known { repeat: true, deadline, .. } if deadline <= now => RequestError::Unanswered,
                Known { repeat, .. } => {
                    assert!(!repeat, "it was to be repeated");
                    RequestError::Broken
                }
            });
        }
        for id in self.flying() {
            let Known { repeat, deadline, state, .. } = self.known[&id];
            let again = repeat && deadline > now && state == State::Flying { wanted: true };
            self.set(id, if again { State::Waiting { was_sent: true } } else { State::Over });
        }
    }

    fn stop(&mut self) {
        for ended in self.pending.stop() {
            self.end(ended, |known| match known.state {
                State::Waiting { was_sent: false } => RequestError::Stopped,
                State::Waiting { was_sent: true } | State::Flying { .. } | State::Over => {
                    RequestError::Broken
                }
            });
        }
        self.flying().into_iter().for_each(|id| self.set(id, State::Over));
        assert!(self.waiting().is_empty(), "nobody is left waiting");
        self.phase = Phase::Stopped;
    }

    fn check(&self) {
        let counts = self.pending.counts();
        assert_eq!(counts.waiting, self.waiting().len());
        assert_eq!(counts.in_flight, self.flying().len());
        assert!(counts.in_flight <= BOUNDS.in_flight);
        assert!(counts.waiting <= BOUNDS.queue + BOUNDS.in_flight);
        let wanted = self.ids(|state| state == State::Flying { wanted: true });
        let done = self.phase != Phase::Open && self.waiting().is_empty() && wanted.is_empty();
        assert_eq!(self.pending.is_done(), done);
        assert_eq!(self.pending.is_grounded(), self.flying().is_empty());
        let there = self.known.values().filter(|known| known.state != State::Over);
        let due = there.filter(|known| !known.heeded).map(|known| known.deadline).min();
        assert_eq!(self.pending.due(), due);
    }
}

fn late(known: Known) -> RequestError {
    match known.state {
        State::Waiting { was_sent: false } => RequestError::Deadline,
        State::Waiting { was_sent: true } | State::Flying { .. } | State::Over => {
            RequestError::Unanswered
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_request_ends_once_in_order_and_within_the_bounds(ops in vec(op(), 1..120)) {
        let mut world = World::new();
        ops.into_iter().for_each(|op| world.apply(op));
        world.apply(Op::Stop);
        prop_assert!(world.known.values().all(|known| known.state == State::Over));
    }
}

#[test]
fn what_is_repeated_comes_before_what_is_newer() {
    let (now, mut pending) = (Instant::now(), Pending::new(BOUNDS));
    let admit =
        |pending: &mut Pending<char, char>, name| pending.admit(name, name, now + SECOND).unwrap();
    let send = |pending: &mut Pending<char, char>| match pending.next(now) {
        Turn::Send(id, request) => {
            assert_eq!(pending.keep(id, request), None);
            request
        }
        other @ (Turn::Expired(_) | Turn::Stalled | Turn::Rest) => panic!("{other:?}"),
    };
    ['a', 'b', 'c'].into_iter().for_each(|name| _ = admit(&mut pending, name));
    assert_eq!([send(&mut pending), send(&mut pending)], ['a', 'b']);
    assert!(pending.broke(now).is_empty());
    admit(&mut pending, 'd');
    assert_eq!([send(&mut pending), send(&mut pending), send(&mut pending)], ['a', 'b', 'c']);
}

#[test]
fn an_answer_that_nobody_awaits_is_known_as_such() {
    let (now, mut pending) = (Instant::now(), Pending::new(BOUNDS));
    assert!(pending.answered_next().is_none());
    let id = pending.admit('a', 'a', now + SECOND).unwrap();
    assert!(pending.answered(id).is_none(), "it was not sent yet");
    assert!(matches!(pending.next(now), Turn::Send(..)));
    assert!(pending.answered(id + 1).is_none());
    assert_eq!(pending.answered(id).unwrap().to, Some('a'));
    assert!(pending.answered(id).is_none(), "answered twice");
}
