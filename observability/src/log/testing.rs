//! What tests have lines written to.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::sink::{Running, Sink};

/// Longer than anything takes that happens at all.
pub(crate) const LONG: Duration = Duration::from_secs(30);

pub(crate) fn start(out: impl Write + Send + 'static) -> (Sink, Running) {
    Sink::start(out).unwrap()
}

/// What was written, for those who wait for it.
#[derive(Clone, Default)]
pub(crate) struct Shown {
    inner: Arc<(Mutex<Vec<u8>>, Condvar)>,
}

impl Shown {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.inner.0.lock().clone()).unwrap()
    }

    /// Waits until the text fulfils `is_there`.
    pub(crate) fn wait_for(&self, is_there: impl Fn(&str) -> bool) {
        let (text, more) = &*self.inner;
        let mut text = text.lock();
        while !is_there(str::from_utf8(&text).unwrap()) {
            assert!(!more.wait_for(&mut text, LONG).timed_out(), "{}", text.len());
        }
    }
}

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (text, more) = &*self.inner;
        text.lock().extend_from_slice(bytes);
        more.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader that reads only while its gate is open.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    pub(crate) shown: Shown,
    state: Arc<(Mutex<GateState>, Condvar)>,
}

#[derive(Default)]
struct GateState {
    open: bool,
    /// Somebody stands before the closed gate.
    waiting: bool,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.state.0.lock().open = true;
        self.state.1.notify_all();
    }

    pub(crate) fn wait_until_somebody_waits(&self) {
        let (state, change) = &*self.state;
        let timeout = change.wait_while_for(&mut state.lock(), |state| !state.waiting, LONG);
        assert!(!timeout.timed_out());
    }
}

impl Write for Gate {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (state, change) = &*self.state;
        let mut state = state.lock();
        state.waiting = true;
        change.notify_all();
        change.wait_while(&mut state, |state| !state.open);
        self.shown.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Answers each write as it is told, and then takes everything.
pub(crate) struct Answers {
    pub(crate) shown: Shown,
    pub(crate) next: std::vec::IntoIter<io::Result<usize>>,
    /// Told when the last of these answers is given.
    pub(crate) last: SyncSender<()>,
}

impl Write for Answers {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let answer = self.next.next();
        if answer.is_some() && self.next.len() == 0 {
            self.last.send(()).unwrap();
        }
        match answer {
            Some(Ok(taken)) => self.shown.write(&bytes[..taken]),
            Some(Err(error)) => Err(error),
            None => self.shown.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
