//! The way of one message from member to member.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use trunkline_runtime::{Ask, AskError, Message, Recipient, SendError, clock};

use super::candidates::{Candidates, Table};
use super::member::Member;
use super::{Dispatch, DispatchError, Inner, Undelivered, Why};
use crate::roster::Seat;

/// How many members one message may crash.
pub const CRASHES: u32 = 3;

/// How often the algorithm is asked for one message. Most look at all members for each choice; in
/// a group where everybody is full that would cost the square of its size. Whoever is left after
/// that is tried in the order of the table.
const CHOICES: usize = 8;

type Place<M> = Arc<Seat<Member<M>>>;

/// A question that a member has taken.
pub(super) struct Asked<M: Message> {
    ask: Ask<M::Answer>,
    place: Place<M>,
    /// For the next member, if this one crashes.
    copy: Option<M>,
}

pub(super) struct Tour<M: Message> {
    inner: Arc<Inner<M>>,
    copy: Option<fn(&M) -> M>,
    until: Instant,
    /// Who refused the message or was lost with it, so nobody where all is well.
    tried: HashSet<u64>,
    crashes: u32,
    error: DispatchError,
    ended: bool,
}

impl<M: Message> Tour<M> {
    pub(super) fn begin(dispatch: &Dispatch<M>, within: Duration) -> Self {
        Self {
            inner: Arc::clone(&dispatch.inner),
            copy: dispatch.copy,
            until: clock::after(within),
            tried: HashSet::new(),
            crashes: 0,
            error: DispatchError::new(Arc::clone(dispatch.name())),
            ended: false,
        }
    }

    /// Hands the message to the first member that takes it, and for good.
    pub(super) fn send(mut self, message: M) -> Result<(), Undelivered<M>> {
        match self.place(message, |to, message| to.send(message)) {
            Ok(_) => {
                self.end(|inner| &inner.delivered);
                Ok(())
            }
            Err((message, why)) => Err(Undelivered { message, error: self.fail(why) }),
        }
    }

    /// Puts the question to the first member that takes it; what is left of the time is its.
    pub(super) fn ask(&mut self, message: M) -> Result<Asked<M>, Why> {
        let copy = self.copy.filter(|_| self.crashes + 1 < CRASHES).map(|copy| copy(&message));
        let rest = self.rest();
        let asked = self.place(message, |to, message| Ask::deliver(to, message, rest));
        asked.map(|(ask, place)| Asked { ask, place, copy }).map_err(|(_, why)| why)
    }

    /// Waits for the answer, and goes on where a member crashes and that is wanted.
    pub(super) async fn follow(
        mut self,
        first: Result<Asked<M>, Why>,
    ) -> Result<M::Answer, DispatchError> {
        let mut step = first;
        loop {
            let Asked { ask, place, copy } = match step {
                Ok(asked) => asked,
                Err(why) => return Err(self.fail(why)),
            };
            let error = match ask.await {
                Ok(answer) => {
                    self.end(|inner| &inner.delivered);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            self.error.add(place.who.recipient.node(), error);
            self.tried.insert(place.ticket.turn());
            let why = self.lost(&place.who, error);
            step = match copy {
                Some(message) if self.may_retry(why) => match self.ask(message) {
                    // Nobody else to ask: what ended it was the crash.
                    Err(Why::Empty | Why::Closed | Why::Refused) => Err(why),
                    other => other,
                },
                Some(_) | None => Err(why),
            };
        }
    }

    /// A member has taken the question and there will be no answer from it.
    fn lost(&mut self, member: &Member<M>, error: AskError) -> Why {
        match error {
            AskError::Crashed => {
                self.crashes += 1;
                self.error.may_have_acted = true;
                member.crashed();
                Why::Crashed
            }
            AskError::Stopped => {
                self.error.may_have_acted = true;
                Why::Stopped
            }
            AskError::Deadline => {
                self.error.may_have_acted = true;
                Why::Deadline
            }
            AskError::Unanswered => {
                self.error.may_have_acted = true;
                Why::Unanswered
            }
            // A mailbox that takes a message and then says that it was full.
            AskError::Full => Why::Refused,
        }
    }

    fn may_retry(&self, why: Why) -> bool {
        let ended = match why {
            Why::Crashed | Why::Stopped | Why::Refused => true,
            Why::Empty | Why::Closed | Why::Deadline | Why::Unanswered => false,
        };
        ended && !self.rest().is_zero()
    }

    fn rest(&self) -> Duration {
        self.until.saturating_duration_since(clock::now())
    }

    /// Offers the message to one member after the other until one takes it; never waits.
    fn place<T>(
        &mut self,
        mut message: M,
        deliver: impl Fn(&Recipient<M>, M) -> Result<T, SendError<M>>,
    ) -> Result<(T, Place<M>), (M, Why)> {
        let inner = Arc::clone(&self.inner);
        let table = inner.roster.list();
        let mut left = 0..table.seats().len();
        let before = self.tried.len();
        while let Some(place) = self.choose(&message, &table, before, &mut left) {
            let member = &place.who;
            match deliver(&member.recipient, message) {
                Ok(taken) => {
                    member.took();
                    return Ok((taken, Arc::clone(place)));
                }
                Err(refused) => {
                    member.refused();
                    self.tried.insert(place.ticket.turn());
                    self.error.add(member.recipient.node(), AskError::from(&refused));
                    message = match refused {
                        SendError::Full(message) => message,
                        SendError::Stopped(message) => {
                            // One that is parked may come back, and is a member still.
                            if member.recipient.is_gone() {
                                inner.roster.leave(place.ticket);
                            }
                            message
                        }
                    };
                }
            }
        }
        let why = match (table.seats().is_empty(), self.tried.len() == before) {
            (true, _) => Why::Empty,
            (false, true) => Why::Closed,
            (false, false) => Why::Refused,
        };
        Err((message, why))
    }

    /// The next member to try, one that was not tried before.
    fn choose<'a>(
        &self,
        message: &M,
        table: &'a Table<M>,
        before: usize,
        left: &mut std::ops::Range<usize>,
    ) -> Option<&'a Place<M>> {
        let candidates = Candidates::new(table, &self.tried);
        let index = if self.tried.len() - before < CHOICES {
            self.inner.choose.choose(message, &candidates)
        } else {
            left.find(|index| candidates.serves(*index))
        };
        // What an author's algorithm makes up, or chooses again, ends the tour, not the caller.
        let place = table.seats().get(index?)?;
        (!self.tried.contains(&place.ticket.turn())).then_some(place)
    }

    fn fail(mut self, why: Why) -> DispatchError {
        self.end(|inner| &inner.failed);
        let nobody = DispatchError::new(Arc::clone(&self.inner.name));
        DispatchError { why, ..std::mem::replace(&mut self.error, nobody) }
    }

    fn end(&mut self, count: impl Fn(&Inner<M>) -> &AtomicU64) {
        if !std::mem::replace(&mut self.ended, true) {
            count(&self.inner).fetch_add(1, Relaxed);
        }
    }
}

impl<M: Message> Drop for Tour<M> {
    fn drop(&mut self) {
        // Only where the asker has dropped the future.
        self.end(|inner| &inner.cancelled);
    }
}
