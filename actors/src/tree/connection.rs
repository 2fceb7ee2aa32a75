//! `listeners/NAME/connections/wN/ID`: one connection.

use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use trunkline_runtime::{Actor, Context, Failure, Stopping};

use crate::handler::{Handler, Seat, Service};
use crate::record::Record;
use crate::stream::Stream;

/// How many messages may wait for a connection.
pub(crate) const MAILBOX: u32 = 16;

/// What the connections of a listener share: who serves them, and how many there may be.
pub(crate) struct Premises {
    pub(crate) handler: Arc<dyn Handler>,
    /// The places of the listener, where it has a limit of its own.
    pub(crate) listener: Option<Arc<Semaphore>>,
    /// The places of the whole process.
    pub(crate) process: Arc<Semaphore>,
}

/// One place under each limit that applies to a connection; given back on drop.
pub(crate) struct Place(Arc<Premises>);

impl Place {
    /// A place, if there is one under each limit and nobody waits for it.
    pub(crate) fn take(premises: &Arc<Premises>) -> Option<Self> {
        let listener = match &premises.listener {
            Some(places) => Some(places.try_acquire().ok()?),
            None => None,
        };
        let process = premises.process.try_acquire().ok()?;
        // From here on it is the place that gives them back.
        if let Some(permit) = listener {
            permit.forget();
        }
        SemaphorePermit::forget(process);
        Some(Self(Arc::clone(premises)))
    }

    /// The place for which there are permits of both semaphores of `premises`.
    pub(crate) fn of(
        premises: &Arc<Premises>,
        listener: Option<OwnedSemaphorePermit>,
        process: OwnedSemaphorePermit,
    ) -> Self {
        if let Some(permit) = listener {
            permit.forget();
        }
        process.forget();
        Self(Arc::clone(premises))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(listener) = &self.0.listener {
            listener.add_permits(1);
        }
        self.0.process.add_permits(1);
    }
}

/// What only the start needs; its room is given back then.
struct Start {
    stream: Stream,
    record: Rc<Record>,
}

enum State {
    /// Empty where its start has failed.
    New(Option<Box<Start>>),
    /// Without a seat where it is served by what does not care for the drain, as forwarding.
    Served { service: Service, seat: Option<Seat> },
}

/// A connection lives exactly as long as its service. A crash ends it and no other.
pub(crate) struct Connection {
    // Dropped before its place is given back.
    state: State,
    place: Place,
}

impl Connection {
    pub(crate) fn new(stream: Stream, record: Record, place: Place) -> Self {
        let start = Start { stream, record: Rc::new(record) };
        Self { state: State::New(Some(Box::new(start))), place }
    }

    fn poll(&mut self, task: &mut TaskContext<'_>) -> Poll<()> {
        match &mut self.state {
            State::Served { service, .. } => service.as_mut().poll(task),
            State::New(_) => Poll::Ready(()),
        }
    }
}

impl Actor for Connection {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let State::New(Some(start)) = std::mem::replace(&mut self.state, State::New(None)) else {
            return Err(Failure::new("a connection cannot be restarted"));
        };
        let Start { stream, record } = *start;
        let seat = Seat::new(cx.node());
        let service = self.place.0.handler.serve(stream, record, seat.clone());
        let seat = seat.is_taken().then_some(seat);
        self.state = State::Served { service, seat };
        cx.work(Self::poll);
        Ok(())
    }

    /// Its grace is the time to drain: it may end by itself until then.
    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        if let State::Served { seat: Some(seat), .. } = &self.state {
            seat.drain();
        }
        Stopping::Wait
    }
}

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::*;
    use crate::handler::Echoing;

    #[tokio::test]
    async fn a_place_is_given_back_once_under_each_limit() {
        let premises = Arc::new(Premises {
            handler: Arc::new(Echoing { idle: None }),
            listener: Some(Arc::new(Semaphore::new(1))),
            process: Arc::new(Semaphore::new(3)),
        });
        let listener = premises.listener.clone().unwrap();
        let free = || (listener.available_permits(), premises.process.available_permits());
        let place = Place::take(&premises).unwrap();
        assert_eq!(free(), (0, 2));
        assert!(Place::take(&premises).is_none(), "the listener has one place");
        assert_eq!(free(), (0, 2));
        drop(place);
        assert_eq!(free(), (1, 3));
        let permits = (
            Arc::clone(&listener).acquire_owned().await.unwrap(),
            Arc::clone(&premises.process).acquire_owned().await.unwrap(),
        );
        let place = Place::of(&premises, Some(permits.0), permits.1);
        assert_eq!(free(), (0, 2));
        drop(place);
        assert_eq!(free(), (1, 3));
    }

    #[test]
    fn no_place_is_lost_where_only_the_listener_has_one() {
        let premises = Arc::new(Premises {
            handler: Arc::new(Echoing { idle: None }),
            listener: Some(Arc::new(Semaphore::new(2))),
            process: Arc::new(Semaphore::new(0)),
        });
        assert!(Place::take(&premises).is_none());
        assert_eq!(premises.listener.as_ref().unwrap().available_permits(), 2);
    }

    /// With up to 48 bytes of state the task of a connection takes 512 bytes, with more it takes
    /// 640: tokio aligns tasks to 128. What is beside the state is pinned in the runtime.
    #[test]
    fn the_state_of_a_connection_leaves_its_task_in_512_bytes() {
        let size = size_of::<Connection>();
        assert!(size <= 40, "{size}");
    }
}
