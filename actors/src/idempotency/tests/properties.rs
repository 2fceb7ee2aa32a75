//! The store against a model that is a list.

use proptest::prelude::*;

use super::*;

const CAPACITY: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Answered,
    Interrupted,
}

/// Every key that is held, the one that changed least recently first.
#[derive(Default)]
struct Model(Vec<(u32, State, Instant)>);

impl Model {
    fn state(&self, key: u32) -> Option<State> {
        self.0.iter().find(|(it, ..)| *it == key).map(|(_, state, _)| *state)
    }

    fn remove(&mut self, key: u32) {
        self.0.retain(|(it, ..)| *it != key);
    }

    fn set(&mut self, key: u32, state: State, now: Instant) {
        self.remove(key);
        self.0.push((key, state, now));
    }

    /// What a claim finds; `None` is the first, and `Err` that it is full.
    fn claim(&mut self, key: u32, now: Instant) -> Result<Option<State>, ()> {
        self.0.retain(|(_, state, at)| *state == State::Running || now - *at < TTL);
        let found = self.state(key);
        if found.is_none() {
            if self.0.len() >= CAPACITY {
                let oldest = self.0.iter().position(|(_, state, _)| *state == State::Answered);
                self.0.remove(oldest.ok_or(())?);
            }
            self.set(key, State::Running, now);
        }
        Ok(found)
    }
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Claim(u32),
    Complete(u32),
    Release(u32),
    Drop(u32),
    Forget(u32),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || 0u32..6;
    prop_oneof![
        4 => key().prop_map(Step::Claim),
        2 => key().prop_map(Step::Complete),
        1 => key().prop_map(Step::Release),
        1 => key().prop_map(Step::Drop),
        1 => key().prop_map(Step::Forget),
        2 => (0u64..60).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn claims_find_what_a_model_finds(steps in prop::collection::vec(step(), 1..150)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (store, mut model) = (store(CAPACITY), Model::default());
            let mut tickets = std::collections::HashMap::new();
            for step in steps {
                let now = Instant::now();
                match step {
                    Step::Wait(seconds) => advance(Duration::from_secs(seconds)).await,
                    Step::Claim(key) => {
                        let found = match store.claim(key, now) {
                            Claim::First(ticket) => {
                                tickets.insert(key, ticket);
                                Ok(None)
                            }
                            Claim::Repeated(_) => Ok(Some(State::Answered)),
                            Claim::Running => Ok(Some(State::Running)),
                            Claim::Interrupted => Ok(Some(State::Interrupted)),
                            Claim::Full => Err(()),
                        };
                        prop_assert_eq!(found, model.claim(key, now));
                        prop_assert!(store.len() <= CAPACITY);
                    }
                    Step::Complete(key) => if let Some(ticket) = tickets.remove(&key) {
                        ticket.complete("answer", now);
                        model.set(key, State::Answered, now);
                    },
                    Step::Release(key) => if let Some(ticket) = tickets.remove(&key) {
                        ticket.release();
                        model.remove(key);
                    },
                    Step::Drop(key) => if let Some(ticket) = tickets.remove(&key) {
                        drop(ticket);
                        model.set(key, State::Interrupted, now);
                    },
                    Step::Forget(key) => if model.state(key) != Some(State::Running) {
                        store.forget(&key);
                        model.remove(key);
                    } else {
                        prop_assert!(!store.forget(&key));
                    },
                }
            }
            Ok(())
        })?;
    }
}
