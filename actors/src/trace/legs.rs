//! The legs of one way to a backend.

use super::Leg;

/// They are in the order in which they were asked for. Most ways have one, which lies here and is
/// never moved: it has some two hundred bytes, and each request has it.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    first: Option<Leg>,
    more: Vec<Leg>,
}

impl Legs {
    /// Whether nothing was asked for yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Adds one behind the others.
    #[inline]
    pub(crate) fn push(&mut self, leg: Leg) {
        match &mut self.first {
            first @ None => *first = Some(leg),
            Some(_) => self.more.push(leg),
        }
    }

    /// That which was asked for last.
    pub(crate) fn last_mut(&mut self) -> Option<&mut Leg> {
        self.more.last_mut().or(self.first.as_mut())
    }

    /// The last that is no hedge which has not won.
    pub(crate) fn listened(&mut self) -> Option<&mut Leg> {
        self.more.iter_mut().rev().chain(self.first.as_mut()).find(|leg| !leg.is_hedge())
    }

    /// Takes all of them.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Leg> {
        self.first.take().into_iter().chain(self.more.drain(..))
    }
}
