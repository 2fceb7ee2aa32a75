//! What the members of a pool can do at one moment.
//!
//! It is worked out once, by whoever needs it first, and serves every lease until something changes:
//! a member's health, an ejection that ends, the next step of a slow start. So a lease costs no pass
//! over all members, and none is given after a view that has been overtaken.

use std::time::Duration;

use tokio::time::Instant;

use super::Tier;
use crate::backend::Open;
use crate::pool::Member;

/// What a member of weight 1 weighs in a view: a slow start gives it parts of that.
pub const WHOLE: u32 = 100;

/// The least part of its weight that a member in its slow start has, as in Envoy, in per cent.
const LEAST: u32 = 10;

/// How many steps a slow start has.
const STEPS: u32 = 50;

/// How much more than its share a tier takes before it spills over, in per cent: Envoy's
/// over-provisioning factor.
const OVERPROVISION: u64 = 140;

/// What a view is made by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Optics {
    /// Ejections are ignored where fewer members than so many per cent could serve.
    pub(crate) panic: u8,
    /// How long a member that comes back takes to get its whole weight.
    pub(crate) slow_start: Option<Duration>,
}

/// One tier at one moment.
#[derive(Debug, Default)]
pub struct View {
    /// By member: what it weighs, in parts of [`WHOLE`]; 0 for one that does not serve.
    weights: Box<[u32]>,
    /// Those that serve, in the order of the tier.
    serving: Box<[u32]>,
    /// By those that serve: the sum of the weights up to and with it.
    sums: Box<[u64]>,
    heaviest: u32,
}

/// All tiers at one moment.
#[derive(Debug)]
pub(crate) struct Views {
    /// The number of changes that had been made when it was begun.
    pub(crate) changes: u64,
    /// When time alone makes it wrong.
    until: Option<Instant>,
    pub(crate) tiers: Box<[View]>,
    /// By tier: the share of all requests that goes to it or one before it, in per ten thousand.
    shares: Box<[u64]>,
}

impl View {
    fn of(weights: Vec<u32>) -> Self {
        let mut serving = Vec::with_capacity(weights.len());
        let mut sums = Vec::with_capacity(weights.len());
        let mut sum = 0;
        // There are not 2^32 members.
        for (index, weight) in (0u32..).zip(&weights) {
            if *weight > 0 {
                sum += u64::from(*weight);
                serving.push(index);
                sums.push(sum);
            }
        }
        let heaviest = weights.iter().copied().max().unwrap_or(0);
        Self { weights: weights.into(), serving: serving.into(), sums: sums.into(), heaviest }
    }

    /// What a member weighs; 0 if it does not serve.
    #[must_use]
    pub fn weight(&self, index: usize) -> u32 {
        self.weights.get(index).copied().unwrap_or(0)
    }

    /// The members that serve, by their indices in the tier, in its order.
    #[must_use]
    pub fn serving(&self) -> &[u32] {
        &self.serving
    }

    /// The sum of all weights.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.sums.last().copied().unwrap_or(0)
    }

    /// The greatest weight; 0 if nobody serves.
    #[must_use]
    pub fn heaviest(&self) -> u32 {
        self.heaviest
    }

    /// The member in whose part of the sum of all weights `point` falls.
    pub(super) fn at(&self, point: u64) -> Option<usize> {
        let place = self.sums.partition_point(|sum| *sum <= point);
        self.serving.get(place).map(|index| *index as usize)
    }
}

impl Views {
    /// Looks at all members. `changes` is the number of changes known before.
    pub(crate) fn look(tiers: &[Tier], optics: &Optics, changes: u64, now: Instant) -> Self {
        let mut until = None;
        let mut looked: Vec<Looked> =
            tiers.iter().map(|tier| Looked::of(tier, optics, &mut until, now)).collect();
        if proper(&looked, tiers).map(|(looked, _)| looked.health()).sum::<u64>() < 10_000 {
            looked.iter_mut().for_each(|looked| looked.panic(optics));
        }
        Self {
            changes,
            until,
            shares: shares(&looked, tiers),
            tiers: looked.into_iter().map(|looked| View::of(looked.weights)).collect(),
        }
    }

    /// What holds until somebody has looked: never.
    pub(crate) fn unseen(tiers: &[Tier]) -> Self {
        Self {
            changes: u64::MAX,
            until: None,
            tiers: tiers.iter().map(|_| View::default()).collect(),
            shares: Box::default(),
        }
    }

    /// Whether it still holds.
    pub(crate) fn holds(&self, changes: u64, now: Instant) -> bool {
        self.changes == changes && self.until.is_none_or(|until| now < until)
    }

    /// The tier for one request.
    pub(crate) fn pick(&self, rng: &mut fastrand::Rng) -> usize {
        match self.shares.first() {
            None | Some(10_000..) => 0,
            Some(_) => {
                let point = rng.u64(..10_000);
                self.shares.partition_point(|share| *share <= point).min(self.shares.len() - 1)
            }
        }
    }

    /// Whether any member serves.
    pub(crate) fn any(&self) -> bool {
        self.tiers.iter().any(|tier| !tier.serving.is_empty())
    }
}

/// By tier: the share of all requests that goes to it or one before it, in per ten thousand.
fn shares(looked: &[Looked], tiers: &[Tier]) -> Box<[u64]> {
    let whole: u64 = proper(looked, tiers).map(|(looked, _)| looked.health()).sum();
    if whole == 0 {
        // All of it to the first that has anybody.
        return looked
            .iter()
            .scan(0, |share, looked| {
                *share = if looked.serving > 0 { 10_000 } else { *share };
                Some(*share)
            })
            .collect();
    }
    let mut taken = 0;
    let of_tier = looked.iter().zip(tiers).map(|(looked, tier)| {
        taken += if tier.is_backup() { 0 } else { looked.health() };
        // Where all of them are too weak together, each has as much more.
        taken.min(whole) * 10_000 / whole.min(10_000)
    });
    of_tier.map(|share| share.min(10_000)).collect()
}

fn proper<'l>(
    looked: &'l [Looked],
    tiers: &'l [Tier],
) -> impl Iterator<Item = (&'l Looked, &'l Tier)> {
    looked.iter().zip(tiers).filter(|(_, tier)| !tier.is_backup())
}

/// A tier while it is being looked at.
struct Looked {
    weights: Vec<u32>,
    /// Those that would serve but are ejected, with what they would weigh.
    ejected: Vec<(usize, u32)>,
    serving: u64,
    /// Those that are not being drained.
    counted: u64,
}

impl Looked {
    fn of(tier: &Tier, optics: &Optics, until: &mut Option<Instant>, now: Instant) -> Self {
        let mut looked = Self { weights: Vec::new(), ejected: Vec::new(), serving: 0, counted: 0 };
        for (index, member) in tier.members().iter().enumerate() {
            let (weight, ejected, next) = look(member, optics, now);
            if let Some(next) = next {
                *until = Some(until.map_or(next, |until| until.min(next)));
            }
            looked.counted += u64::from(!member.draining);
            if ejected && weight > 0 {
                looked.ejected.push((index, weight));
                looked.weights.push(0);
            } else {
                looked.serving += u64::from(weight > 0);
                looked.weights.push(weight);
            }
        }
        looked
    }

    /// The share of all requests that it may be given, in per ten thousand.
    fn health(&self) -> u64 {
        (self.serving * OVERPROVISION * 100).checked_div(self.counted).unwrap_or(0).min(10_000)
    }

    /// Too few are left to bear what others were spared: better bad answers than none.
    fn panic(&mut self, optics: &Optics) {
        if self.serving * 100 < u64::from(optics.panic) * self.counted {
            self.serving += self.ejected.len() as u64;
            for (index, weight) in self.ejected.drain(..) {
                self.weights[index] = weight;
            }
        }
    }
}

/// What a member weighs, whether it is ejected, and when time alone changes either.
fn look(member: &Member, optics: &Optics, now: Instant) -> (u32, bool, Option<Instant>) {
    if member.draining {
        return (0, false, None);
    }
    let backend = &member.backend;
    let opens = match backend.open(now) {
        Open::Now => None,
        Open::At(due) => return (0, false, Some(due)),
        Open::Never => return (0, false, None),
    };
    let ejected_until = backend.ejected_until();
    let ejected = ejected_until.filter(|until| *until > now);
    let whole = member.weight.get() * WHOLE;
    let mut next: Option<Instant> = opens.into_iter().chain(ejected).min();
    let mut weight = whole;
    // It is back since the later of the two.
    let since = backend.back_since().max(ejected_until.filter(|until| *until <= now));
    if let (Some(slow_start), Some(since)) = (optics.slow_start, since) {
        let age = now.saturating_duration_since(since);
        if age < slow_start {
            let part = age.as_nanos() * 100 / slow_start.as_nanos().max(1);
            let part = u32::try_from(part).unwrap_or(100).clamp(LEAST, 100);
            weight = (whole * part / 100).max(1);
            let step = now + (slow_start / STEPS).max(Duration::from_millis(10));
            next = Some(next.map_or(step, |next| next.min(step)));
        }
    }
    (weight, ejected.is_some(), next)
}
