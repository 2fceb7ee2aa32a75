use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::view::{Optics, Views};
use super::*;
use crate::backend::Backend;
use crate::backend::health::HealthPolicy;
use crate::pool::{Member, Weight};

mod bounds;
mod choice;
mod latency;
mod movement;
mod shares;
mod tables;
mod turns;

const POLICY: HealthPolicy =
    HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: Duration::from_secs(3600) };
const HASHES: [Algorithm; 3] = [Algorithm::RingHash, Algorithm::Maglev, Algorithm::SourceHash];

/// The member number `number`, the same in every test.
fn member(number: usize, weight: u32) -> Member {
    let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
    let address: SocketAddr = ([10, 0, high, low], 80).into();
    Member {
        weight: Weight::try_from(weight).unwrap(),
        ..Member::new(Arc::new(Backend::new(address, None, POLICY)))
    }
}

fn members(weights: &[u32]) -> Vec<Member> {
    weights.iter().enumerate().map(|(number, weight)| member(number, *weight)).collect()
}

fn tier_of(members: Vec<Member>, algorithm: Algorithm) -> Tier {
    let balancing = Balancing { algorithm, ..Balancing::default() };
    Tier::new(members, &balancing, &Arc::default())
}

fn tier(algorithm: Algorithm, weights: &[u32]) -> Tier {
    tier_of(members(weights), algorithm)
}

fn look(tier: &Tier) -> Views {
    let optics = Optics { panic: 0, slow_start: None };
    Views::look(std::slice::from_ref(tier), &optics, 0, Instant::now())
}

/// Candidates of a request that has no history and no key.
fn candidates<'a>(tier: &'a Tier, views: &'a Views) -> Candidates<'a> {
    Candidates {
        tier,
        view: &views.tiers[0],
        excluded: &[],
        limit: None,
        hash: None,
        in_flight: 1,
        now: Instant::now(),
    }
}

/// How often each member was chosen. Every request has a key of its own.
fn counts(tier: &Tier, choices: usize) -> Vec<usize> {
    let mut rng = fastrand::Rng::with_seed(7);
    let views = look(tier);
    let candidates = candidates(tier, &views);
    let mut counts = vec![0; tier.members().len()];
    for _ in 0..choices {
        counts[tier.balance().choose(&candidates, &mut rng).unwrap()] += 1;
    }
    counts
}

fn take_out(tier: &Tier, index: usize) {
    assert!(tier.members()[index].backend.probe_failed(Instant::now()).is_some());
}
