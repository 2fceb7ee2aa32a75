//! `control/steward`: hears signals.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::stream;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};
use trunkline_config::load;
use trunkline_runtime::{Actor, Context, Failure, Handles, Message, Reply, Timer};

use crate::exit;

/// Stops the server on SIGTERM and SIGINT, at once when one comes again; checks the file on
/// SIGHUP.
#[derive(Debug)]
pub struct Steward {
    file: Option<PathBuf>,
    lame_duck: Duration,
    leaving: Option<Timer>,
}

impl Steward {
    /// `file` is what SIGHUP checks. `lame_duck` is how long the server goes on accepting.
    #[must_use]
    pub fn new(file: Option<PathBuf>, lame_duck: Duration) -> Self {
        Self { file, lame_duck, leaving: None }
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
        for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
            let signals = stream::unfold(signal(kind)?, move |mut signal| async move {
                signal.recv().await.map(|()| (kind, signal))
            });
            cx.follow(signals, Self::hear, |_, _| {});
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

impl Steward {
    fn hear(&mut self, kind: SignalKind, cx: &mut Context<'_, Self>) {
        if kind == SignalKind::hangup() {
            return self.check();
        }
        let stopping = cx.runtime().is_some_and(trunkline_runtime::Runtime::is_stopping);
        if stopping || self.leaving.is_some() {
            warn!("a second signal: ending at once");
            // Nothing is waited for any more, the log included: that is what was asked.
            std::process::exit(exit::SIGNAL + kind.as_raw_value());
        }
        if self.lame_duck.is_zero() {
            info!("told to stop: no new connections from here on");
        } else {
            info!(accepting_for = ?self.lame_duck, "told to stop: accepting for a while yet");
        }
        self.leaving = Some(cx.after(self.lame_duck, Leave));
    }

    /// Until a reload exists, tells whether the file could be loaded.
    fn check(&self) {
        let Some(file) = &self.file else {
            info!("SIGHUP: there is no file to check");
            return;
        };
        // Handed to the log as strings, which it escapes: they come from outside.
        match load(file, std::env::vars_os(), []) {
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
