//! A client among those who take messages: so that a dispatcher can balance over several.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use trunkline_runtime::{Accepts, Message, Node, Recipient, Refused, Reply};

use super::desk::{Asker, Outcome};
use super::pending::Ended;
use super::{Client, RequestError, Requests};

/// A request as a message. What becomes of it once it was taken is its answer.
pub struct Asked<P: Requests>(pub P::Request);

impl<P: Requests> Message for Asked<P> {
    type Answer = Outcome<P>;
}

// By hand: what is asked is nobody's business in a log.
impl<P: Requests> fmt::Debug for Asked<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}

impl<P: Requests> Client<P> {
    /// The client as a recipient: a member of a [`Dispatch`](crate::dispatch::Dispatch), say. It is
    /// open while it is connected, and what waits for it is all that has no answer yet.
    ///
    /// A message does not say how long its asker waits, so each is given up after `within`, or up
    /// to 10 ms later. While the client's actor rests after a crash, that waits for the next
    /// request, or for the end of the rest.
    #[must_use]
    pub fn recipient(&self, within: Duration) -> Recipient<Asked<P>> {
        Recipient::new(Arc::new(Mailbox { client: self.clone(), within }))
    }
}

struct Mailbox<P: Requests> {
    client: Client<P>,
    within: Duration,
}

impl<P: Requests> Accepts<Asked<P>> for Mailbox<P> {
    fn deliver(
        &self,
        Asked(request): Asked<P>,
        reply: Reply<Outcome<P>>,
    ) -> Result<(), Refused<Asked<P>>> {
        let admitted = self.client.desk.admit(request, Asker::Reply(reply), self.within);
        match admitted {
            // Both come back together.
            Err(Ended { to: Some(Asker::Reply(reply)), request: Some(request), error }) => {
                Err(match error {
                    RequestError::Full => Refused::Full(Asked(request), reply),
                    RequestError::Stopped
                    | RequestError::Deadline
                    | RequestError::Unanswered
                    | RequestError::Broken
                    | RequestError::Crashed => Refused::Stopped(Asked(request), reply),
                })
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn node(&self) -> &Arc<Node> {
        &self.client.node
    }

    fn is_open(&self) -> bool {
        self.client.is_connected() && self.client.desk.is_open()
    }

    fn is_gone(&self) -> bool {
        self.client.desk.is_gone()
    }

    fn waiting(&self) -> u32 {
        self.client.desk.unanswered()
    }
}
