//! All sources of a pool.

use std::collections::{HashSet, VecDeque};
use std::net::SocketAddr;

use tokio::time::Instant;

use super::answer::{Found, Lookup, LookupError};
use super::orders::{OrderError, Orders};
use super::source::{News, Pace, Source};
use super::{Origin, SourcePlan, Wanted};
use crate::pool::Weight;

/// Names a source of one [`Sources`]; never given twice, so that a late answer finds nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceId(u64);

/// The sources of a pool, with the last good answer of each and what was ordered at run time.
#[derive(Debug)]
pub struct Sources {
    pace: Pace,
    sources: Vec<(SourceId, Source)>,
    given: u64,
    orders: Orders,
}

impl Sources {
    /// No sources yet.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self { pace, sources: Vec::new(), given: 0, orders: Orders::default() }
    }

    /// Replaces the sources. One whose origin stays keeps its last answer and its schedule.
    pub fn configure(&mut self, plans: Vec<SourcePlan>, now: Instant) {
        // Mostly the next is the first that is left.
        let mut before = VecDeque::from(std::mem::take(&mut self.sources));
        for plan in plans {
            let same = before.iter().position(|(_, source)| source.plan().origin == plan.origin);
            let kept = same.and_then(|at| before.remove(at));
            let source = kept.map(|(id, mut source)| {
                source.replan(plan.clone());
                (id, source)
            });
            self.sources.push(source.unwrap_or_else(|| {
                self.given += 1;
                (SourceId(self.given), Source::new(plan, now))
            }));
        }
    }

    /// The questions that are to be put now; from then on they are under way.
    pub fn due(&mut self, now: Instant) -> Vec<(SourceId, Lookup)> {
        let ask = |(id, source): &mut (SourceId, Source)| Some((*id, source.ask(now)?));
        self.sources.iter_mut().filter_map(ask).collect()
    }

    /// When the next question is to be put; none while all are under way or nothing is to be asked.
    #[must_use]
    pub fn next_due(&self) -> Option<Instant> {
        self.sources.iter().filter_map(|(_, source)| source.due()).min()
    }

    /// The questions that are under way will have no answer: whoever asked is gone.
    pub fn forget_questions(&mut self, now: Instant) {
        for (_, source) in &mut self.sources {
            source.forget_question(now);
        }
    }

    /// Takes what came of a question. An empty answer and a failure keep the last good answer,
    /// whatever its age. `random` is from 0 to 1. Says which source it was, if there is news.
    pub fn take(
        &mut self,
        id: SourceId,
        found: Result<Found, LookupError>,
        now: Instant,
        random: f64,
    ) -> Option<(Origin, News)> {
        let (_, source) = self.sources.iter_mut().find(|(known, _)| *known == id)?;
        let news = source.take(found, &self.pace, now, random)?;
        Some((source.plan().origin.clone(), news))
    }

    /// Whether a name has yet to be heard of for the first time, be it a failure.
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        self.sources.iter().any(|(_, source)| source.is_unheard())
    }

    /// The members wanted, in the order of the sources; of an address that comes twice the first.
    #[must_use]
    pub fn wanted(&self) -> Vec<Wanted> {
        let mut wanted = self.configured();
        for member in &mut wanted {
            self.orders.apply(member);
        }
        wanted
    }

    fn configured(&self) -> Vec<Wanted> {
        let mut seen = HashSet::new();
        let all = self.sources.iter().flat_map(|(_, source)| source.wanted());
        all.filter(|member| seen.insert(member.address)).collect()
    }

    /// Forgets what was ordered of members that are wanted no more, and weights that were ordered
    /// before another was configured.
    pub fn prune_orders(&mut self) {
        let configured = self.configured();
        self.orders.prune(&configured);
    }

    /// Gives a member another weight, until another is configured.
    ///
    /// # Errors
    /// There is no such member.
    pub fn set_weight(&mut self, address: SocketAddr, weight: Weight) -> Result<(), OrderError> {
        let configured = self.find(address)?.weight;
        self.orders.set_weight(address, weight, configured);
        Ok(())
    }

    /// Gives a member no new lease, until [`Self::undrain`] or until it is wanted no more.
    ///
    /// # Errors
    /// There is no such member.
    pub fn drain(&mut self, address: SocketAddr) -> Result<(), OrderError> {
        self.find(address)?;
        self.orders.drain(address);
        Ok(())
    }

    /// Takes [`Self::drain`] back.
    ///
    /// # Errors
    /// There is no such member, or it is not draining.
    pub fn undrain(&mut self, address: SocketAddr) -> Result<(), OrderError> {
        self.find(address)?;
        if self.orders.undrain(address) { Ok(()) } else { Err(OrderError::NotDraining(address)) }
    }

    fn find(&self, address: SocketAddr) -> Result<Wanted, OrderError> {
        let mut configured = self.configured().into_iter();
        configured.find(|member| member.address == address).ok_or(OrderError::NoMember(address))
    }
}
