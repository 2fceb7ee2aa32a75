//! `pools/NAME/ADDRESS/probe`: connects to a backend every now and then, to see whether it could.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use trunkline_runtime::{Actor, Address, Context, Failure, Handles, Message, Reply};

use crate::backend::Backend;
use crate::socket::{ConnectError, Fault, TcpOptions, connect};
use crate::stream::Stream;

use super::backend::{BackendActor, Changed};

/// How a backend is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeSettings {
    /// From one probe to the next; a tenth more or less, so that probes do not march in step.
    pub interval: Duration,
    /// How long a probe may take.
    pub timeout: Duration,
}

/// The active health check of one backend, over TCP.
#[derive(Debug)]
pub struct Probe {
    pub(crate) settings: ProbeSettings,
    pub(crate) backend: Arc<Backend>,
    pub(crate) reports_to: Address<BackendActor>,
    pub(crate) random: fastrand::Rng,
    pub(crate) timer: Option<trunkline_runtime::Timer>,
}

#[derive(Debug)]
struct Due;

impl Message for Due {
    type Answer = ();
}

impl Actor for Probe {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        // Not all at once at the start, when there may be thousands.
        let first = self.settings.interval.mul_f64(self.random.f64());
        self.timer = Some(cx.after(first, Due));
        Ok(())
    }
}

impl Handles<Due> for Probe {
    fn handle(&mut self, _: Due, _: Reply<()>, cx: &mut Context<'_, Self>) {
        let address = self.backend.address();
        let within = self.settings.timeout;
        let probe = async move { connect(&[address], within, &TcpOptions::default()).await };
        cx.pipe(probe, |state, result, cx| {
            state.judge(result);
            let jitter = 0.9 + 0.2 * state.random.f64();
            state.timer = Some(cx.after(state.settings.interval.mul_f64(jitter), Due));
        });
    }
}

impl Probe {
    fn judge(&self, result: Result<Stream, ConnectError>) {
        let now = Instant::now();
        let transition = match result {
            Ok(mut stream) => {
                // A reset, so that the backend keeps no half-open connection to wait for.
                stream.abort();
                self.backend.probe_passed(now)
            }
            Err(error) => match error.failure.fault() {
                Fault::Backend => self.backend.probe_failed(now),
                Fault::Ours => None,
            },
        };
        if let Some(transition) = transition {
            // The cell knows already; see `Directory::tell`.
            let _ = self.reports_to.send(Changed(transition));
        }
    }
}
