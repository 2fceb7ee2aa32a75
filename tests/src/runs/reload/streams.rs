//! Forwarded connections that stay, with bytes on them all the time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow};

use crate::http::wire::Wire;
use crate::runs::Report;
use crate::runs::pace::Pace;

/// From one line on each of them to the next.
const EVERY: Duration = Duration::from_millis(20);

/// Streams at work.
pub(super) struct Streams {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Held>,
}

/// What became of them.
#[derive(Default)]
pub(super) struct Held {
    streams: usize,
    lines: u64,
    ended: Vec<String>,
}

impl Streams {
    pub(super) fn open(to: SocketAddr, count: u32) -> Result<Self> {
        let wires = (0..count).map(|_| Wire::connect(to)).collect::<Result<Vec<_>>>()?;
        let over = Arc::<AtomicBool>::default();
        let until = Arc::clone(&over);
        let talk = Builder::new().name("streams".to_owned());
        let mut streams: Vec<_> = wires.into_iter().enumerate().collect();
        let thread = talk.spawn(move || {
            let mut held = Held { streams: streams.len(), ..Held::default() };
            let mut pace = Pace::every(EVERY);
            while !until.load(Relaxed) {
                pace.wait();
                let number = held.lines;
                streams.retain_mut(|(name, wire)| {
                    let line = format!("{name} {number}\n");
                    let echoed = wire.send(&line).and_then(|()| wire.expect(&line));
                    held.lines += u64::from(echoed.is_ok());
                    let ended = echoed.map_err(|error| held.ended.push(format!("{error:#}")));
                    ended.is_ok()
                });
            }
            held
        })?;
        Ok(Self { over, thread })
    }

    pub(super) fn finish(self) -> Result<Held> {
        self.over.store(true, Relaxed);
        self.thread.join().map_err(|_| anyhow!("the streams panicked"))
    }
}

impl Held {
    pub(super) fn tell(&self, report: &mut Report) {
        report.show("lines echoed on streams that stay", self.lines);
        let name = format!("streams that ended, or got another's bytes, none of {}", self.streams);
        report.require(&name, self.ended.len(), self.ended.is_empty());
        for ended in self.ended.iter().take(5) {
            report.show("  one of them", ended);
        }
    }
}
