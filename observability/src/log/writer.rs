//! The thread that writes all lines.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::lane::Lane;
use super::sink::Shared;

/// How long lines are gathered after some were written. Under load this makes few large writes of
/// many small ones, and keeps threads from having to wake the writer; it is also what a process
/// that is killed may lose.
const GATHER: Duration = Duration::from_millis(5);

/// Writes the lines of all lanes to `out`.
pub(super) struct Writer<W> {
    shared: Arc<Shared>,
    out: W,
    /// Changes places with the buffers of the lanes.
    spare: Vec<u8>,
    lanes: Vec<Arc<Lane>>,
    /// The last write ended within a line.
    torn: bool,
}

impl<W: io::Write> Writer<W> {
    pub(super) fn new(shared: Arc<Shared>, out: W) -> Self {
        Self { shared, out, spare: Vec::new(), lanes: Vec::new(), torn: false }
    }

    /// Writes until the log ends.
    pub(super) fn run(mut self) {
        loop {
            // Asked before the pass: what was there when the log ended is in that pass.
            let last = self.shared.is_stopping();
            let wrote = self.pass();
            if last {
                return;
            }
            if wrote {
                // The end and a lane that is half full cut this short.
                thread::park_timeout(GATHER);
            } else {
                self.shared.sleep();
            }
        }
    }

    /// Empties every lane once, and says whether there was anything.
    fn pass(&mut self) -> bool {
        let mut lanes = std::mem::take(&mut self.lanes);
        self.shared.lanes(&mut lanes);
        let mut wrote = false;
        for lane in lanes.drain(..) {
            let mut lines = std::mem::take(&mut self.spare);
            lane.swap(&mut lines);
            if !lines.is_empty() {
                wrote = true;
                self.write(&lines);
                lines.clear();
            }
            self.spare = lines;
        }
        self.lanes = lanes;
        wrote
    }

    /// Writes whole lines. What cannot be written is counted and given up: whoever reads may be
    /// there again for the next lines, and a closed stderr costs one failing call each pass.
    fn write(&mut self, lines: &[u8]) {
        if self.torn && self.put(b"\n").is_err() {
            self.count_dropped(lines);
            return;
        }
        self.torn = false;
        if let Err(Left(left)) = self.put(lines) {
            let (written, lost) = lines.split_at(lines.len() - left);
            self.count_dropped(lost);
            self.torn = written.last().is_some_and(|&last| last != b'\n');
        }
    }

    fn count_dropped(&self, lines: &[u8]) {
        self.shared.count_dropped(lines.iter().filter(|&&byte| byte == b'\n').count());
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Left> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.out.write(rest) {
                Ok(0) => return Err(Left(rest.len())),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Somebody who shares our stderr made it non-blocking. No event tells of room
                // behind any `Write`, and nobody but the reader waits here.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.shared.is_abandoned() {
                        return Err(Left(rest.len()));
                    }
                    thread::park_timeout(GATHER);
                }
                Err(_) => return Err(Left(rest.len())),
            }
        }
        Ok(())
    }
}

/// So many bytes could not be written.
struct Left(usize);
