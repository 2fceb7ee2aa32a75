//! The lines of a stream, read by a thread of their own and waited for by others.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// Lines kept of one stream; older ones are dropped, so that a server that logs every connection
/// does not fill memory.
const KEPT: usize = 200_000;

/// The lines that a program has written so far to one stream, numbered from 0. Cloned cheaply.
#[derive(Clone, Debug)]
pub struct Captured {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    // The number of the oldest line kept.
    first: usize,
    lines: VecDeque<String>,
    closed: bool,
}

/// Why a line did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The deadline passed.
    TimedOut,
    /// The stream has ended.
    Closed,
}

impl Captured {
    /// Reads `stream` to its end on a thread named `name`.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn read(name: &str, stream: impl Read + Send + 'static) -> io::Result<Self> {
        let captured = Self::new(false);
        let writer = captured.clone();
        let reader = thread::Builder::new().name(name.to_owned());
        // Not joined: it ends with the stream, which a grandchild may hold open for longer than
        // anybody wants to wait.
        reader.spawn(move || writer.fill(stream))?;
        Ok(captured)
    }

    /// A stream that has ended without a line.
    pub(super) fn closed() -> Self {
        Self::new(true)
    }

    fn new(closed: bool) -> Self {
        let state = State { first: 0, lines: VecDeque::new(), closed };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() }) }
    }

    fn fill(&self, stream: impl Read) {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let mut state = self.shared.state.lock();
            if state.lines.len() == KEPT {
                state.lines.pop_front();
                state.first += 1;
            }
            state.lines.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
            drop(state);
            self.shared.changed.notify_all();
            line.clear();
        }
        self.shared.state.lock().closed = true;
        self.shared.changed.notify_all();
    }

    /// How many lines were written so far; the number that the next one will have.
    pub fn count(&self) -> usize {
        let state = self.shared.state.lock();
        state.first + state.lines.len()
    }

    /// The last `count` lines.
    pub fn last(&self, count: usize) -> Vec<String> {
        let state = self.shared.state.lock();
        let skip = state.lines.len().saturating_sub(count);
        state.lines.iter().skip(skip).cloned().collect()
    }

    /// Waits until the stream has ended, or `deadline` passes.
    pub(super) fn wait_for_end(&self, deadline: Instant) {
        // No line has this number.
        let _either = self.wait_for(usize::MAX, deadline, |_| true);
    }

    /// Waits for the first line with a number of at least `from` that `matches`; returns its number
    /// and text.
    ///
    /// # Errors
    /// [`Missing`], when `deadline` passes or the stream ends without it.
    pub fn wait_for(
        &self,
        from: usize,
        deadline: Instant,
        matches: impl Fn(&str) -> bool,
    ) -> Result<(usize, String), Missing> {
        let mut state = self.shared.state.lock();
        let mut next = from;
        loop {
            let skip = next.saturating_sub(state.first);
            let mut found = state.lines.iter().enumerate().skip(skip);
            if let Some((position, line)) = found.find(|(_, line)| matches(line)) {
                return Ok((state.first + position, line.clone()));
            }
            next = next.max(state.first + state.lines.len());
            if state.closed {
                return Err(Missing::Closed);
            }
            if self.shared.changed.wait_until(&mut state, deadline).timed_out() {
                return Err(Missing::TimedOut);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn a_line_is_found_by_number_and_text() -> io::Result<()> {
        let lines = Captured::read("test", "one\ntwo\none\n".as_bytes())?;
        assert_eq!(lines.wait_for(0, soon(), |line| line == "one"), Ok((0, "one".to_owned())));
        assert_eq!(lines.wait_for(1, soon(), |line| line == "one"), Ok((2, "one".to_owned())));
        assert_eq!(lines.wait_for(3, soon(), |_| true), Err(Missing::Closed));
        Ok(())
    }

    #[test]
    fn only_the_newest_lines_are_kept_and_keep_their_numbers() -> io::Result<()> {
        let text = "x\n".repeat(KEPT + 1) + "last\n";
        let lines = Captured::read("test", io::Cursor::new(text))?;
        let last = lines.wait_for(0, soon(), |line| line == "last");
        assert_eq!(last, Ok((KEPT + 1, "last".to_owned())));
        assert_eq!(lines.last(KEPT + 2).len(), KEPT);
        Ok(())
    }

    #[test]
    fn a_deadline_ends_the_wait_on_an_open_stream() -> io::Result<()> {
        let (reader, _writer) = io::pipe()?;
        let lines = Captured::read("test", reader)?;
        let missing = lines.wait_for(0, Instant::now() + Duration::from_millis(1), |_| true);
        assert_eq!(missing, Err(Missing::TimedOut));
        Ok(())
    }
}
