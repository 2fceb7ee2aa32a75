//! `listeners/NAME/connections/wN/ID`: one connection.

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use trunkline_runtime::{Actor, Context, Failure, Stopping};

use crate::handler::{Handler, Seat};
use crate::record::Record;
use crate::stream::Stream;

/// How many messages may wait for a connection.
pub(crate) const MAILBOX: u32 = 16;

/// One place under each limit that applies to a connection; given back on drop.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) _listener: Option<OwnedSemaphorePermit>,
    pub(crate) _process: OwnedSemaphorePermit,
}

/// A [`Place`] in half the room.
struct Held {
    listener: Option<Arc<Semaphore>>,
    process: Arc<Semaphore>,
}

impl From<Place> for Held {
    fn from(place: Place) -> Self {
        let keep = |permit: OwnedSemaphorePermit| {
            let semaphore = Arc::clone(permit.semaphore());
            permit.forget();
            semaphore
        };
        Self { listener: place._listener.map(keep), process: keep(place._process) }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(listener) = &self.listener {
            listener.add_permits(1);
        }
        self.process.add_permits(1);
    }
}

/// What only the start needs; its room is given back then.
struct Start {
    stream: Stream,
    handler: Arc<dyn Handler>,
}

enum State {
    /// Empty where its start has failed, and where it is served by what does not care for the
    /// drain, as forwarding.
    New(Option<Box<Start>>),
    Served(Seat),
}

/// A connection lives exactly as long as its service. A crash ends it and no other.
pub(crate) struct Connection {
    state: State,
    record: Rc<Record>,
    _place: Held,
}

impl Connection {
    pub(crate) fn new(
        stream: Stream,
        handler: Arc<dyn Handler>,
        record: Record,
        place: Place,
    ) -> Self {
        let state = State::New(Some(Box::new(Start { stream, handler })));
        Self { state, record: Rc::new(record), _place: place.into() }
    }
}

impl Actor for Connection {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let State::New(Some(start)) = std::mem::replace(&mut self.state, State::New(None)) else {
            return Err(Failure::new("a connection cannot be restarted"));
        };
        let Start { stream, handler } = *start;
        let seat = Seat::new(cx.node());
        let service = handler.serve(stream, Rc::clone(&self.record), seat.clone());
        if seat.is_taken() {
            self.state = State::Served(seat);
        }
        cx.pipe(service, |_, (), cx| cx.stop());
        Ok(())
    }

    /// Its grace is the time to drain: it may end by itself until then.
    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        if let State::Served(seat) = &self.state {
            seat.drain();
        }
        Stopping::Wait
    }
}

#[cfg(test)]
mod tests {
    use std::mem::size_of;

    use super::*;

    #[tokio::test]
    async fn a_place_is_given_back_once_under_each_limit() {
        let (listener, process) = (Arc::new(Semaphore::new(2)), Arc::new(Semaphore::new(3)));
        let place = Place {
            _listener: Arc::clone(&listener).try_acquire_owned().ok(),
            _process: Arc::clone(&process).acquire_owned().await.unwrap(),
        };
        let held = Held::from(place);
        assert_eq!((listener.available_permits(), process.available_permits()), (1, 2));
        drop(held);
        assert_eq!((listener.available_permits(), process.available_permits()), (2, 3));
    }

    /// With up to 48 bytes of state the task of a connection takes 512 bytes, with more it takes
    /// 640: tokio aligns tasks to 128. What is beside the state is pinned in the runtime.
    #[test]
    fn the_state_of_a_connection_leaves_its_task_in_512_bytes() {
        let size = size_of::<Connection>();
        assert!(size <= 40, "{size}");
    }
}
