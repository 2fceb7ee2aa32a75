//! The better of two by how long their answers take.

use std::cmp::Ordering;

use super::least_request::Load;
use super::two_choices::better_of_two;
use super::{Balance, Candidates};

/// Of two members by chance, the one whose next answer is likely to come sooner: by its latency and
/// the leases that are out, as in Finagle and linkerd. The latency is a moving average that follows a
/// rise at once and a fall slowly, so that a member that stalls is avoided after one slow answer.
///
/// The cost of a member is `latency * (1 + leases * heaviest / weight)`. With equal weights that is
/// Finagle's `latency * (1 + leases)`. To divide all of it by the weight, as is often done, would give
/// the heavier of two idle members everything.
///
/// Where the latency of one of the two is not known yet, leases alone decide: a new member is neither
/// flooded nor starved until its first answer comes.
#[derive(Debug)]
pub struct PeakEwma;

impl Balance for PeakEwma {
    fn choose(&self, candidates: &Candidates<'_>, rng: &mut fastrand::Rng) -> Option<usize> {
        better_of_two(candidates, rng, |one, other| {
            match (cost(candidates, one), cost(candidates, other)) {
                (Some(one), Some(other)) => one.total_cmp(&other),
                (None, _) | (_, None) => by_load(candidates, one, other),
            }
        })
    }
}

/// What one more lease would cost there, in nanoseconds; nothing if its latency is not known.
fn cost(candidates: &Candidates<'_>, index: usize) -> Option<f64> {
    let backend = &candidates.members()[index].backend;
    let latency = backend.latency_cost(candidates.now());
    let view = candidates.view();
    let per_lease = f64::from(view.heaviest()) / f64::from(view.weight(index));
    (latency > 0.0).then(|| latency * (1.0 + f64::from(backend.in_flight()) * per_lease))
}

fn by_load(candidates: &Candidates<'_>, one: usize, other: usize) -> Ordering {
    Load::of(candidates, one).cmp(Load::of(candidates, other))
}
