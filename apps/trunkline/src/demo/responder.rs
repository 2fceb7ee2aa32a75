//! `demo/responders/NAME/wN`: answers requests, and can be made to crash.

use trunkline_runtime::{Actor, Context, Handles, Message, Reply};

/// Counts its requests; the count does not survive a crash, which is how one sees it.
#[derive(Debug)]
pub(super) struct Responder {
    name: &'static str,
    answered: u64,
}

impl Responder {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, answered: 0 }
    }
}

/// Asks for the text of an answer.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) path: String,
}

impl Message for Request {
    type Answer = String;
}

impl Actor for Responder {}

impl Handles<Request> for Responder {
    #[expect(clippy::panic, reason = "what /crash is for")]
    fn handle(&mut self, request: Request, reply: Reply<String>, cx: &mut Context<'_, Self>) {
        if request.path == "/crash" {
            panic!("a request for /crash");
        }
        self.answered += 1;
        reply.send(format!(
            "responder {}: request {} since its start number {}, on {}\n",
            self.name,
            self.answered,
            cx.generation(),
            cx.node().id(),
        ));
    }
}
