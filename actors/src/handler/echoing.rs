//! The raw echo as a handler.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::{Handler, Seat, Service};
use crate::echo::Echo;
use crate::record::{Code, Phase, Record};
use crate::stream::Stream;

/// Sends every byte back.
#[derive(Debug)]
pub struct Echoing {
    /// How long nothing may move.
    pub idle: Option<Duration>,
}

impl Handler for Echoing {
    fn name(&self) -> &str {
        "echo"
    }

    fn serve(&self, stream: Stream, record: Rc<Record>, _: Seat) -> Service {
        record.enter(Phase::Stream);
        Box::pin(Metered { echo: Echo::new(stream, self.idle), record })
    }
}

/// Notes what was moved, however it ends.
struct Metered {
    echo: Echo,
    record: Rc<Record>,
}

impl Future for Metered {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let closed = ready!(Pin::new(&mut self.echo).poll(cx));
        self.record.close(Code::Ended(closed.ending));
        Poll::Ready(())
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        self.record.set_moved(self.echo.moved());
    }
}
