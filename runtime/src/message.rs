//! Messages, who handles them, and the answers.

use tokio::sync::oneshot;

use crate::actor::Actor;
use crate::address::AskError;
use crate::context::Context;
use crate::ending;

/// Something that can be sent to an actor.
///
/// It crosses threads, so it is `Send`; a request's bytes never travel in one.
pub trait Message: Send + 'static {
    /// What the actor answers; `()` where the sender expects nothing.
    type Answer: Send + 'static;
}

/// An actor that handles messages of type `M`.
pub trait Handles<M: Message>: Actor {
    /// Handles one message. Messages are handled one at a time, in the order of their arrival.
    ///
    /// The answer may be given at once, or kept and given later (OTP: `gen_server:reply/2`); one
    /// that is dropped tells the asker that there is none, and why.
    fn handle(&mut self, message: M, reply: Reply<M::Answer>, cx: &mut Context<'_, Self>);
}

/// The right to answer one message.
#[derive(Debug)]
#[must_use = "an answer that is dropped fails the one who asked"]
pub struct Reply<R> {
    to: Option<oneshot::Sender<Result<R, AskError>>>,
}

impl<R> Reply<R> {
    pub(crate) fn new() -> (Self, oneshot::Receiver<Result<R, AskError>>) {
        let (to, from) = oneshot::channel();
        (Self { to: Some(to) }, from)
    }

    /// For a message whose sender waits for nothing.
    pub(crate) fn nobody() -> Self {
        Self { to: None }
    }

    /// Gives the answer.
    pub fn send(mut self, answer: R) {
        if let Some(to) = self.to.take() {
            // Whoever asked may have stopped waiting; that is their right.
            let _ = to.send(Ok(answer));
        }
    }

    /// Says why there will be no answer. For mailboxes other than an actor's own, which know what
    /// became of a message: one that was never looked at was [`AskError::Stopped`].
    pub fn fail(mut self, error: AskError) {
        if let Some(to) = self.to.take() {
            let _ = to.send(Err(error));
        }
    }
}

impl<R> Drop for Reply<R> {
    fn drop(&mut self) {
        if let Some(to) = self.to.take() {
            let _ = to.send(Err(ending::why_unanswered()));
        }
    }
}
