//! The log: lines on stderr, as text or JSON, written by a thread of their own.
//!
//! Libraries emit through `tracing`; only a program calls [`init`]. A worker never waits for
//! whoever reads stderr: each thread has a bounded buffer of lines, and what does not fit is
//! counted. The lines of one thread stay in order and whole; those of different threads may
//! change places within the milliseconds for which they are gathered.
//! Strings that come from outside are logged in quotes with control characters escaped. A line that is
//! written while a trace is current ends with the members `trace_id` and `span_id`.

mod cut;
pub(crate) mod ids;
mod lane;
mod levels;
mod lines;
mod sink;
#[cfg(test)]
pub(crate) mod testing;
mod visible;
mod writer;

use std::io::{self, stderr};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use trunkline_runtime::trace::follow_spans;

use crate::access::AccessLog;
use crate::trace;
pub use levels::{LevelError, Levels};
use lines::Lines;
use sink::Running;

pub(crate) use lane::LONGEST;
pub(crate) use sink::Sink;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Keeps the log going; when it is dropped, what waits is written. It gives up after a second if
/// nobody reads.
#[must_use = "the log ends when its guard is dropped"]
pub struct Guard {
    running: Running,
    access: AccessLog,
    levels: Levels,
}

impl Guard {
    /// How many lines were lost because nobody read stderr fast enough, or it could not be
    /// written to.
    #[must_use]
    pub fn dropped_lines(&self) -> usize {
        self.running.dropped_lines()
    }

    /// Tells [`Self::dropped_lines`] wherever it is asked, and after the guard's end as well.
    pub fn watch_dropped_lines(&self) -> impl Fn() -> u64 + Send + Sync + use<> {
        self.running.watch_dropped_lines()
    }

    /// Where the lines of requests go: off while `info` is below the level of this log.
    #[must_use]
    pub fn access_log(&self) -> AccessLog {
        self.access.clone()
    }

    /// What is logged, to be changed while it runs.
    #[must_use]
    pub fn levels(&self) -> Levels {
        self.levels.clone()
    }
}

/// Why the log did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The log is there already: a process has one.
    #[error("the log was started before")]
    AlreadyStarted,
    /// The system gave no thread to write with.
    #[error("the log's thread cannot be started: raise the limit of threads")]
    Thread(#[source] io::Error),
}

/// Starts the log of this process: lines of `level` and above. Spans of `tracing` are made by `spans`,
/// if anybody wants them, whatever the level of the log.
///
/// # Errors
/// If a log, or any other subscriber of `tracing`, is there already, or if the system gives no
/// further thread.
pub fn init(
    level: Level,
    format: Format,
    spans: Option<&SdkTracerProvider>,
) -> Result<Guard, StartError> {
    let (sink, running) = Sink::start(stderr()).map_err(StartError::Thread)?;
    let access = AccessLog::new(sink.clone(), format);
    let (filter, levels) = Levels::new(level, access.clone());
    tracing_subscriber::registry()
        .with(layer(sink, format).with_filter(filter))
        .with(spans.map(trace::layer))
        .try_init()
        .map_err(|_| StartError::AlreadyStarted)?;
    if let Some(spans) = spans {
        opentelemetry::global::set_tracer_provider(spans.clone());
        follow_spans();
    }
    access.become_that_of_the_process();
    Ok(Guard { running, access, levels })
}

/// Writes what `tracing` is told into `sink`.
pub(crate) fn layer(sink: Sink, format: Format) -> Box<dyn Layer<Registry> + Send + Sync> {
    let lines = fmt::layer().with_writer(Lines::new(sink, format)).with_ansi(false);
    match format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    }
}
