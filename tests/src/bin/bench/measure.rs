//! One proxy, measured once with one workload, with everything started anew.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::bulk::{Bulk, BulkPlan};
use trunkline_tests::idle_clients::{IdleClients, IdlePlan};
use trunkline_tests::keepalive::{Keepalive, KeepalivePlan};
use trunkline_tests::origin::{Origin, OriginPlan};
use trunkline_tests::procfs::pss_bytes;
use trunkline_tests::proxied::Layer;
use trunkline_tests::sample::Sample;
use trunkline_tests::short::{Short, ShortPlan};

use crate::figures::Figures;
use crate::proxy::{Proxy, Running};
use crate::workload::{AT_ONCE, BODY, CLIENTS, Kind, SMALL, Workload};

/// Any port of 127.0.0.1.
const ANY: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// How long one measurement may take.
const LIMIT: Duration = Duration::from_secs(120);
/// What is done before it is measured, as a part of that.
const WARM_UP: u64 = 10;
/// How often in a row memory has to be the same before it is believed.
const STEADY: u32 = 20;
/// How long that may take; memory that still moves then is taken as it is.
const STEADY_WITHIN: Duration = Duration::from_secs(2);
/// Connections to the backend beside those that are kept: health checks, the first of each thread.
const OTHER_CONNECTIONS: u64 = 200;

/// What is needed to measure.
pub(crate) struct Bench {
    pub(crate) peer: PathBuf,
    pub(crate) trunkline: PathBuf,
    pub(crate) quick: bool,
}

/// Why there are no figures.
pub(crate) enum Unmeasured {
    /// It could not be started like this: not installed, or not able to.
    Refused(anyhow::Error),
    /// It was started and failed.
    Failed(anyhow::Error),
}

/// What stands behind the proxy.
enum Behind {
    Echo(Backend),
    Origin(Origin),
}

impl Behind {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Echo(backend) => backend.address(),
            Self::Origin(origin) => origin.address(),
        }
    }

    /// Connections accepted so far, and requests where it counts those.
    fn seen(&mut self) -> Result<(u64, Option<u64>)> {
        Ok(match self {
            Self::Echo(backend) => (backend.counts()?.accepted, None),
            Self::Origin(origin) => {
                let counts = origin.counts()?;
                (counts.accepted, Some(counts.requests))
            }
        })
    }
}

impl Bench {
    /// Starts everything anew, and measures.
    ///
    /// # Errors
    /// [`Unmeasured`], which tells a proxy that cannot do this from one that does it wrongly.
    pub(crate) fn measure(&self, workload: Workload, proxy: Proxy) -> Result<Figures, Unmeasured> {
        let mut behind = self.behind(workload).map_err(Unmeasured::Failed)?;
        let mut running =
            Running::start(proxy, &self.trunkline, workload.layer(), behind.address())
                .map_err(Unmeasured::Refused)?;
        let measured = self.work(workload, proxy, &mut running, &mut behind);
        // A second proxy on its port may have come meanwhile.
        measured.and_then(|figures| running.alone().map(|()| figures)).map_err(Unmeasured::Failed)
    }

    fn behind(&self, workload: Workload) -> Result<Behind> {
        let bulk = matches!(workload.kind(), Kind::Bulk(_));
        // Downloads at L4 are asked for by HTTP as well: the proxy does not look.
        if bulk || workload.layer() == Layer::Http {
            return Ok(Behind::Origin(Origin::start(&self.peer, &OriginPlan::new(ANY))?));
        }
        let plan = BackendPlan { threads: 1, ..BackendPlan::new(ANY, Mode::Echo) };
        Ok(Behind::Echo(Backend::start(&self.peer, &plan)?))
    }

    fn work(
        &self,
        workload: Workload,
        proxy: Proxy,
        running: &mut Running,
        behind: &mut Behind,
    ) -> Result<Figures> {
        let (to, peer) = (running.address(), &self.peer);
        let http = workload.layer() == Layer::Http;
        let size = if http { BODY } else { SMALL };
        let amount = workload.amount(self.quick);
        let kept = workload.kind() == Kind::Keepalive || proxy.keeps();
        match workload.kind() {
            Kind::Keepalive => {
                let plan =
                    KeepalivePlan { size, http, threads: 1, ..KeepalivePlan::new(to, CLIENTS) };
                let mut clients = Keepalive::open(peer, &plan)?;
                clients.round(amount / WARM_UP, LIMIT)?;
                sample(running, behind, kept, || clients.round(amount, LIMIT))
                    .map(Figures::of_requests)
            }
            Kind::Connections => {
                let plan = ShortPlan { size, http, threads: 1, ..ShortPlan::new(to, AT_ONCE) };
                let mut clients = Short::start(peer, &plan)?;
                clients.round(amount / WARM_UP, LIMIT)?;
                sample(running, behind, kept, || clients.round(amount, LIMIT))
                    .map(Figures::of_requests)
            }
            Kind::Bulk(streams) => {
                let mut clients = Bulk::open(peer, &BulkPlan { to, streams })?;
                clients.round(amount / WARM_UP, LIMIT)?;
                let sample = Sample::take(&running.processes()?, || clients.round(amount, LIMIT))?;
                Ok(Figures::of_bytes(&sample))
            }
            Kind::Idle => self.idle(running, u32::try_from(amount)?, http),
        }
    }

    /// Bytes of memory for each connection that has made one request and does nothing more.
    fn idle(&self, running: &mut Running, connections: u32, http: bool) -> Result<Figures> {
        let to = running.address();
        let open = |connections| {
            let plan = IdlePlan { http, ..IdlePlan::new(to, connections) };
            let clients = IdleClients::open(&self.peer, &plan, LIMIT)?;
            let opened = clients.opened();
            ensure!(opened.ready == u64::from(connections), "failed: {opened:?}");
            anyhow::Ok(clients)
        };
        // What the first connections bring into memory is not what each of them costs.
        open(u32::from(AT_ONCE))?.close()?;
        let before = steady_memory(running)?;
        let mut clients = open(connections)?;
        let after = steady_memory(running)?;
        let held = clients.held()?;
        ensure!(held.open == u64::from(connections), "closed while they were idle: {held:?}");
        Ok(Figures::of_idle(before, after, connections))
    }
}

/// Measures a round, and makes sure that its requests went through to the backend, over connections
/// that are kept if they are to be.
fn sample(
    running: &mut Running,
    behind: &mut Behind,
    kept: bool,
    round: impl FnOnce() -> Result<trunkline_tests::keepalive::Round>,
) -> Result<Sample> {
    let (accepted_before, requests_before) = behind.seen()?;
    let sample = Sample::take(&running.processes()?, round)?;
    let (accepted, requests) = behind.seen()?;
    if let Some((after, before)) = requests.zip(requests_before) {
        let through = after - before;
        ensure!(through >= sample.requests, "only {through} requests reached the backend");
        let new = accepted - accepted_before;
        ensure!(
            !kept || new <= OTHER_CONNECTIONS + sample.requests / 10,
            "{new} connections to the backend for {through} requests: it does not keep them"
        );
    }
    Ok(sample)
}

/// Memory of all processes once it stands still, in bytes.
fn steady_memory(running: &mut Running) -> Result<u64> {
    let processes = running.processes()?;
    let (mut last, mut same) = (0, 0);
    let waited = running.process().wait_until("steady memory", STEADY_WITHIN, |_| {
        let now = processes.iter().map(|process| pss_bytes(*process)).sum::<Result<u64>>()?;
        same = if now == last { same + 1 } else { 0 };
        last = now;
        Ok(same == STEADY)
    });
    match running.process().status()? {
        Some(_) => waited.map(|()| last).context("it ended"),
        None => Ok(last),
    }
}
