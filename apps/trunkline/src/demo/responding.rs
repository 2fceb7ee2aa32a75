//! Just enough of HTTP/1.1 for the demo's responders: GET and HEAD, keep-alive, no bodies.

use std::future::poll_fn;
use std::rc::Rc;
use std::time::Duration;

use trunkline_actors::closed::{Ending, Moved};
use trunkline_actors::handler::{Handler, Seat, Service};
use trunkline_actors::record::{Code, Phase, Record};
use trunkline_actors::stream::Stream;
use trunkline_observability::trace::w3c;
use trunkline_runtime::trace::TraceContext;
use trunkline_runtime::{Address, AskError, Deadline, Placement};

use super::responder::{Request, Responder};

/// The longest head of a request, in bytes.
const HEAD: usize = 8 * 1024;
/// The most fields in a head.
const FIELDS: usize = 64;
/// How long a client may take to send a head.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a responder may take.
const ANSWER: Duration = Duration::from_secs(5);

/// What becomes of a request that the responder crashed over.
const CRASHED: &str = "the responder panicked over this request; its supervisor restarts it\n";

/// Asks the responder of its own worker.
pub(super) struct Responding {
    pub(super) responders: Vec<Address<Responder>>,
}

impl Handler for Responding {
    fn name(&self) -> &str {
        "demo"
    }

    fn serve(&self, stream: Stream, record: Rc<Record>, _: Seat) -> Service {
        record.enter(Phase::Stream);
        let worker = Placement::current().and_then(Placement::worker);
        let responder = worker.and_then(|worker| self.responders.get(worker)).cloned();
        Box::pin(async move {
            let mut conversation =
                Conversation { stream, received: Vec::new(), moved: Moved::default() };
            let ending = match responder {
                Some(responder) => conversation.run(&responder).await,
                None => Ending::Done,
            };
            record.set_moved(conversation.moved);
            record.close(Code::Ended(ending));
        })
    }
}

struct Conversation {
    stream: Stream,
    received: Vec<u8>,
    moved: Moved,
}

/// A request, as far as the demo looks at it.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    length: usize,
    method: Method,
    path: String,
    keep_alive: bool,
    trace: Option<TraceContext>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Get,
    Head,
}

impl Conversation {
    async fn run(&mut self, responder: &Address<Responder>) -> Ending {
        loop {
            let head = match self.head().await {
                Ok(Some(head)) => head,
                Ok(None) => return Ending::Done,
                Err(Bad::Lost) => return Ending::ClientReset,
                Err(Bad::Silent) => return Ending::IdleTimeout,
                Err(Bad::Request(status)) => {
                    let text = format!("{status}\n");
                    return match self.answer(status, &text, false, Method::Get).await {
                        Ok(()) => Ending::Done,
                        Err(Lost) => Ending::ClientReset,
                    };
                }
            };
            self.received.drain(..head.length);
            // Sent within the trace of the request, so that a crash is found from there.
            let answer = {
                let _entered = head.trace.map(TraceContext::enter);
                responder.ask(Request { path: head.path }, ANSWER)
            };
            let (status, text) = match answer.await {
                Ok(answer) if answer.failed => ("500 Internal Server Error", answer.text),
                Ok(answer) => ("200 OK", answer.text),
                Err(AskError::Crashed) => ("500 Internal Server Error", CRASHED.to_owned()),
                Err(error) => ("503 Service Unavailable", format!("{error}\n")),
            };
            if let Err(Lost) = self.answer(status, &text, head.keep_alive, head.method).await {
                return Ending::ClientReset;
            }
            if !head.keep_alive {
                return Ending::Done;
            }
        }
    }

    /// The next request, or none when the client is done.
    async fn head(&mut self) -> Result<Option<Head>, Bad> {
        let mut deadline = Deadline::after(PATIENCE);
        loop {
            match parse(&self.received) {
                Ok(Some(head)) => return Ok(Some(head)),
                Ok(None) if self.received.len() >= HEAD => {
                    return Err(Bad::Request("431 Request Header Fields Too Large"));
                }
                Ok(None) => {}
                Err(status) => return Err(Bad::Request(status)),
            }
            let mut piece = [0; 1024];
            let read = tokio::select! {
                read = poll_fn(|cx| self.stream.poll_read(cx, &mut piece)) => read,
                () = &mut deadline => return Err(Bad::Silent),
            };
            match read {
                Ok(0) if self.received.is_empty() => return Ok(None),
                Ok(0) | Err(_) => return Err(Bad::Lost),
                Ok(count) => {
                    self.moved.from_client += count as u64;
                    self.received.extend_from_slice(&piece[..count]);
                }
            }
        }
    }

    async fn answer(
        &mut self,
        status: &str,
        text: &str,
        keep_alive: bool,
        method: Method,
    ) -> Result<(), Lost> {
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let mut answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: {}\r\nConnection: {connection}\r\n\r\n",
            text.len()
        );
        match method {
            Method::Get => answer.push_str(text),
            Method::Head => {}
        }
        let mut rest = answer.as_bytes();
        while !rest.is_empty() {
            let written = poll_fn(|cx| self.stream.poll_write(cx, rest)).await.map_err(|_| Lost)?;
            self.moved.to_client += written as u64;
            rest = &rest[written..];
        }
        if keep_alive {
            return Ok(());
        }
        poll_fn(|cx| self.stream.poll_shutdown(cx)).await.map_err(|_| Lost)
    }
}

/// Why there is no request.
enum Bad {
    Lost,
    Silent,
    Request(&'static str),
}

/// The client is gone.
struct Lost;

/// A whole head at the beginning of `bytes`, or none yet.
fn parse(bytes: &[u8]) -> Result<Option<Head>, &'static str> {
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err("431 Request Header Fields Too Large"),
        Err(_) => return Err("400 Bad Request"),
    };
    let method = match request.method {
        Some("GET") => Method::Get,
        Some("HEAD") => Method::Head,
        Some(_) | None => return Err("405 Method Not Allowed"),
    };
    let value = |name: &str| {
        let field = request.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        field.map(|field| field.value)
    };
    let has_body = value("content-length").is_some_and(|length| length != b"0");
    if has_body || value("transfer-encoding").is_some() {
        return Err("413 Content Too Large");
    }
    let asked = |word: &[u8]| {
        value("connection").is_some_and(|options| {
            options
                .split(|byte| *byte == b',')
                .any(|one| one.trim_ascii().eq_ignore_ascii_case(word))
        })
    };
    let keep_alive = match request.version {
        Some(1) => !asked(b"close"),
        Some(_) | None => asked(b"keep-alive"),
    };
    // Only the listener in front comes here.
    let trace = value("traceparent").and_then(w3c::parse);
    let path = request.path.unwrap_or("/").to_owned();
    Ok(Some(Head { length, method, path, keep_alive, trace }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_is_not_whole_yet_is_waited_for() {
        assert_eq!(parse(b"GET / HTTP/1.1\r\nHost: a\r\n"), Ok(None));
    }

    #[test]
    fn http_1_1_stays_and_http_1_0_closes_unless_told_otherwise() {
        let keeps = |head: &[u8]| parse(head).unwrap().unwrap().keep_alive;
        assert!(keeps(b"GET / HTTP/1.1\r\n\r\n"));
        assert!(!keeps(b"GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n"));
        assert!(!keeps(b"GET / HTTP/1.0\r\n\r\n"));
        assert!(keeps(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"));
    }

    #[test]
    fn what_is_no_request_for_the_demo_is_refused_by_its_status() {
        assert_eq!(parse(b"\0\r\n\r\n"), Err("400 Bad Request"));
        assert_eq!(parse(b"POST / HTTP/1.1\r\n\r\n"), Err("405 Method Not Allowed"));
        let body = b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
        assert_eq!(parse(body), Err("413 Content Too Large"));
    }
}
