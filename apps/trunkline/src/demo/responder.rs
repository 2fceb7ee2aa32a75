//! `demo/responders/NAME/wN`: answers requests, and can be made to crash.

use tracing::info_span;
use trunkline_runtime::{Actor, Context, Handles, Message, Reply};

/// Counts its requests; the count does not survive a crash, which is how one sees it.
#[derive(Debug)]
pub(super) struct Responder {
    name: &'static str,
    /// Every other answer says that it failed.
    flaky: bool,
    answered: u64,
}

impl Responder {
    pub(super) fn new(name: &'static str, flaky: bool) -> Self {
        Self { name, flaky, answered: 0 }
    }
}

/// What it says, and whether it has failed.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) failed: bool,
}

/// Asks for an answer.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) path: String,
}

impl Message for Request {
    type Answer = Answer;
}

impl Actor for Responder {}

impl Handles<Request> for Responder {
    #[expect(clippy::panic, reason = "what /crash is for")]
    fn handle(&mut self, request: Request, reply: Reply<Answer>, cx: &mut Context<'_, Self>) {
        // A span like any author's: it hangs under the request's, which came with the message.
        let _span = info_span!("respond", responder = self.name).entered();
        if request.path == "/crash" {
            panic!("a request for /crash");
        }
        self.answered += 1;
        let failed = self.flaky && self.answered.is_multiple_of(2);
        let text = format!(
            "responder {}: request {} since its start number {}, on {}{}\n",
            self.name,
            self.answered,
            cx.generation(),
            cx.node().id(),
            if failed { ", failed" } else { "" },
        );
        reply.send(Answer { text, failed });
    }
}
