//! Carries a connection from its first hook to its last, through the crashes in between.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use tracing::warn;
use trunkline_runtime::policy::Window;
use trunkline_runtime::{Deadline, ExitReason, clock};

use super::duty::Duty;
use super::error::Fault;
use super::event::{Event, Happening};
use super::guarded::{Guarded, Ran};
use super::quarantine::Fingerprint;
use super::upgrade::Upgrade;
use super::wire::{Item, Wire};
use super::{Closed, Crash, Cx, Hook, Malformed, Next, Peer, Protocol, Result};

/// How long the hook `close` may take.
pub(super) const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// One connection at work.
pub(super) struct Driver<P: Protocol, D> {
    pub(super) wire: Rc<Wire<P>>,
    pub(super) duty: D,
    /// None before the first crash.
    crashes: Option<Box<Window>>,
    /// Of the message at hand, where messages are watched.
    pub(super) fingerprint: Option<Box<Fingerprint>>,
    /// Events since it last waited.
    pub(super) turn: u32,
    pub(super) notices_first: bool,
    pub(super) drained: bool,
}

/// How the work ends.
pub(super) enum Exit {
    Closed(Closed),
    Upgrade(Upgrade),
}

/// An incarnation of the handler has crashed.
struct Fallen {
    reason: ExitReason,
    /// None where it crashed before anything new began: the peer is owed what it was owed before.
    hook: Option<Hook>,
    fingerprint: Option<Fingerprint>,
    /// Whether a message may be the cause.
    blames: bool,
}

impl Fallen {
    fn new(reason: ExitReason, hook: Option<Hook>) -> Box<Self> {
        Box::new(Self { reason, hook, fingerprint: None, blames: true })
    }
}

/// What follows a hook; crashes are rare, and boxed.
type Settled = Result<Step, Box<Fallen>>;

/// What follows a hook that has not crashed.
enum Step {
    GoOn,
    Exit(Exit),
}

impl<P: Protocol, D: Duty<P>> Driver<P, D> {
    pub(super) fn new(wire: Rc<Wire<P>>, duty: D) -> Self {
        Self {
            wire,
            duty,
            crashes: None,
            fingerprint: None,
            turn: 0,
            notices_first: false,
            drained: false,
        }
    }

    /// Runs incarnations of the handler until the connection is at its end.
    ///
    /// Every connection has room for this future as long as it lives: the hook `message` runs in
    /// it, all that is rare in boxes of its own.
    pub(super) async fn run(&mut self) -> Exit {
        let wire = Rc::clone(&self.wire);
        let mut crash: Option<Box<Crash>> = None;
        loop {
            let mut cx = match self.fresh() {
                Ok(cx) => cx,
                Err(fallen) => match self.fall(*fallen, crash.take()) {
                    Ok(next) => {
                        crash = Some(next);
                        continue;
                    }
                    Err(closed) => return Exit::Closed(closed),
                },
            };
            let mut begun = false;
            let ended = loop {
                let settled = if begun {
                    match poll_fn(|task| self.poll_event(task)).await {
                        Happening::Message(item) => match self.offer(&mut cx, item) {
                            Ok(Some(item)) => Err(item),
                            Ok(None) => Ok(Ok(self.heed(Step::GoOn))),
                            Err(settled) => Ok(settled),
                        },
                        Happening::Event(event) => Ok(Box::pin(self.handle(&mut cx, event)).await),
                    }
                } else {
                    begun = true;
                    Ok(Box::pin(self.first(&mut cx, crash.as_deref())).await)
                };
                let settled = match settled {
                    Ok(settled) => settled,
                    Err(item) => {
                        let call = || wire.served.protocol.message(&mut cx, item);
                        let span = wire.span("message", None);
                        let ran = Guarded::new(&wire, call).within(span.as_deref()).await;
                        let _entered = span.map(|mut span| span.end(&ran));
                        self.settle_message(ran)
                    }
                };
                match settled {
                    Ok(Step::GoOn) => {}
                    Ok(Step::Exit(Exit::Closed(closed))) => {
                        Box::pin(self.farewell(&mut cx, closed)).await;
                        break Ok(Exit::Closed(closed));
                    }
                    Ok(Step::Exit(exit)) => break Ok(exit),
                    Err(fallen) => break Err(fallen),
                }
            };
            match self.leave(cx, ended) {
                Ok(exit) => return exit,
                Err(fallen) => match self.fall(*fallen, crash.take()) {
                    Ok(next) => crash = Some(next),
                    Err(closed) => return Exit::Closed(closed),
                },
            }
        }
    }

    /// A crash has ended an incarnation: what the next one is told, or how the connection closes.
    fn fall(&mut self, fallen: Fallen, before: Option<Box<Crash>>) -> Result<Box<Crash>, Closed> {
        let Fallen { reason, hook, fingerprint, .. } = fallen;
        let sent = self.wire.sent.take();
        let in_step = self.duty.crashed(sent);
        if let Some(closed) = self.crashed(reason.clone(), fingerprint) {
            return Err(closed);
        }
        if !in_step {
            return Err(Closed::Crashed);
        }
        self.wire.part.begin();
        let reason = Some(reason);
        Ok(Box::new(match (hook, before) {
            (Some(hook), _) => Crash { reason, hook, sent },
            (None, Some(owed)) => Crash { reason, hook: owed.hook, sent: owed.sent + sent },
            (None, None) => Crash { reason, hook: Hook::Open, sent },
        }))
    }

    /// Notes a crash; how the connection closes, if it must.
    fn crashed(&mut self, reason: ExitReason, fingerprint: Option<Fingerprint>) -> Option<Closed> {
        let (wire, now) = (&self.wire, clock::now());
        wire.part.crashed(reason);
        wire.paused.set(false);
        wire.link.borrow_mut().set_paused(false);
        // What it started was the handler's own.
        drop(wire.children.take());
        if let Some(quarantined) = wire.served.quarantine.crashed(fingerprint, now.into()) {
            warn!(
                listener = %wire.record.listener(),
                fingerprint = %quarantined.fingerprint,
                crashes = quarantined.crashes,
                "a message that crashes handlers is in quarantine"
            );
        }
        if wire.broken.get() {
            // Nobody knows where the next message begins.
            return Some(Closed::Crashed);
        }
        let crashes = self.crashes.get_or_insert_default();
        let within = crashes.record(now, wire.served.limits.crashes);
        (!within).then_some(Closed::CrashLimit)
    }

    /// A fresh handler.
    fn fresh(&self) -> Result<Cx<P>, Box<Fallen>> {
        let wire = Rc::clone(&self.wire);
        let peer = Peer::of(&wire.record);
        match wire.part.contain(|| wire.served.protocol.state(&peer)) {
            Ok(state) => Ok(Cx { state, wire }),
            Err(panic) => Err(Fallen::new(ExitReason::Panicked(panic), None)),
        }
    }

    /// The first hook of an incarnation.
    async fn first(&mut self, cx: &mut Cx<P>, after: Option<&Crash>) -> Settled {
        let wire = Rc::clone(&self.wire);
        let protocol = &wire.served.protocol;
        match after {
            None => Self::settle(Guarded::new(&wire, || protocol.open(cx)).await, Hook::Open),
            Some(crash) => {
                let ran = Guarded::new(&wire, || protocol.recovered(cx, crash)).await;
                Ok(Self::settle(ran, None)?.or_close(Closed::Crashed))
            }
        }
    }

    /// An incarnation is over: what it leaves behind is dropped.
    fn leave(&self, cx: Cx<P>, ended: Result<Exit, Box<Fallen>>) -> Result<Exit, Box<Fallen>> {
        let why = match &ended {
            Ok(_) => ExitReason::Normal,
            Err(fallen) => fallen.reason.clone(),
        };
        self.wire.clear(&why, || drop(cx));
        ended
    }

    /// A message has come: gives it to the duty first.
    fn offer(&mut self, cx: &mut Cx<P>, item: Item<P>) -> Result<Option<Item<P>>, Settled> {
        let Self { wire, duty, .. } = self;
        wire.sent.set(0);
        wire.read_on.set(false);
        let offered = wire.part.contain(|| {
            duty.arrives();
            wire.part.at_message();
            duty.offer(&wire.served.protocol, cx, item)
        });
        let ran = match offered {
            Ok(Ok(item)) => return Ok(item),
            Ok(Err(error)) => Ran::Done(Err(error)),
            Err(panic) => Ran::Panicked(panic),
        };
        Err(self.settle_message(ran))
    }

    /// What the hook `message` means, which has ended.
    fn settle_message(&mut self, ran: Ran<Result<Next>>) -> Settled {
        let fingerprint = self.fingerprint.take();
        let mut settled = Self::settle(ran, Hook::Message);
        // Where it read on, any of the messages may be to blame.
        if let Err(fallen) = &mut settled
            && fallen.blames
            && !self.wire.read_on.get()
        {
            fallen.fingerprint = fingerprint.map(|known| *known);
        }
        settled
    }

    /// Calls the hook for whatever is no message.
    async fn handle(&mut self, cx: &mut Cx<P>, event: Event<P, D::Task>) -> Settled {
        let wire = &*Rc::clone(&self.wire);
        let protocol = &wire.served.protocol;
        match event {
            Event::Notice(envelope) => {
                let span = wire.span("receive", envelope.sent());
                let call = || envelope.open(protocol, cx);
                let ran = Guarded::new(wire, call).within(span.as_deref()).await;
                let _entered = span.map(|mut span| span.end(&ran));
                Self::settle(ran, Hook::Receive)
            }
            Event::Task(task) => {
                let ran = Guarded::new(wire, || self.duty.perform(protocol, cx, task)).await;
                let step = Self::settle(ran, Hook::Request)?;
                Ok(self.heed(step))
            }
            Event::Quarantined => {
                let refused = Crash { reason: None, hook: Hook::Message, sent: 0 };
                self.duty.arrives();
                let in_step = self.duty.crashed(0);
                let ran = Guarded::new(wire, || protocol.quarantined(cx, &refused)).await;
                let step = Self::settle(ran, Hook::Message)?.or_close(Closed::Quarantined);
                Ok(if in_step { step } else { step.then_close(Closed::Quarantined) })
            }
            Event::Malformed(malformed) => {
                let closed = match *malformed {
                    Malformed::TooLarge { .. } => Closed::TooLarge,
                    Malformed::Undecodable(_) => Closed::Malformed,
                };
                let then_close = closed == Closed::TooLarge || !self.duty.can_miss();
                let ran = Guarded::new(wire, || protocol.malformed(cx, &malformed)).await;
                let step = Self::settle(ran, Hook::Malformed)?.or_close(closed);
                Ok(if then_close { step.then_close(closed) } else { step })
            }
            Event::Idle => {
                let ran = Guarded::new(wire, || protocol.idle(cx)).await;
                Ok(Self::settle(ran, Hook::Idle)?.or_close(Closed::Idle))
            }
            Event::Beat(missed) => {
                let ran = Guarded::new(wire, || protocol.heartbeat(cx, missed)).await;
                Self::settle(ran, Hook::Heartbeat)
            }
            Event::Drain => {
                let ran = Guarded::new(wire, || protocol.drain(cx)).await;
                Ok(Self::settle(ran, Hook::Drain)?.or_close(Closed::Drained))
            }
            // Outside any hook: the peer is owed nothing.
            Event::Panicked(panic) => {
                Err(Fallen::new(ExitReason::Panicked(*panic), Some(Hook::Receive)))
            }
            Event::Over(closed) => Ok(Step::Exit(Exit::Closed(closed))),
        }
    }

    /// What the duty has found comes first.
    fn heed(&mut self, step: Step) -> Step {
        match self.duty.fault() {
            Some(closed) => Step::Exit(Exit::Closed(closed)),
            None => step,
        }
    }

    /// What a hook that has ended means.
    fn settle(ran: Ran<Result<Next>>, hook: impl Into<Option<Hook>>) -> Settled {
        match ran {
            Ran::Done(Ok(Next::Read)) => Ok(Step::GoOn),
            Ran::Done(Ok(Next::Close)) => Ok(Step::Exit(Exit::Closed(Closed::ByHandler))),
            Ran::Done(Ok(Next::Upgrade(upgrade))) => Ok(Step::Exit(Exit::Upgrade(upgrade))),
            Ran::Cut(closed) => Ok(Step::Exit(Exit::Closed(closed))),
            Ran::Panicked(panic) => Err(Fallen::new(ExitReason::Panicked(panic), hook.into())),
            Ran::Done(Err(error)) => match error.fault() {
                Fault::Gone(loss) => Ok(Step::Exit(Exit::Closed(Closed::PeerLost(loss)))),
                Fault::Timeout => Ok(Step::Exit(Exit::Closed(Closed::HandlerTimeout))),
                Fault::Malformed(closed) => Ok(Step::Exit(Exit::Closed(closed))),
                Fault::Crash { failure, blames } => {
                    let fallen = Fallen::new(ExitReason::Failed(failure), hook.into());
                    Err(Box::new(Fallen { blames, ..*fallen }))
                }
            },
        }
    }

    /// The hook `close`: its end, whatever it is, changes nothing any more.
    async fn farewell(&mut self, cx: &mut Cx<P>, closed: Closed) {
        let wire = Rc::clone(&self.wire);
        let mut limit = Deadline::after(CLOSE_LIMIT);
        let hook = async { wire.served.protocol.close(cx, closed).await };
        let mut hook = std::pin::pin!(Some(hook));
        let farewell = poll_fn(|task| {
            if Pin::new(&mut limit).poll(task).is_ready() {
                return Poll::Ready(Ok(()));
            }
            match wire.part.guard(task, |task| hook.as_mut().as_pin_mut().map(|it| it.poll(task))) {
                Ok(polled) => polled.unwrap_or(Poll::Ready(())).map(Ok),
                Err(panic) => Poll::Ready(Err(panic)),
            }
        });
        if let Err(panic) = farewell.await {
            wire.part.crashed(ExitReason::Panicked(panic));
        }
        wire.clear(&ExitReason::Killed, || hook.set(None));
    }
}

impl Step {
    /// That a hook closes the connection means what it was called for.
    fn or_close(self, closed: Closed) -> Self {
        match self {
            Self::Exit(Exit::Closed(Closed::ByHandler)) => Self::Exit(Exit::Closed(closed)),
            step @ (Self::GoOn | Self::Exit(_)) => step,
        }
    }

    /// It closes where the hook would go on.
    fn then_close(self, closed: Closed) -> Self {
        match self {
            Self::GoOn => Self::Exit(Exit::Closed(closed)),
            step @ Self::Exit(_) => step,
        }
    }
}
