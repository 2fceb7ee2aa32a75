//! `listeners/NAME/connections/wN/ID`: one connection.

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;
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

/// A connection lives exactly as long as its service. A crash ends it and no other.
pub(crate) struct Connection {
    /// Taken by the service.
    stream: Option<Stream>,
    handler: Arc<dyn Handler>,
    record: Rc<Record>,
    seat: Option<Seat>,
    _place: Place,
}

impl Connection {
    pub(crate) fn new(
        stream: Stream,
        handler: Arc<dyn Handler>,
        record: Record,
        place: Place,
    ) -> Self {
        Self { stream: Some(stream), handler, record: Rc::new(record), seat: None, _place: place }
    }
}

impl Actor for Connection {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let Some(stream) = self.stream.take() else {
            return Err(Failure::new("a connection cannot be restarted"));
        };
        let seat = self.seat.insert(Seat::new(cx.node())).clone();
        let service = self.handler.serve(stream, Rc::clone(&self.record), seat);
        cx.run(async move {
            service.await;
            Ok(())
        });
        Ok(())
    }

    /// Its grace is the time to drain: it may end by itself until then.
    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        if let Some(seat) = &self.seat {
            seat.drain();
        }
        Stopping::Wait
    }
}
