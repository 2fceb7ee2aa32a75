//! The log: lines on stderr, as text or JSON, written by a thread of their own.
//!
//! Libraries emit through `tracing`; only a program calls [`init`]. A worker never waits for
//! whoever reads stderr: lines go into a bounded queue, and what does not fit is counted.
//! Strings that come from outside are logged in quotes with control characters escaped.

use std::io::stderr;

use tracing::Level;
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How many lines wait for stderr before further ones are dropped and counted.
const QUEUE: usize = 16_384;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Keeps the log going; when it is dropped, what is queued is written.
#[must_use = "the log ends when its guard is dropped"]
pub struct Guard {
    dropped: ErrorCounter,
    _worker: WorkerGuard,
}

impl Guard {
    /// How many lines were lost because nobody read stderr fast enough.
    #[must_use]
    pub fn dropped_lines(&self) -> usize {
        self.dropped.dropped_lines()
    }
}

/// The log is there already: a process has one.
#[derive(Debug, thiserror::Error)]
#[error("the log was started before")]
pub struct AlreadyStarted;

/// Starts the log of this process: lines of `level` and above.
///
/// # Errors
/// If a log, or any other subscriber of `tracing`, is there already.
pub fn init(level: Level, format: Format) -> Result<Guard, AlreadyStarted> {
    let (writer, worker) = NonBlockingBuilder::default()
        .buffered_lines_limit(QUEUE)
        .lossy(true)
        .thread_name("trunkline-log")
        .finish(stderr());
    let dropped = writer.error_counter();
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let layer = match format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    tracing_subscriber::registry()
        .with(layer.with_filter(LevelFilter::from_level(level)))
        .try_init()
        .map_err(|_| AlreadyStarted)?;
    Ok(Guard { dropped, _worker: worker })
}
