//! `control/steward`: hears signals.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream;
use parking_lot::Mutex;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;
use tracing::{error, info, info_span, warn};
use trunkline_actors::directory::Directory;
use trunkline_actors::tree::pool::Reconfigure;
use trunkline_config::{Protocols, Settings};
use trunkline_runtime::{Actor, Context, Failure, Handles, Message, Reply, Timer};

use crate::exit;
use crate::reload;
use crate::server::SettingsFile;
use crate::server::plans::sources;

/// How long a pool may take to accept its backends: it only notes them down, on this thread.
const WITHIN: Duration = Duration::from_secs(5);

/// What must outlive a crash of the steward: a signal is not sent twice.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Registered by the first incarnation. A signal that comes while nobody listens is kept.
    signals: Mutex<Vec<(SignalKind, Signal)>>,
    /// When to stop, once told to.
    leave_at: Mutex<Option<Instant>>,
}

/// Stops the server on SIGTERM and SIGINT, at once when one comes again; loads the file on SIGHUP.
#[derive(Debug)]
pub(crate) struct Steward {
    file: Option<SettingsFile>,
    protocols: Protocols,
    lame_duck: Duration,
    orders: Arc<Orders>,
    running: Arc<Running>,
    leaving: Option<Timer>,
}

/// The server that runs.
#[derive(Debug)]
pub(crate) struct Running {
    /// What it was started with.
    settings: Settings,
    /// Where its pools are.
    directory: Arc<Directory>,
}

impl Running {
    #[must_use]
    pub(crate) fn new(settings: Settings, directory: Arc<Directory>) -> Self {
        Self { settings, directory }
    }
}

impl Steward {
    /// `file` is what SIGHUP loads, and `protocols` what it may name. `lame_duck` is how long the
    /// server goes on accepting.
    #[must_use]
    pub(crate) fn new(
        file: Option<SettingsFile>,
        protocols: Protocols,
        lame_duck: Duration,
        orders: Arc<Orders>,
        running: Arc<Running>,
    ) -> Self {
        Self { file, protocols, lame_duck, orders, running, leaving: None }
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
    /// Whether the server was told to stop, also while it goes on accepting for a while.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leave_at.lock().is_some()
    }

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
            return self.reload(cx);
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

    /// Applies what the file says of backends, and tells what else of it waits for a restart. A
    /// file with a mistake changes nothing.
    fn reload(&self, cx: &mut Context<'_, Self>) {
        let _span = info_span!("reload").entered();
        let Some(file) = &self.file else {
            info!("SIGHUP: there is no file to load");
            return;
        };
        // Handed to the log as strings, which it escapes: they come from outside.
        let wanted = match self.protocols.load(&file.path, std::env::vars_os(), file.flags.clone())
        {
            Ok(wanted) => wanted,
            Err(mistakes) => {
                for mistake in mistakes.iter() {
                    let mistake = mistake.to_string();
                    error!(mistake, "SIGHUP: the file has a mistake: nothing is changed");
                }
                return;
            }
        };
        for what in reload::needs_restart(&self.running.settings, &wanted) {
            warn!(what, "SIGHUP: this differs from what runs, and needs a restart");
        }
        let file = file.path.to_string_lossy().into_owned();
        let asked = wanted.pools.iter().filter_map(|(name, pool)| {
            let actor = self.running.directory.with_pool(name, |pool| pool.actor.clone())?;
            let asked = actor.ask(Reconfigure(sources(&pool.backends)), WITHIN);
            let name = name.clone();
            Some(async move { (name, asked.await) })
        });
        cx.pipe(join_all(asked.collect::<Vec<_>>()), move |_, answers, _| {
            let mut changed = Vec::new();
            for (pool, answer) in answers {
                match answer {
                    Ok(changes) if changes.is_empty() => {}
                    Ok(_) => changed.push(pool),
                    Err(error) => {
                        warn!(pool, %error, "SIGHUP: the pool did not take its backends: try again");
                    }
                }
            }
            let changed = changed.join(", ");
            info!(file, changed, "SIGHUP: the backends of the file are in use");
        });
    }
}
