//! From the settings of a pool to what its actors are built from.

use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;

use trunkline_actors::backend::ejection::EjectionPolicy;
use trunkline_actors::backend::health::HealthPolicy;
use trunkline_actors::balance::{Algorithm, Balancing};
use trunkline_actors::http::sticky::Sticky;
use trunkline_actors::pool::{HashOn, KeepLimits, Limits, PoolSettings, Retry, Reuse};
use trunkline_actors::probe::{HttpProbe, HttpProbePlan, Method};
use trunkline_actors::tree::probe::{ProbeKind, ProbeSettings};
use trunkline_config as config;

/// How the pool of that name is used.
///
/// # Errors
/// When the system has no random bytes for a key.
pub(crate) fn settings(name: &str, pool: &config::Pool) -> io::Result<PoolSettings> {
    let keep =
        KeepLimits { connections: usize::from(pool.idle_connections), idle: pool.idle_timeout };
    Ok(PoolSettings {
        balancing: Balancing {
            algorithm: algorithm(pool.balance),
            bounded_load: pool.bounded_load,
        },
        hash: hash(&pool.hash),
        slow_start: pool.slow_start,
        panic: pool.panic,
        attempts: pool.attempts,
        connect_timeout: pool.connect_timeout,
        reuse: match pool.reuse {
            config::Reuse::Safe => Reuse::Safe,
            config::Reuse::Always => Reuse::Always,
            config::Reuse::Never => Reuse::Never,
        },
        keep,
        limits: limits(&pool.limits),
        ejection: ejection(&pool.eject),
        retry: retry(&pool.retry),
        sticky: pool.sticky.as_ref().map(|sticky| self::sticky(name, sticky)).transpose()?,
    })
}

fn algorithm(balance: config::Balance) -> Algorithm {
    match balance {
        config::Balance::RoundRobin => Algorithm::RoundRobin,
        config::Balance::LeastRequest => Algorithm::LeastRequest,
        config::Balance::Random => Algorithm::Random,
        config::Balance::TwoChoices => Algorithm::TwoChoices,
        config::Balance::PeakEwma => Algorithm::PeakEwma,
        config::Balance::RingHash => Algorithm::RingHash,
        config::Balance::Maglev => Algorithm::Maglev,
        config::Balance::SourceHash => Algorithm::SourceHash,
    }
}

fn hash(hash: &config::Hash) -> HashOn {
    match hash {
        config::Hash::Address => HashOn::Address,
        config::Hash::Path => HashOn::Path,
        config::Hash::Query(name) => HashOn::Query(name.as_str().into()),
        config::Hash::Header(name) => HashOn::Header(name.as_str().into()),
        config::Hash::Cookie(name) => HashOn::Cookie(name.as_str().into()),
    }
}

fn limits(limits: &config::Limits) -> Limits {
    Limits {
        in_flight: limits.in_flight.map(NonZeroU32::get),
        backend_in_flight: limits.backend_in_flight.map(NonZeroU32::get),
        queue: limits.queue,
        queue_timeout: limits.queue_timeout,
    }
}

fn ejection(eject: &config::Eject) -> EjectionPolicy {
    EjectionPolicy {
        failures: eject.failures,
        success_rate: eject.success_rate,
        least_requests: eject.least_requests.get(),
        interval: eject.interval,
        time: eject.time,
        longest: eject.longest,
        share: eject.share,
    }
}

fn retry(retry: &config::Retry) -> Retry {
    Retry {
        statuses: retry.statuses.as_slice().into(),
        buffer: retry.buffer,
        budget: u32::from(retry.budget),
        per_try: retry.per_try,
        hedge: retry.hedge,
    }
}

fn sticky(pool: &str, sticky: &config::Sticky) -> io::Result<Arc<Sticky>> {
    let cookie = &sticky.cookie;
    Ok(Arc::new(match &sticky.key {
        Some(key) => Sticky::new(pool, cookie, sticky.ttl, key.expose().as_bytes()),
        None => Sticky::new(pool, cookie, sticky.ttl, &Sticky::random_key()?),
    }))
}

/// When a backend of the pool is out.
pub(crate) fn health(pool: &config::Pool) -> HealthPolicy {
    HealthPolicy {
        fall: pool.fall.get(),
        probe_fall: pool.probe.fall.get(),
        rise: pool.probe.rise.get(),
        retry_after: pool.retry_after,
    }
}

/// How its backends are probed, if they are.
pub(crate) fn probe(pool: &config::Pool) -> Option<ProbeSettings> {
    let config::Probe { enabled, interval, interval_down, timeout, ref http, .. } = pool.probe;
    let kind = match http {
        None => ProbeKind::Tcp,
        // The configuration has refused what cannot be sent.
        Some(http) => ProbeKind::Http(Arc::new(HttpProbe::new(plan(http)).ok()?)),
    };
    enabled.then_some(ProbeSettings { interval, interval_down, timeout, kind })
}

fn plan(http: &config::HttpProbe) -> HttpProbePlan {
    HttpProbePlan {
        method: match http.method {
            config::ProbeMethod::Get => Method::Get,
            config::ProbeMethod::Head => Method::Head,
            config::ProbeMethod::Options => Method::Options,
            config::ProbeMethod::Post => Method::Post,
        },
        path: http.path.clone(),
        host: http.host.clone(),
        headers: http
            .headers
            .iter()
            .map(|field| (field.name.clone(), field.value.clone()))
            .collect(),
        statuses: http.status.ranges().into(),
        body: http.body.clone(),
    }
}
