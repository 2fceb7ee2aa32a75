//! `control/steward`: hears signals.

use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::stream;
use parking_lot::Mutex;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use tracing::{error, info, warn};
use trunkline_config::Protocols;
use trunkline_runtime::{Actor, Context, Failure, Handles, Message, Reply, Timer};

use crate::exit;

/// What must outlive a crash of the steward: a signal is not sent twice.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Registered by the first incarnation. A signal that comes while nobody listens is kept.
    signals: Mutex<Vec<(SignalKind, Signal)>>,
    /// When to stop, once told to.
    leave_at: Mutex<Option<Instant>>,
}

/// Stops the server on SIGTERM and SIGINT, at once when one comes again; checks the file on
/// SIGHUP.
#[derive(Debug)]
pub(crate) struct Steward {
    file: Option<PathBuf>,
    protocols: Protocols,
    lame_duck: Duration,
    orders: Arc<Orders>,
    leaving: Option<Timer>,
}

impl Steward {
    /// `file` is what SIGHUP checks, and `protocols` what it may name. `lame_duck` is how long the
    /// server goes on accepting.
    #[must_use]
    pub(crate) fn new(
        file: Option<PathBuf>,
        protocols: Protocols,
        lame_duck: Duration,
        orders: Arc<Orders>,
    ) -> Self {
        Self { file, protocols, lame_duck, orders, leaving: None }
    }
}

/// The lame duck is over.
#[derive(Debug)]
struct Leave;

impl Message for Leave {
    type Answer = ();
}

impl Actor for Steward {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.orders.register()?;
        let orders = Arc::clone(&self.orders);
        let signals = stream::poll_fn(move |cx| orders.poll_next(cx));
        cx.follow(signals, Self::hear, |_, _| {});
        let leave_at = *self.orders.leave_at.lock();
        if let Some(at) = leave_at {
            self.leave(at, cx);
        }
        Ok(())
    }
}

impl Handles<Leave> for Steward {
    fn handle(&mut self, _: Leave, _: Reply<()>, cx: &mut Context<'_, Self>) {
        if let Some(runtime) = cx.runtime() {
            runtime.stop();
        }
    }
}

impl Orders {
    fn register(&self) -> std::io::Result<()> {
        let mut signals = self.signals.lock();
        if signals.is_empty() {
            for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
                signals.push((kind, signal(kind)?));
            }
        }
        Ok(())
    }

    fn poll_next(&self, cx: &mut std::task::Context<'_>) -> Poll<Option<SignalKind>> {
        for (kind, signal) in self.signals.lock().iter_mut() {
            if let Poll::Ready(Some(())) = signal.poll_recv(cx) {
                return Poll::Ready(Some(*kind));
            }
        }
        Poll::Pending
    }
}

impl Steward {
    fn hear(&mut self, kind: SignalKind, cx: &mut Context<'_, Self>) {
        if kind == SignalKind::hangup() {
            return self.check();
        }
        let at = Instant::now() + self.lame_duck;
        if self.orders.leave_at.lock().replace(at).is_some() {
            warn!("a second signal: ending at once");
            // Nothing is waited for any more, the log included: that is what was asked.
            std::process::exit(exit::SIGNAL + kind.as_raw_value());
        }
        if self.lame_duck.is_zero() {
            info!("told to stop: no new connections from here on");
        } else {
            info!(accepting_for = ?self.lame_duck, "told to stop: accepting for a while yet");
        }
        self.leave(at, cx);
    }

    fn leave(&mut self, at: Instant, cx: &mut Context<'_, Self>) {
        self.leaving = Some(cx.after(at.saturating_duration_since(Instant::now()), Leave));
    }

    /// Until a reload exists, tells whether the file could be loaded.
    fn check(&self) {
        let Some(file) = &self.file else {
            info!("SIGHUP: there is no file to check");
            return;
        };
        // Handed to the log as strings, which it escapes: they come from outside.
        match self.protocols.load(file, std::env::vars_os(), []) {
            Ok(_) => {
                let file = &*file.to_string_lossy();
                info!(file, "SIGHUP: the file is good; a restart applies it");
            }
            Err(mistakes) => {
                for mistake in mistakes.iter() {
                    let mistake = mistake.to_string();
                    error!(mistake, "SIGHUP: the file has a mistake");
                }
            }
        }
    }
}
