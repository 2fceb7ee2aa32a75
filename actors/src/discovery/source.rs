//! One source: its last good answer, and when it is asked again.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::answer::{Addresses, Answer, Found, Lookup, LookupError, Target};
use super::{Origin, SourcePlan, Wanted, srv};

/// How often names are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// An answer is used at least so long, whatever its time to live; also the first pause after a
    /// failure.
    pub shortest: Duration,
    /// The next look is made at the latest after this.
    pub longest: Duration,
}

impl Pace {
    /// The time until the look after an answer.
    fn after_answer(&self, valid_for: Duration) -> Duration {
        valid_for.max(self.shortest).min(self.longest)
    }

    /// The time until the look after so many failures in a row, of which this is the last. Half
    /// of it is chance, so that what failed together does not come again together; `random` is
    /// from 0 to 1.
    fn after_failures(&self, failures: u32, random: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
        let pause = self.shortest.saturating_mul(doubled).min(self.longest);
        pause.mul_f64(0.5 + 0.5 * random.clamp(0.0, 1.0))
    }
}

/// A change in how a source answers; told once, not at each try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It answers no more, or in part; what it last said is kept.
    Failed(LookupError),
    /// It answers again.
    Recovered,
}

/// When a source is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schedule {
    /// An address as it stands needs no asking.
    Never,
    At(Instant),
    /// The question is under way.
    Asked,
}

#[derive(Debug)]
pub(super) struct Source {
    plan: SourcePlan,
    last: Option<Answer>,
    schedule: Schedule,
    /// In a row.
    failures: u32,
    /// Whether it is known that it does not answer.
    failing: bool,
}

impl Source {
    pub(super) fn new(plan: SourcePlan, now: Instant) -> Self {
        let schedule = match &plan.origin {
            Origin::Address(_) => Schedule::Never,
            Origin::Host { .. } | Origin::Srv { .. } => Schedule::At(now),
        };
        Self { plan, last: None, schedule, failures: 0, failing: false }
    }

    pub(super) fn plan(&self) -> &SourcePlan {
        &self.plan
    }

    /// Takes another plan of the same origin: what was answered still holds.
    pub(super) fn replan(&mut self, plan: SourcePlan) {
        self.plan = plan;
    }

    pub(super) fn due(&self) -> Option<Instant> {
        match self.schedule {
            Schedule::At(at) => Some(at),
            Schedule::Never | Schedule::Asked => None,
        }
    }

    /// The question, if it is to be put now; from then on it is under way.
    pub(super) fn ask(&mut self, now: Instant) -> Option<Lookup> {
        if self.due()? > now {
            return None;
        }
        let lookup = match &self.plan.origin {
            Origin::Address(_) => return None,
            Origin::Host { name, .. } => Lookup::Host(Arc::clone(name)),
            Origin::Srv { name } => Lookup::Srv(Arc::clone(name)),
        };
        self.schedule = Schedule::Asked;
        Some(lookup)
    }

    /// A question that is under way will have no answer.
    pub(super) fn forget_question(&mut self, now: Instant) {
        if self.schedule == Schedule::Asked {
            self.schedule = Schedule::At(now);
        }
    }

    /// Whether it has yet to be heard of for the first time.
    pub(super) fn is_unheard(&self) -> bool {
        self.schedule != Schedule::Never && self.last.is_none() && self.failures == 0
    }

    /// Takes what came of the question.
    pub(super) fn take(
        &mut self,
        found: Result<Found, LookupError>,
        pace: &Pace,
        now: Instant,
        random: f64,
    ) -> Option<News> {
        let taken = found.and_then(|Found { answer, valid_for }| {
            let complete = answer.is_complete();
            let merged = answer.or(self.last.as_ref());
            if merged.is_empty() {
                return Err(if complete { LookupError::Empty } else { LookupError::Silence });
            }
            self.last = Some(merged);
            // What is missing is asked for again as after a failure; what came is good.
            if complete { Ok(valid_for) } else { Err(LookupError::Silence) }
        });
        match taken {
            Ok(valid_for) => {
                self.failures = 0;
                self.schedule = Schedule::At(now + pace.after_answer(valid_for));
                std::mem::take(&mut self.failing).then_some(News::Recovered)
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.schedule = Schedule::At(now + pace.after_failures(self.failures, random));
                let news = !std::mem::replace(&mut self.failing, true);
                news.then_some(News::Failed(error))
            }
        }
    }

    /// The members that its last good answer makes.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        match (&self.plan.origin, &self.last) {
            (Origin::Address(address), _) => vec![self.member(*address, None)],
            (Origin::Host { name, port }, Some(Answer::Host(addresses))) => {
                let at = |ip: IpAddr| self.member(SocketAddr::new(ip, *port), Some(name));
                addresses.sorted().into_iter().map(at).collect()
            }
            (Origin::Srv { .. }, Some(Answer::Srv(targets))) => srv::members(targets)
                .map(|(target, weight, rank)| {
                    let priority = self.plan.priority.saturating_add(rank);
                    let at = move |ip| Wanted {
                        weight,
                        priority: priority.min(super::LAST_PRIORITY),
                        ..self.member(SocketAddr::new(ip, target.port), Some(&target.name))
                    };
                    target.addresses.sorted().into_iter().map(at)
                })
                .collect::<Vec<_>>()
                .into_iter()
                .flatten()
                .collect(),
            (Origin::Host { .. } | Origin::Srv { .. }, _) => Vec::new(),
        }
    }

    fn member(&self, address: SocketAddr, host: Option<&Arc<str>>) -> Wanted {
        let SourcePlan { weight, backup, priority, zone, .. } = &self.plan;
        Wanted {
            address,
            host: host.cloned(),
            weight: *weight,
            backup: *backup,
            priority: *priority,
            zone: zone.clone(),
            draining: false,
        }
    }
}

impl Answer {
    /// Whether all that had to be asked for it was answered.
    fn is_complete(&self) -> bool {
        match self {
            Self::Host(addresses) => addresses.is_complete(),
            Self::Srv(targets) => targets.iter().all(|target| target.addresses.is_complete()),
        }
    }

    /// Whether it leads nowhere.
    fn is_empty(&self) -> bool {
        let nowhere = |addresses: &Addresses| addresses.sorted().is_empty();
        match self {
            Self::Host(addresses) => nowhere(addresses),
            Self::Srv(targets) => targets.iter().all(|target| nowhere(&target.addresses)),
        }
    }

    /// With what `last` knows for the parts that were not answered.
    fn or(self, last: Option<&Self>) -> Self {
        match (self, last) {
            (Self::Host(addresses), Some(Self::Host(last))) => Self::Host(addresses.or(Some(last))),
            (Self::Srv(targets), Some(Self::Srv(last))) => {
                let known = |target: Target| {
                    let same = last.iter().find(|known| known.name == target.name);
                    let addresses = target.addresses.or(same.map(|known| &known.addresses));
                    Target { addresses, ..target }
                };
                Self::Srv(targets.into_iter().map(known).collect())
            }
            (answer @ (Self::Host(_) | Self::Srv(_)), _) => answer,
        }
    }
}
