use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::Instant;

use super::*;

mod drains;
mod files;
mod properties;
mod records;
mod schedule;

const PACE: Pace = Pace { shortest: SECOND, longest: Duration::from_secs(30) };
const SECOND: Duration = Duration::from_secs(1);

fn host(name: &str) -> SourcePlan {
    SourcePlan::new(Origin::Host { name: name.into(), port: 80 })
}

fn literal(address: &str) -> SourcePlan {
    SourcePlan::new(Origin::Address(address.parse().unwrap()))
}

fn addresses(ips: &[&str]) -> Addresses {
    ips.iter().map(|ip| ip.parse::<IpAddr>().unwrap()).collect()
}

fn found(ips: &[&str], seconds: u64) -> Result<Found, LookupError> {
    let answer = Answer::Host(addresses(ips));
    Ok(Found { answer, valid_for: Duration::from_secs(seconds) })
}

fn at(wanted: &[Wanted]) -> Vec<String> {
    wanted.iter().map(|wanted| wanted.address.to_string()).collect()
}

fn weight(weight: u32) -> Weight {
    Weight::try_from(weight).unwrap()
}

/// Sources with the questions that are due at once.
fn asked(plans: Vec<SourcePlan>, now: Instant) -> (Sources, Vec<SourceId>) {
    let mut sources = Sources::new(PACE);
    sources.configure(plans, now);
    let ids = sources.due(now).into_iter().map(|(id, _)| id).collect();
    (sources, ids)
}
