//! Orders on their way from a request to the actor, whose thread their futures live on.

use tokio::sync::{mpsc, oneshot};

use super::operations::{Order, OrderError};

/// How many orders may wait to be looked at. More than one a connection cannot be.
const WAITING: usize = 64;

/// An order, and who waits for what becomes of it.
pub(super) struct Slip {
    pub(super) order: Order,
    pub(super) reply: oneshot::Sender<Result<(), OrderError>>,
}

/// Where requests hand in orders.
#[derive(Clone)]
pub(super) struct Desk {
    to: mpsc::Sender<Slip>,
}

impl Desk {
    pub(super) fn new() -> (Self, mpsc::Receiver<Slip>) {
        let (to, from) = mpsc::channel(WAITING);
        (Self { to }, from)
    }

    /// Has something done. Cancel-safe as an order is: once handed in it is carried out.
    pub(super) async fn order(&self, order: Order) -> Result<(), OrderError> {
        let gone = || {
            OrderError::Unavailable("the admin API is being restarted".into(), "try again".into())
        };
        let (reply, answer) = oneshot::channel();
        self.to.send(Slip { order, reply }).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}
