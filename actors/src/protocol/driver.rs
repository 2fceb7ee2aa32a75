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
use super::event::Event;
use super::guarded::{Guarded, Ran};
use super::quarantine::Fingerprint;
use super::upgrade::Upgrade;
use super::wire::Wire;
use super::{Closed, Crash, Cx, Hook, Malformed, Next, Peer, Protocol, Result};

/// How long the hook `close` may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// One connection at work.
pub(super) struct Driver<P: Protocol, D> {
    pub(super) wire: Rc<Wire<P>>,
    pub(super) duty: D,
    crashes: Window,
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
}

impl Fallen {
    fn new(reason: ExitReason, hook: Option<Hook>) -> Self {
        Self { reason, hook, fingerprint: None }
    }
}

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
            crashes: Window::default(),
            turn: 0,
            notices_first: false,
            drained: false,
        }
    }

    /// Runs incarnations of the handler until the connection is at its end.
    pub(super) async fn run(&mut self) -> Exit {
        let mut crash: Option<Crash> = None;
        loop {
            let Fallen { reason, hook, fingerprint } = match self.incarnation(crash.as_ref()).await
            {
                Ok(exit) => return exit,
                Err(fallen) => fallen,
            };
            let sent = self.wire.sent.take();
            if let Some(closed) = self.crashed(reason.clone(), fingerprint) {
                return Exit::Closed(closed);
            }
            crash = Some(match (hook, crash) {
                (Some(hook), _) => Crash { reason: Some(reason), hook, sent },
                (None, Some(owed)) => {
                    Crash { reason: Some(reason), hook: owed.hook, sent: owed.sent + sent }
                }
                (None, None) => Crash { reason: Some(reason), hook: Hook::Open, sent },
            });
            self.wire.part.begin();
        }
    }

    /// Notes a crash; how the connection closes, if it must.
    fn crashed(&mut self, reason: ExitReason, fingerprint: Option<Fingerprint>) -> Option<Closed> {
        let (wire, now) = (&self.wire, clock::now());
        wire.part.crashed(reason);
        wire.paused.set(false);
        wire.link.borrow_mut().set_paused(false);
        // What it started was the handler's own.
        drop(wire.children.borrow_mut().take());
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
        let within = self.crashes.record(now, wire.served.limits.crashes);
        (!within).then_some(Closed::CrashLimit)
    }

    /// One incarnation, from its state to its end.
    async fn incarnation(&mut self, after: Option<&Crash>) -> Result<Exit, Fallen> {
        let wire = Rc::clone(&self.wire);
        let state = poll_fn(|task| {
            let peer = Peer::of(&wire.record);
            Poll::Ready(wire.part.guard(task, |_| wire.served.protocol.state(&peer)))
        });
        let state = state.await.map_err(|panic| Fallen::new(ExitReason::Panicked(panic), None))?;
        let mut cx = Cx { state, wire: Rc::clone(&wire) };
        let result = self.life(&mut cx, after).await;
        let why = match &result {
            Ok(_) => ExitReason::Normal,
            Err(fallen) => fallen.reason.clone(),
        };
        wire.clear(&why, || drop(cx));
        result
    }

    async fn life(&mut self, cx: &mut Cx<P>, after: Option<&Crash>) -> Result<Exit, Fallen> {
        let wire = Rc::clone(&self.wire);
        let protocol = &wire.served.protocol;
        let mut step = match after {
            None => Self::settle(
                Guarded::new(&wire, async { protocol.open(cx).await }).await,
                Hook::Open,
            )?,
            Some(crash) => {
                let hook = async { protocol.recovered(cx, crash).await };
                let ran = Guarded::new(&wire, hook).await;
                Self::settle(ran, None)?.or_close(Closed::Crashed)
            }
        };
        loop {
            if let Step::Exit(exit) = step {
                if let Exit::Closed(closed) = &exit {
                    self.farewell(cx, *closed).await;
                }
                return Ok(exit);
            }
            let event = poll_fn(|task| self.poll_event(task)).await;
            step = self.handle(&wire, cx, event).await?;
        }
    }

    async fn handle(
        &mut self,
        wire: &Wire<P>,
        cx: &mut Cx<P>,
        event: Event<P, D::Task>,
    ) -> Result<Step, Fallen> {
        let protocol = &wire.served.protocol;
        match event {
            Event::Message(item, fingerprint) => {
                let duty = &mut self.duty;
                let hook = async {
                    wire.part.at_message();
                    match duty.offer(protocol, cx, item)? {
                        Some(item) => protocol.message(cx, item).await,
                        None => Ok(Next::Read),
                    }
                };
                let settled = Self::settle(Guarded::new(wire, hook).await, Hook::Message);
                // Where it read on, any of the messages may be to blame.
                let blamed = fingerprint.filter(|_| !wire.read_on.get());
                settled.map_err(|fallen| Fallen { fingerprint: blamed, ..fallen })
            }
            Event::Notice(envelope) => {
                let ran = Guarded::new(wire, envelope.open(protocol, cx)).await;
                Self::settle(ran, Hook::Receive)
            }
            Event::Task(task) => {
                let ran = Guarded::new(wire, self.duty.perform(protocol, cx, task)).await;
                Self::settle(ran, Hook::Request)
            }
            Event::Quarantined => {
                let refused = Crash { reason: None, hook: Hook::Message, sent: 0 };
                let hook = async { protocol.quarantined(cx, &refused).await };
                let ran = Guarded::new(wire, hook).await;
                Ok(Self::settle(ran, Hook::Message)?.or_close(Closed::Quarantined))
            }
            Event::Malformed { malformed, then_close } => {
                let closed = match malformed {
                    Malformed::TooLarge { .. } => Closed::TooLarge,
                    Malformed::Undecodable(_) => Closed::Malformed,
                };
                let hook = async { protocol.malformed(cx, &malformed).await };
                let ran = Guarded::new(wire, hook).await;
                Ok(match Self::settle(ran, Hook::Malformed)?.or_close(closed) {
                    Step::GoOn if then_close => Step::Exit(Exit::Closed(closed)),
                    step => step,
                })
            }
            Event::Idle => {
                let hook = async { protocol.idle(cx).await };
                let ran = Guarded::new(wire, hook).await;
                Ok(Self::settle(ran, Hook::Idle)?.or_close(Closed::Idle))
            }
            Event::Beat(missed) => {
                let hook = async { protocol.heartbeat(cx, missed).await };
                let ran = Guarded::new(wire, hook).await;
                Self::settle(ran, Hook::Heartbeat)
            }
            Event::Drain => {
                let hook = async { protocol.drain(cx).await };
                let ran = Guarded::new(wire, hook).await;
                Ok(Self::settle(ran, Hook::Drain)?.or_close(Closed::Drained))
            }
            // Outside any hook: the peer is owed nothing.
            Event::Panicked(panic) => {
                Err(Fallen::new(ExitReason::Panicked(panic), Some(Hook::Receive)))
            }
            Event::Over(closed) => Ok(Step::Exit(Exit::Closed(closed))),
        }
    }

    /// What a hook that has ended means.
    fn settle(ran: Ran<Result<Next>>, hook: impl Into<Option<Hook>>) -> Result<Step, Fallen> {
        match ran {
            Ran::Done(Ok(Next::Read)) => Ok(Step::GoOn),
            Ran::Done(Ok(Next::Close)) => Ok(Step::Exit(Exit::Closed(Closed::ByHandler))),
            Ran::Done(Ok(Next::Upgrade(upgrade))) => Ok(Step::Exit(Exit::Upgrade(upgrade))),
            Ran::Cut(closed) => Ok(Step::Exit(Exit::Closed(closed))),
            Ran::Panicked(panic) => Err(Fallen::new(ExitReason::Panicked(panic), hook.into())),
            Ran::Done(Err(error)) => match error.fault() {
                Fault::Gone(loss) => Ok(Step::Exit(Exit::Closed(Closed::PeerLost(loss)))),
                Fault::Timeout => Ok(Step::Exit(Exit::Closed(Closed::HandlerTimeout))),
                Fault::Crash(failure) => Err(Fallen::new(ExitReason::Failed(failure), hook.into())),
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
            step => step,
        }
    }
}
