//! The client's side of the control protocol of `trunkline-faults`: crashes on command, lifecycle
//! events, the tree.
//!
//! Commands go to its stdin, a line each; it answers on its stdout with JSON, a line each, and
//! sends an event for every change in the life of an actor without being asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use parking_lot::{Condvar, Mutex, MutexGuard};

mod path_kind;
mod protocol;

pub use path_kind::path_kind;
use protocol::Line;
pub use protocol::{Event, Node, What};

/// How often what happened to which kind of actor (see [`path_kind`]).
pub type Counts = BTreeMap<(String, What), u64>;

/// A connection to the controls of a running server.
pub struct Control {
    shared: Arc<Shared>,
    commands: Mutex<Option<Box<dyn Write + Send>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    events: Vec<Event>,
    counts: Counts,
    tree: Option<Vec<Node>>,
    // Why nothing more will come: the stream's end, or a line that is not of the protocol.
    over: Option<String>,
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("events", &self.shared.state.lock().events.len()).finish()
    }
}

impl Control {
    /// Speaks through the server's stdout (`answers`) and stdin (`commands`), reading on a thread
    /// of its own.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn new(
        answers: impl Read + Send + 'static,
        commands: Option<impl Write + Send + 'static>,
    ) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let reader = shared.clone();
        let thread = thread::Builder::new().name("control".to_owned());
        thread.spawn(move || reader.read(answers)).context("cannot start the reader")?;
        let commands = commands.map(|commands| Box::new(commands) as Box<dyn Write + Send>);
        Ok(Self { shared, commands: Mutex::new(commands) })
    }

    /// Makes the child at `path` panic at its next poll.
    ///
    /// # Errors
    /// When the server no longer reads.
    pub fn panic(&self, path: &str) -> Result<()> {
        self.send(&format!("panic {path}"))
    }

    /// Makes the child at `path` panic at its next message.
    ///
    /// # Errors
    /// When the server no longer reads.
    pub fn panic_message(&self, path: &str) -> Result<()> {
        self.send(&format!("panic-message {path}"))
    }

    /// Makes the child at `path` block its thread for `time` in its next poll.
    ///
    /// # Errors
    /// When the server no longer reads.
    pub fn block(&self, path: &str, time: Duration) -> Result<()> {
        self.send(&format!("block {path} {}", time.as_millis()))
    }

    /// Has an operator do something to the child at `path`: `restart`, `kill`, `suspend`, `resume`.
    ///
    /// # Errors
    /// When the server no longer reads.
    pub fn operate(&self, operation: &str, path: &str) -> Result<()> {
        self.send(&format!("{operation} {path}"))
    }

    /// The tree as it is now.
    ///
    /// # Errors
    /// When it does not come within `timeout`.
    pub fn tree(&self, timeout: Duration) -> Result<Vec<Node>> {
        // Answers come in the order of the questions, so the lock makes this one ours.
        let mut commands = self.commands.lock();
        send(&mut commands, "tree")?;
        self.wait("the tree", timeout, |state| state.tree.take())
    }

    /// How many events have come so far: where a later [`Control::wait_for`] begins.
    pub fn mark(&self) -> usize {
        self.shared.state.lock().events.len()
    }

    /// The events since `mark`.
    pub fn events_since(&self, mark: usize) -> Vec<Event> {
        self.shared.state.lock().events.get(mark..).unwrap_or_default().to_vec()
    }

    /// How often what has happened to which kind of actor so far.
    pub fn counts(&self) -> Counts {
        self.shared.state.lock().counts.clone()
    }

    /// Waits for the first event since `mark` for which `predicate` holds; returns it and the mark
    /// behind it. `what` names it in the error.
    ///
    /// # Errors
    /// When `timeout` passes or the server ends without it.
    pub fn wait_for(
        &self,
        what: &str,
        mark: usize,
        timeout: Duration,
        predicate: impl Fn(&Event) -> bool,
    ) -> Result<(Event, usize)> {
        let mut next = mark;
        self.wait(what, timeout, |state| {
            let new = state.events.get(next..).unwrap_or_default();
            let found = new.iter().position(&predicate).map(|offset| next + offset);
            next = next.max(state.events.len());
            found.map(|number| (state.events[number].clone(), number + 1))
        })
    }

    /// Waits until `predicate` holds for the counts, and returns them. `what` names it in the
    /// error.
    ///
    /// # Errors
    /// When `timeout` passes or the server ends without it.
    pub fn wait_for_counts(
        &self,
        what: &str,
        timeout: Duration,
        predicate: impl Fn(&Counts) -> bool,
    ) -> Result<Counts> {
        self.wait(what, timeout, |state| predicate(&state.counts).then(|| state.counts.clone()))
    }

    /// Closes the server's stdin.
    pub fn close(&self) {
        *self.commands.lock() = None;
    }

    fn send(&self, command: &str) -> Result<()> {
        send(&mut self.commands.lock(), command)
    }

    fn wait<T>(
        &self,
        what: &str,
        timeout: Duration,
        mut look: impl FnMut(&mut State) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + timeout;
        let mut state = self.shared.state.lock();
        loop {
            if let Some(found) = look(&mut state) {
                return Ok(found);
            }
            if let Some(why) = &state.over {
                bail!("no {what}: {why}");
            }
            if self.shared.changed.wait_until(&mut state, deadline).timed_out() {
                // One more look: the last event may have come together with the deadline.
                let last: Vec<_> = state.events.iter().rev().take(5).cloned().collect();
                return look(&mut state).with_context(|| {
                    format!("no {what} within {timeout:?}; newest first: {last:#?}")
                });
            }
        }
    }
}

fn send(commands: &mut MutexGuard<'_, Option<Box<dyn Write + Send>>>, command: &str) -> Result<()> {
    let commands = commands.as_mut().context("the server's stdin is closed")?;
    let sent =
        commands.write_all(format!("{command}\n").as_bytes()).and_then(|()| commands.flush());
    sent.with_context(|| format!("cannot send {command:?}"))
}

impl Shared {
    fn read(&self, answers: impl Read) {
        let mut over = "the server has closed its stdout".to_owned();
        for line in BufReader::new(answers).lines() {
            let parsed = line.map_err(anyhow::Error::from).and_then(|text| {
                serde_json::from_str(&text).with_context(|| format!("the server wrote {text:?}"))
            });
            match parsed {
                Ok(line) => self.take(line),
                Err(error) => {
                    // A test must not go on half blind: whoever waits learns of it at once.
                    over = format!("{error:#}");
                    break;
                }
            }
        }
        self.state.lock().over = Some(over);
        self.changed.notify_all();
    }

    fn take(&self, line: Line) {
        let mut state = self.state.lock();
        match line {
            Line::Event(event) => {
                let kind = path_kind(&event.path).to_owned();
                *state.counts.entry((kind, event.what)).or_default() += 1;
                state.events.push(event);
            }
            Line::Tree(tree) => state.tree = Some(tree),
        }
        drop(state);
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
