//! `pools/NAME/ADDRESS/probe`: asks a backend every now and then, to see whether it would serve.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use trunkline_runtime::{Actor, Address, Context, Failure, Handles, Message, Reply};

use crate::backend::Backend;
use crate::backend::health::Standing;
use crate::probe::{Answer, HttpProbe, ProbeFailure, Verdict};
use crate::socket::{Fault, TcpOptions, connect};
use crate::stream::{Loss, Stream};

use super::backend::{BackendActor, Changed};

/// How a backend is probed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeSettings {
    /// From one probe to the next; a tenth more or less, so that probes do not march in step.
    pub interval: Duration,
    /// The same while the backend is out; counts from the first probe that finds it so.
    pub interval_down: Duration,
    /// How long a probe may take, from connecting to the last byte that it needs.
    pub timeout: Duration,
    /// What is asked.
    pub kind: ProbeKind,
}

/// What a probe asks of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeKind {
    /// To take a connection.
    Tcp,
    /// To answer this.
    Http(Arc<HttpProbe>),
}

impl ProbeSettings {
    /// The time to the next probe; `random` is from 0 to 1.
    fn pause(&self, standing: Standing, random: f64) -> Duration {
        let interval = match standing {
            Standing::Up | Standing::Shaky => self.interval,
            Standing::Down { .. } | Standing::OnTrial | Standing::Unfit => self.interval_down,
        };
        interval.mul_f64(0.9 + 0.2 * random)
    }
}

/// The active health check of one backend.
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
        let (settings, backend) = (self.settings.clone(), Arc::clone(&self.backend));
        let probe = async move { ask(&settings, backend.address(), backend.host()).await };
        cx.pipe(probe, |state, result, cx| {
            state.judge(result);
            let pause = state.settings.pause(state.backend.standing(), state.random.f64());
            state.timer = Some(cx.after(pause, Due));
        });
    }
}

impl Probe {
    fn judge(&self, result: Result<(), ProbeFailure>) {
        let now = Instant::now();
        let cause = result.err();
        let transition = match cause {
            None => self.backend.probe_passed(now),
            Some(ProbeFailure::Connect(failure)) => match failure.fault() {
                Fault::Backend => self.backend.probe_failed(now),
                Fault::Ours => None,
            },
            Some(
                ProbeFailure::AnswerTimedOut
                | ProbeFailure::Lost(_)
                | ProbeFailure::Answer(_)
                | ProbeFailure::Status(_)
                | ProbeFailure::TextMissing,
            ) => self.backend.probe_answered_badly(now),
        };
        if let Some(transition) = transition {
            // The cell knows already; see `Directory::tell`.
            let _ = self.reports_to.send(Changed { transition, cause });
        }
    }
}

/// One probe. May be dropped at any time: its connection ends with it.
async fn ask(
    settings: &ProbeSettings,
    address: SocketAddr,
    name: Option<&str>,
) -> Result<(), ProbeFailure> {
    let begun = Instant::now();
    let mut stream = connect(&[address], settings.timeout, &TcpOptions::default())
        .await
        .map_err(|error| ProbeFailure::Connect(error.failure))?;
    let result = match &settings.kind {
        ProbeKind::Tcp => Ok(()),
        ProbeKind::Http(probe) => {
            let left = settings.timeout.saturating_sub(begun.elapsed());
            let request = probe.request(address, name);
            let exchange = exchange(&mut stream, &request, probe.answer());
            timeout(left, exchange).await.unwrap_or(Err(ProbeFailure::AnswerTimedOut))
        }
    };
    // A reset, so that the backend keeps no half-open connection to wait for, nor we a port.
    stream.abort();
    result
}

/// Sends the request and reads its answer as far as it matters.
async fn exchange(
    stream: &mut Stream,
    request: &[u8],
    mut answer: Answer<'_>,
) -> Result<(), ProbeFailure> {
    let mut unsent = request;
    while !unsent.is_empty() {
        match poll_fn(|cx| stream.poll_write(cx, unsent)).await {
            Ok(sent) => unsent = &unsent[sent..],
            // Whoever answers without reading has closed; its answer may be there.
            Err(_) => break,
        }
    }
    let mut buffer = vec![0; 4096];
    loop {
        let verdict = match poll_fn(|cx| stream.poll_read(cx, &mut buffer)).await {
            Ok(0) => answer.end(),
            Ok(read) => answer.feed(&buffer[..read]),
            Err(error) => return Err(ProbeFailure::Lost(Loss::of(&error))),
        };
        match verdict {
            Verdict::More => {}
            Verdict::Pass => return Ok(()),
            Verdict::Fail(failure) => return Err(failure),
        }
    }
}

#[cfg(test)]
mod tests;
