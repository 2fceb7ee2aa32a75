//! What a request or a connection remembers of its way to a backend: one leg for each lease that it
//! asked for, and its spans.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::sync::Arc;

use smallvec::SmallVec;
use tokio::time::Instant;
use trunkline_observability::trace::{Clocks, Draft, SpanData, SpanId, SpanKind, new_span};
use trunkline_runtime::trace::TraceContext;

use super::{Place, place};
use crate::backend::Backend;
use crate::directory::Directory;

/// The legs of one way. Most have one.
pub(crate) type Legs = SmallVec<[Leg; 1]>;

/// A lease that was asked for, and the try with the backend that it named.
#[derive(Debug)]
pub(crate) struct Leg {
    asked: Instant,
    /// Since when it waited for a backend that is not at its limits.
    queued: Option<Instant>,
    /// When there was an answer.
    answered: Option<Instant>,
    /// Why there was no lease.
    refused: Option<&'static str>,
    attempt: Option<Attempt>,
    /// The second one of two that are asked at once, as long as it is not known what becomes of it.
    hedge: Option<Rc<Hedge>>,
}

/// A try with one backend.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) span: SpanId,
    backend: Arc<Backend>,
    is_hedge: bool,
    /// A hedge that has become the one that is listened to.
    is_winner: bool,
    reused: bool,
    connected: Option<Instant>,
    sent: Option<Instant>,
    first_byte: Option<Instant>,
    ended: Option<Instant>,
    /// How it ended; empty where that is not known, as after a crash.
    outcome: &'static str,
    /// It has done what was asked of it.
    well: bool,
    status: u16,
}

/// What a second backend's try shares with the record of the request.
#[derive(Debug)]
pub(crate) struct Hedge {
    pub(crate) span: SpanId,
    granted: OnceCell<(Instant, Arc<Backend>)>,
    /// Why it was given no lease.
    refused: Cell<Option<(Instant, &'static str)>>,
    reused: Cell<bool>,
    connected: Cell<Option<Instant>>,
    /// When and how, and the status of an answer, or 0.
    ended: Cell<Option<(Instant, &'static str, u16)>>,
    /// When nobody asked it any more.
    over: Cell<Option<Instant>>,
}

impl Hedge {
    pub(crate) fn granted(&self, backend: &Arc<Backend>, now: Instant) {
        // It asks for one lease.
        let _ = self.granted.set((now, Arc::clone(backend)));
    }

    /// There is no lease for it.
    pub(crate) fn refused(&self, why: &'static str, now: Instant) {
        self.refused.set(Some((now, why)));
    }

    /// It goes over a connection that was kept.
    pub(crate) fn reuses(&self) {
        self.reused.set(true);
    }

    pub(crate) fn connected(&self, now: Instant) {
        self.connected.set(Some(now));
    }

    /// Nobody asks it any more, whether it was faster or not.
    pub(crate) fn over(&self, now: Instant) {
        self.over.set(Some(now));
    }

    pub(crate) fn ended(&self, outcome: &'static str, status: u16, now: Instant) {
        self.ended.set(Some((now, outcome, status)));
    }

    fn attempt(&self) -> Option<Attempt> {
        let (_, backend) = self.granted.get()?;
        let ended = self.ended.get();
        Some(Attempt {
            span: self.span,
            backend: Arc::clone(backend),
            is_hedge: true,
            is_winner: false,
            reused: self.reused.get(),
            connected: self.connected.get(),
            sent: None,
            first_byte: None,
            ended: ended.map(|(at, ..)| at).or(self.over.get()),
            // The first one was faster, and this one was dropped.
            outcome: ended.map_or("overtaken", |(_, outcome, _)| outcome),
            well: ended.is_none(),
            status: ended.map_or(0, |(.., status)| status),
        })
    }
}

impl Leg {
    /// A lease is asked for.
    pub(crate) fn ask(now: Instant) -> Self {
        Self { asked: now, queued: None, answered: None, refused: None, attempt: None, hedge: None }
    }

    /// A second backend is asked as well.
    pub(crate) fn hedge(now: Instant) -> (Self, Rc<Hedge>) {
        let hedge = Rc::new(Hedge {
            span: new_span(),
            granted: OnceCell::new(),
            refused: Cell::new(None),
            reused: Cell::new(false),
            connected: Cell::new(None),
            ended: Cell::new(None),
            over: Cell::new(None),
        });
        (Self { hedge: Some(Rc::clone(&hedge)), ..Self::ask(now) }, hedge)
    }

    pub(crate) fn queued(&mut self, now: Instant) {
        self.queued = Some(now);
    }

    pub(crate) fn refused(&mut self, code: &'static str, now: Instant) {
        self.refused = Some(code);
        self.answered = Some(now);
    }

    /// There is a lease, and a try begins, with this span.
    pub(crate) fn granted(&mut self, backend: &Arc<Backend>, span: SpanId, now: Instant) {
        self.answered = Some(now);
        self.attempt = Some(Attempt {
            span,
            backend: Arc::clone(backend),
            is_hedge: false,
            is_winner: false,
            reused: false,
            connected: None,
            sent: None,
            first_byte: None,
            ended: None,
            outcome: "",
            well: false,
            status: 0,
        });
    }

    /// The try, if it has come so far.
    pub(crate) fn attempt(&mut self) -> Option<&mut Attempt> {
        if self.hedge.is_some() {
            self.take_over();
        }
        self.attempt.as_mut()
    }

    /// Takes what is known of the second one of two.
    #[cold]
    fn take_over(&mut self) {
        if let Some(attempt) = self.hedge.as_ref().and_then(|hedge| hedge.attempt()) {
            self.answered = self.hedge.as_ref().and_then(|hedge| Some(hedge.granted.get()?.0));
            self.attempt = Some(attempt);
            self.hedge = None;
        }
    }

    /// The second of two was faster: its leg is the one that counts.
    pub(crate) fn wins(&mut self) {
        if let Some(attempt) = self.attempt() {
            // How it ends is yet to be seen.
            (attempt.outcome, attempt.well, attempt.ended) = ("", false, None);
            attempt.is_winner = true;
        }
    }

    /// What is left once nothing of it changes any more.
    pub(crate) fn settle(&mut self) {
        if self.attempt().is_none()
            && let Some(hedge) = self.hedge.take()
        {
            let (answered, refused) = hedge.refused.get().unzip();
            (self.answered, self.refused) = (answered.or(hedge.over.get()), refused);
        }
    }

    /// Whether it is a second one that has not won.
    pub(crate) fn is_hedge(&self) -> bool {
        let loses = |attempt: &Attempt| attempt.is_hedge && !attempt.is_winner;
        self.hedge.is_some() || self.attempt.as_ref().is_some_and(loses)
    }
}

impl Attempt {
    /// It goes over a connection that was kept.
    pub(crate) fn reuses(&mut self) {
        self.reused = true;
    }

    pub(crate) fn connected(&mut self, now: Instant) {
        self.connected = Some(now);
    }

    /// When all was sent, and when the first byte of the answer came.
    pub(crate) fn moved(&mut self, sent: Option<Instant>, first_byte: Option<Instant>) {
        (self.sent, self.first_byte) = (sent, first_byte);
    }

    /// How it has ended, if that is not known yet; with the status of an answer, or 0.
    pub(crate) fn ended(&mut self, outcome: &'static str, well: bool, status: u16, now: Instant) {
        if self.outcome.is_empty() {
            (self.outcome, self.well, self.status) = (outcome, well, status);
            self.ended = Some(now);
        }
    }
}

/// A leg that crosses to the thread that writes it down.
#[derive(Debug)]
pub(crate) struct Travelled {
    asked: Instant,
    queued: Option<Instant>,
    answered: Option<Instant>,
    refused: Option<&'static str>,
    attempt: Option<Attempt>,
    /// Of the backend's actor.
    generation: u32,
    /// Of a second backend, which was asked beside the first.
    is_hedge: bool,
}

impl Travelled {
    /// All legs of a way.
    pub(crate) fn all(legs: &mut Legs, directory: &Directory) -> SmallVec<[Self; 2]> {
        let travelled = legs.drain(..).map(|mut leg| {
            let is_hedge =
                leg.hedge.is_some() || leg.attempt.as_ref().is_some_and(|attempt| attempt.is_hedge);
            leg.settle();
            let Leg { asked, queued, answered, refused, attempt, hedge: _ } = leg;
            let generation = |attempt: &Attempt| directory.generation(attempt.backend.id());
            let generation = attempt.as_ref().map_or(0, generation);
            Self { asked, queued, answered, refused, attempt, generation, is_hedge }
        });
        travelled.collect()
    }

    /// When the lease was asked for.
    pub(crate) fn asked(&self) -> Instant {
        self.asked
    }

    /// How many spans [`Way::build`] makes of it.
    pub(crate) fn spans(&self) -> usize {
        1 + usize::from(self.queued.is_some()) + usize::from(self.attempt.is_some())
    }
}

/// What the spans of a way have in common.
pub(crate) struct Way<'a> {
    /// The span that they are parts of.
    pub(crate) root: TraceContext,
    pub(crate) clocks: &'a Clocks,
    /// When the request or connection was over.
    pub(crate) ended: Instant,
    pub(crate) pool: Option<&'a Arc<str>>,
    pub(crate) router: &'a Place,
    pub(crate) worker: usize,
    /// What a try is called.
    pub(crate) attempt: &'static str,
}

impl Way<'_> {
    /// Appends the spans of all legs.
    pub(crate) fn build(&self, legs: &[Travelled], out: &mut Vec<SpanData>) {
        let mut tried = 0;
        for (index, leg) in legs.iter().enumerate() {
            self.lease(leg, out);
            if let Some(attempt) = &leg.attempt {
                // A second backend that is asked beside it ends nothing.
                let next = legs.iter().skip(index + 1).find(|next| !next.is_hedge);
                let next = next.map_or(self.ended, |next| next.asked);
                out.push(self.attempt(attempt, leg, next, tried));
                tried += 1;
            }
        }
    }

    /// A connection that is forwarded sends nothing again, and has its backend's connection to itself.
    fn is_of_a_request(&self) -> bool {
        self.attempt == "try"
    }

    fn lease(&self, leg: &Travelled, out: &mut Vec<SpanData>) {
        let ended = leg.answered.unwrap_or(self.ended);
        let context = TraceContext { span: new_span(), ..self.root };
        let times = self.clocks.between(leg.asked.into_std(), ended.into_std());
        let mut lease = Draft::new(&context, Some(self.root.span), "lease", times, 5);
        place(&mut lease, self.router, Some(self.worker));
        if let Some(pool) = self.pool {
            lease.name("trunkline.pool", pool);
        }
        // Of a crash of the router's nobody but the asker is left to tell.
        let outcome = match (leg.refused, leg.answered) {
            (Some(code), _) => code,
            (None, Some(_)) => "granted",
            (None, None) => "unanswered",
        };
        lease.word("trunkline.outcome", outcome);
        // That there is none for a second backend beside the first fails nothing.
        if outcome != "granted" && !leg.is_hedge {
            lease.word("error.type", outcome);
            lease.error(outcome);
        }
        out.push(lease.done());
        if let Some(queued) = leg.queued {
            let inner = TraceContext { span: new_span(), ..self.root };
            let times = self.clocks.between(queued.into_std(), ended.into_std());
            let mut queue = Draft::new(&inner, Some(context.span), "queue", times, 3);
            place(&mut queue, self.router, Some(self.worker));
            out.push(queue.done());
        }
    }

    fn attempt(
        &self,
        attempt: &Attempt,
        leg: &Travelled,
        next: Instant,
        resent: usize,
    ) -> SpanData {
        let from = leg.answered.unwrap_or(leg.asked);
        let context = TraceContext { span: attempt.span, ..self.root };
        let ended = attempt.ended.unwrap_or(next);
        let times = self.clocks.between(from.into_std(), ended.into_std());
        let draft = Draft::new(&context, Some(self.root.span), self.attempt, times, 12);
        let mut draft = draft.kind(SpanKind::Client);
        let backend = &attempt.backend;
        let address = backend.address();
        if let Some(pool) = self.pool {
            place(&mut draft, &Place::backend(pool, backend, leg.generation), None);
        }
        draft.text("server.address", address.ip().to_string());
        draft.number("server.port", address.port());
        if self.is_of_a_request() {
            if resent > 0 {
                draft.number("http.request.resend_count", resent);
            }
            draft.flag("trunkline.connection.reused", attempt.reused);
        }
        if attempt.is_hedge {
            draft.flag("trunkline.hedge", true);
        }
        let since = |then: Instant| then.saturating_duration_since(from).as_micros();
        for (key, then) in [
            ("trunkline.connected_us", attempt.connected),
            ("trunkline.sent_us", attempt.sent),
            ("trunkline.first_byte_us", attempt.first_byte),
        ] {
            if let Some(then) = then {
                draft.number(key, since(then));
            }
        }
        if attempt.status != 0 {
            draft.number("http.response.status_code", attempt.status);
        }
        let outcome = if attempt.outcome.is_empty() { "cut_off" } else { attempt.outcome };
        draft.word("trunkline.outcome", outcome);
        if !attempt.well && outcome == "answered" {
            draft.text("error.type", attempt.status.to_string());
            draft.error(format!("the answer was {}", attempt.status));
        } else if !attempt.well {
            draft.word("error.type", outcome);
            draft.error(outcome);
        }
        draft.done()
    }
}

#[cfg(test)]
mod tests;
