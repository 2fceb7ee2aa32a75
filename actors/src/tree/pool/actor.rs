//! `pools/NAME/pool`: keeps a pool's members what its sources, its file and its operator want.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use tracing::{error, info, warn};
use trunkline_runtime::trace::TraceContext;
use trunkline_runtime::{
    Actor, Address, AskError, Context, Detail, Failure, Handles, Message, Reply, Timer,
};

use super::SourceFile;
use super::draining::users;
use super::membership::{Membership, Terms};
use crate::discovery::{
    Changes, Found, Look, LookupError, Named, News, OrderError, Origin, SourceId, SourcePlan, Stamp,
};
use crate::pool::{Pool, Weight};
use crate::tree::resolver::Resolver;

/// How often the file is looked at, and who uses a backend that drains.
const LOOK: Duration = Duration::from_secs(1);

/// When is tried again what could not be done, as the children of a backend that was removed a
/// moment ago are still stopping.
const AGAIN: Duration = Duration::from_millis(100);

/// Replaces the sources that the configuration names; those of the watched file stay. The answer is
/// what changed at once: names that are new have yet to be asked for.
#[derive(Debug)]
pub struct Reconfigure(pub Vec<SourcePlan>);

impl Message for Reconfigure {
    type Answer = Changes;
}

/// Gives a backend another weight, until another is configured for it.
#[derive(Debug, Clone, Copy)]
pub struct SetWeight {
    /// The backend.
    pub address: SocketAddr,
    /// Its share from now on.
    pub weight: Weight,
}

impl Message for SetWeight {
    type Answer = Result<(), OrderError>;
}

/// Gives a backend no new lease. Exchanges over HTTP that are under way go on to their end;
/// connections that are bound to it, as forwarded and upgraded ones are, are ended one by one.
#[derive(Debug, Clone, Copy)]
pub struct Drain {
    /// The backend.
    pub address: SocketAddr,
    /// Within which time the connections are ended, spread evenly. Zero: they may stay as long as
    /// they like.
    pub over: Duration,
}

impl Message for Drain {
    type Answer = Result<(), OrderError>;
}

/// Takes a [`Drain`] back.
#[derive(Debug, Clone, Copy)]
pub struct Undrain {
    /// The backend.
    pub address: SocketAddr,
}

impl Message for Undrain {
    type Answer = Result<(), OrderError>;
}

/// How often the pool is looked after.
const UPKEEP: Duration = Duration::from_secs(1);

/// The actor of a pool. Its state is in a cell outside: a crash loses the questions that are under
/// way, which are put again, and nothing else.
pub struct PoolActor {
    membership: Arc<Membership>,
    resolver: Address<Resolver>,
    file: Option<Arc<SourceFile>>,
    /// When the start waits for host names no longer: one moment for all pools.
    ready_by: Instant,
    random: fastrand::Rng,
    /// To the earliest moment at which something is due.
    turn: Option<Timer>,
    look: Option<Timer>,
    meet: Option<Timer>,
    end: Option<Timer>,
    upkeep: Option<Timer>,
}

/// Something is due.
struct Turn;

impl Message for Turn {
    type Answer = ();
}

/// The turn of a connection that is to be ended has come.
struct End;

impl Message for End {
    type Answer = ();
}

impl PoolActor {
    pub(super) fn new(
        membership: &Arc<Membership>,
        resolver: &Address<Resolver>,
        file: Option<&Arc<SourceFile>>,
        ready_by: Instant,
    ) -> Self {
        Self {
            membership: Arc::clone(membership),
            resolver: resolver.clone(),
            file: file.cloned(),
            ready_by,
            random: fastrand::Rng::new(),
            turn: None,
            look: None,
            meet: None,
            end: None,
            upkeep: None,
        }
    }

    fn name(&self) -> &str {
        &self.membership.terms.name
    }

    /// What time brings about: ejections that end, rates that are compared, places that are free.
    fn look_after(&self) {
        let Terms { pool, directory, .. } = &self.membership.terms;
        for (backend, transition) in pool.look_after(Instant::now()) {
            directory.tell(backend.id(), Some(transition));
        }
    }
}

impl Actor for PoolActor {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.upkeep = Some(cx.every(UPKEEP, |state: &mut Self, _| state.look_after()));
        cx.show(Arc::new(Shown(Arc::clone(&self.membership.terms.pool))));
        self.membership.forget_questions(Instant::now());
        if self.file.is_some() {
            self.look_at_file();
            self.look = Some(cx.every(LOOK, |state: &mut Self, cx| {
                if state.look_at_file() {
                    state.turn(cx);
                }
            }));
        }
        // What depends on this pool starts with its addresses, if they can be had soon.
        if self.membership.is_unheard() && self.ready_by > Instant::now() {
            cx.defer_ready();
            cx.pipe(tokio::time::sleep_until(self.ready_by), |_, (), cx| cx.ready());
        }
        self.turn(cx);
        self.drain_on(cx);
        Ok(())
    }
}

impl Handles<Turn> for PoolActor {
    fn handle(&mut self, _: Turn, _: Reply<()>, cx: &mut Context<'_, Self>) {
        self.turn(cx);
    }
}

impl Handles<Reconfigure> for PoolActor {
    fn handle(
        &mut self,
        Reconfigure(plans): Reconfigure,
        reply: Reply<Changes>,
        cx: &mut Context<'_, Self>,
    ) {
        self.membership.configure(plans, Instant::now());
        reply.send(self.turn(cx));
    }
}

impl Handles<SetWeight> for PoolActor {
    fn handle(
        &mut self,
        SetWeight { address, weight }: SetWeight,
        reply: Reply<Result<(), OrderError>>,
        cx: &mut Context<'_, Self>,
    ) {
        let ordered = self.membership.set_weight(address, weight);
        self.turn(cx);
        reply.send(ordered);
    }
}

impl Handles<Drain> for PoolActor {
    fn handle(
        &mut self,
        Drain { address, over }: Drain,
        reply: Reply<Result<(), OrderError>>,
        cx: &mut Context<'_, Self>,
    ) {
        let ordered = self.membership.drain(address, over, Instant::now());
        if ordered.is_ok() {
            info!(pool = self.name(), backend = %address, ?over, "backend drains");
        }
        self.turn(cx);
        self.drain_on(cx);
        reply.send(ordered);
    }
}

impl Handles<Undrain> for PoolActor {
    fn handle(
        &mut self,
        Undrain { address }: Undrain,
        reply: Reply<Result<(), OrderError>>,
        cx: &mut Context<'_, Self>,
    ) {
        let ordered = self.membership.undrain(address);
        self.turn(cx);
        reply.send(ordered);
    }
}

impl Handles<End> for PoolActor {
    fn handle(&mut self, _: End, _: Reply<()>, cx: &mut Context<'_, Self>) {
        self.end_due(cx);
    }
}

impl PoolActor {
    /// Puts the questions that are due, brings the pool in line, and sets the timer.
    fn turn(&mut self, cx: &mut Context<'_, Self>) -> Changes {
        for (id, lookup) in self.membership.due(Instant::now()) {
            // The resolver keeps a deadline of its own.
            let asked = self.resolver.ask_watched(lookup);
            cx.pipe(asked, move |state, found, cx| state.hear(id, found, cx));
        }
        let outcome = self.membership.bring_in_line();
        self.tell(&outcome.changes);
        let now = Instant::now();
        let again = outcome.unfinished.then(|| now + AGAIN);
        let next = self.membership.next_due().into_iter().chain(again).min();
        // It comes for as long as the pool is there, and is not a part of what was asked of it now.
        let _outside = TraceContext::leave();
        self.turn = next.map(|at| cx.after(at.saturating_duration_since(now), Turn));
        if !self.membership.is_unheard() {
            cx.ready();
        }
        outcome.changes
    }

    fn hear(
        &mut self,
        id: SourceId,
        found: Result<Result<Found, LookupError>, AskError>,
        cx: &mut Context<'_, Self>,
    ) {
        let found = found.unwrap_or_else(|error| Err(LookupError::Lost(error.to_string())));
        let random = self.random.f64();
        let news = self.membership.take(id, found, Instant::now(), random);
        if let Some((origin, news)) = news {
            self.tell_of(&origin, news);
        }
        // Names that are answered together are taken together.
        self.turn = Some(cx.after(Duration::ZERO, Turn));
    }

    fn tell_of(&self, origin: &Origin, news: News) {
        let (pool, source) = (self.name(), origin.to_string());
        match news {
            News::Failed(error) => {
                let error = error.to_string();
                warn!(pool, source, error, "a name has no good answer: what was known is kept");
            }
            News::Recovered => info!(pool, source, "the name is answered again"),
        }
    }

    fn tell(&self, changes: &Changes) {
        if changes.is_empty() {
            return;
        }
        let Changes { added, removed, changed } = changes;
        let backends = self.membership.terms.pool.current().members().count();
        info!(
            pool = self.name(),
            backends,
            came = %Named(added),
            went = %Named(removed),
            changed = %Named(changed),
            "backends have changed"
        );
    }

    /// Looks at the file; true if it was read.
    fn look_at_file(&self) -> bool {
        let Some(file) = &self.file else { return false };
        let path: &Path = &file.path;
        let (pool, shown) = (self.name(), path.to_string_lossy());
        match self.membership.look(Stamp::of(path).ok()) {
            Look::Nothing => false,
            Look::Gone => {
                warn!(pool, file = &*shown, "the file of backends is not there: the last is kept");
                false
            }
            Look::Read => match (file.load)() {
                Ok(plans) => {
                    let entries = plans.len();
                    info!(pool, file = &*shown, entries, "the file of backends was read");
                    self.membership.list(plans, Instant::now());
                    true
                }
                Err(mistake) => {
                    error!(pool, file = &*shown, mistake, "the file of backends is not good");
                    false
                }
            },
        }
    }

    /// Looks who uses the backends that drain, now and every second until nobody does.
    fn drain_on(&mut self, cx: &mut Context<'_, Self>) {
        let now = Instant::now();
        let (drained, left): (Vec<_>, Vec<_>) = self.membership.with_draining(|draining| {
            let drained = draining.extract_if(|_, one| one.is_over(now)).map(|(at, _)| at);
            let drained = drained.collect();
            (drained, draining.values().map(|one| one.backend()).collect())
        });
        for backend in drained {
            info!(pool = self.name(), %backend, "backend is drained: nobody uses it");
        }
        for backend in left {
            let workers = self.membership.terms.directory.upstreams().to_vec();
            cx.pipe(users(workers, backend), move |state: &mut Self, users, cx| {
                let rng = &mut state.random;
                state.membership.with_draining(|draining| {
                    for one in draining.values_mut().filter(|one| one.backend() == backend) {
                        one.meet(&users, Instant::now(), rng);
                    }
                });
                state.end_due(cx);
            });
        }
        let busy = self.membership.with_draining(|draining| !draining.is_empty());
        self.meet = busy.then(|| cx.after(LOOK, Meet));
    }

    /// Ends the connections whose turn has come, and sets the timer to the next.
    fn end_due(&mut self, cx: &mut Context<'_, Self>) {
        let now = Instant::now();
        let directory = &self.membership.terms.directory;
        let next = self.membership.with_draining(|draining| {
            for one in draining.values_mut() {
                one.end_due(directory, now);
            }
            draining.values().filter_map(|one| one.next_due()).min()
        });
        self.end = next.map(|at| cx.after(at.saturating_duration_since(now), End));
    }
}

/// To look again who uses the backends that drain.
struct Meet;

impl Message for Meet {
    type Answer = ();
}

impl Handles<Meet> for PoolActor {
    fn handle(&mut self, _: Meet, _: Reply<()>, cx: &mut Context<'_, Self>) {
        self.drain_on(cx);
    }
}

#[derive(Debug)]
struct Shown(Arc<Pool>);

impl Detail for Shown {
    fn detail(&self) -> serde_json::Value {
        let current = self.0.current();
        let now = Instant::now();
        let serving = current.members().filter(|member| member.backend.serves(now)).count();
        json!({
            "balance": current.settings().balancing.algorithm.name(),
            "members": current.members().count(),
            "serving": serving,
            "draining": current.members().filter(|member| member.draining).count(),
        })
    }
}
