//! What a connection can become.

use std::rc::Rc;
use std::sync::Arc;

use bytes::BytesMut;

use super::duty::Serving;
use super::serve::{Leg, leg};
use super::{Means, Protocol, Served};
use crate::handler::Seat;
use crate::record::{Code, Record};
use crate::stream::Stream;
use crate::tree::router::Refusal;

/// What a connection becomes after a hook that said so; made by
/// [`Cx::forward`](super::Cx::forward) and [`Cx::upgrade`](super::Cx::upgrade).
pub struct Upgrade(Box<dyn FnOnce(Parts) -> Leg>);

/// What is handed on.
pub(super) struct Parts {
    pub(super) stream: Stream,
    /// Read, and not yet understood.
    pub(super) unread: BytesMut,
    pub(super) record: Rc<Record>,
    pub(super) seat: Seat,
}

impl Upgrade {
    pub(super) fn forward(pool: &str, means: &Means) -> Self {
        let upstreams = means.upstreams.clone();
        let pool: Arc<str> = pool.into();
        Self(Box::new(move |parts| {
            Leg(Box::pin(async move {
                match upstreams {
                    Some(upstreams) => {
                        upstreams.forward(pool, parts.stream, parts.unread, parts.record).await;
                    }
                    None => {
                        let mut stream = parts.stream;
                        stream.abort();
                        parts.record.close(Code::Refused(Refusal::UnknownPool));
                    }
                }
                None
            }))
        }))
    }

    pub(super) fn protocol<Q: Protocol>(served: Arc<Served<Q>>) -> Self {
        Self(Box::new(move |parts| leg(served, parts, Serving)))
    }

    pub(super) fn take_over(self, parts: Parts) -> Leg {
        (self.0)(parts)
    }
}

impl std::fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upgrade")
    }
}
