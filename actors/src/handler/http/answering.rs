//! Answers of our own, and how a connection ends after one.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::account::{Account, Phase};
use super::begun::Begun;
use super::client::Answered;
use super::conversation::{After, Conversation};
use super::fault::Fault;
use crate::closed::Ending;
use crate::http::answer::{OwnAnswer, reason};
use crate::http::fields::Version;
use crate::http::route::{Route, Target};
use crate::scratch::with_scratch;
use crate::spare::Lent;
use crate::stream::Loss;

/// The most of an unwanted body that is read so that the connection can stay, in bytes.
const DRAINED: u64 = 64 * 1024;
/// The most that is read after the last answer, so that the client gets it before an end by force.
const LINGERED: usize = 256 * 1024;
/// How long that may take.
const LINGER: Duration = Duration::from_secs(2);

const PLAIN: &str = "text/plain; charset=utf-8";

impl Conversation {
    /// Answers a request that never began. The connection ends with it.
    pub(super) async fn refuse(&mut self, fault: &Fault, mut account: Box<Account>) {
        let text = text(fault, &account);
        let answer = OwnAnswer {
            status: fault.status(),
            content_type: PLAIN,
            body: text.as_bytes(),
            location: None,
            retry_after: None,
            head: false,
            connection: Some("close"),
        };
        account.fails(*fault);
        self.say(&answer, &mut account).await;
        drop(account);
        self.linger().await;
    }

    /// Answers a request that no backend has answered.
    pub(super) async fn refuse_begun(&mut self, fault: &Fault, mut begun: Box<Begun>) -> After {
        begun.account.fails(*fault);
        let text = text(fault, &begun.account);
        if fault.is_of_client() {
            // What it says cannot be understood any more, or is not waited for.
            begun.exchange.close_client();
        }
        self.answer_ourselves(fault.status(), PLAIN, text.as_bytes(), None, begun).await
    }

    /// Answers for a route that needs no backend.
    pub(super) async fn answer_target(&mut self, route: &Route, mut begun: Box<Begun>) -> After {
        begun.account.phase = Phase::Answer;
        begun.account.close("done");
        match &route.target {
            Target::Answer(answer) => {
                let (kind, body) = (&*answer.content_type, &*answer.body);
                self.answer_ourselves(answer.status, kind, body, None, begun).await
            }
            Target::Redirect(redirect) => {
                let location = std::mem::take(&mut begun.first);
                let location = Some(&location[..]);
                self.answer_ourselves(redirect.status, PLAIN, b"", location, begun).await
            }
            // Routes to pools are forwarded.
            Target::Pool { .. } => After::Close,
        }
    }

    async fn answer_ourselves(
        &mut self,
        status: u16,
        content_type: &str,
        body: &[u8],
        location: Option<&[u8]>,
        mut begun: Box<Begun>,
    ) -> After {
        // Where the rest of the body is short it is read; else the connection ends.
        let rest = begun.exchange.request_remaining();
        let stays = begun.exchange.wants_to_stay()
            && !self.client.ended
            && !self.seat.is_draining()
            && rest.is_some_and(|rest| rest == 0 || rest <= DRAINED && !begun.expects_continue);
        let connection = match (stays, begun.exchange.client_version()) {
            (false, _) => Some("close"),
            (true, Version::Http10) => Some("keep-alive"),
            (true, Version::Http11) => None,
        };
        let head = begun.is_head;
        let retry_after = begun.retry_after(status);
        let answer =
            OwnAnswer { status, content_type, body, location, retry_after, head, connection };
        let said = self.say(&answer, &mut begun.account).await;
        let drained = said && stays && self.drain(&mut begun).await;
        if !drained {
            begun.exchange.close_client();
        }
        self.idle_since = Instant::now();
        begun.account.ended(self.idle_since);
        self.after(begun).await
    }

    /// Writes an answer of our own; says whether the client has taken it.
    async fn say(&mut self, answer: &OwnAnswer<'_>, account: &mut Account) -> bool {
        let mut bytes = Lent::new();
        answer.write(SystemTime::now(), &mut bytes);
        let now = Instant::now();
        account.answers(answer.status, now);
        self.client.answered = Answered::Partly;
        let due = now + self.site.times.body;
        let mut taken = 0;
        let ended = poll_fn(|cx| {
            while taken < bytes.len() {
                match self.client.poll_write(cx, &bytes[taken..]) {
                    Poll::Ready(Ok(count @ 1..)) => taken += count,
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(Ending::ClientReset.name())),
                    Poll::Ready(Err(error)) => {
                        return Poll::Ready(Err(Ending::of_client(Loss::of(&error)).name()));
                    }
                    Poll::Pending => {
                        let late = self.timer.poll(cx, due);
                        return late.map(|()| Err(Fault::SlowReader.code()));
                    }
                }
            }
            Poll::Ready(Ok(()))
        })
        .await;
        account.bytes_out += taken as u64;
        match ended {
            Ok(()) => self.client.answered = Answered::Idle,
            Err(code) => account.close(code),
        }
        ended.is_ok()
    }

    /// Reads the rest of a body that nobody wants; says whether it came.
    async fn drain(&mut self, begun: &mut Begun) -> bool {
        let due = Instant::now() + self.site.times.body;
        poll_fn(|cx| {
            loop {
                if begun.exchange.request_is_whole() {
                    return Poll::Ready(true);
                }
                let read = self.poll_drain(cx, begun);
                match read {
                    Poll::Ready(true) => {}
                    Poll::Ready(false) => return Poll::Ready(false),
                    Poll::Pending => return self.timer.poll(cx, due).map(|()| false),
                }
            }
        })
        .await
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>, begun: &mut Begun) -> Poll<bool> {
        let mut none = Lent::new();
        let client = &mut self.client;
        if !client.held.is_empty() {
            let held = std::mem::take(&mut client.held);
            let taken = begun.exchange.from_client(&held, &mut none);
            return Poll::Ready(taken.is_ok_and(|taken| {
                client.held.extend_from_slice(&held[taken.used..]);
                true
            }));
        }
        with_scratch(|scratch| match client.poll_read(cx, scratch) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(0) | Err(_)) => Poll::Ready(false),
            Poll::Ready(Ok(count)) => {
                let taken = begun.exchange.from_client(&scratch[..count], &mut none);
                Poll::Ready(taken.is_ok_and(|taken| {
                    client.held.extend_from_slice(&scratch[taken.used..count]);
                    true
                }))
            }
        })
    }

    /// Ends our side, and reads on for a while: closing with unread input would be a reset, which
    /// can overtake the answer (RFC 9112 §9.6).
    pub(super) async fn linger(&mut self) {
        let due = Instant::now() + LINGER;
        let mut shut = false;
        let mut left = LINGERED;
        poll_fn(|cx| {
            if !shut {
                match self.client.poll_shutdown(cx) {
                    Poll::Ready(Ok(())) => shut = true,
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return self.timer.poll(cx, due),
                }
            }
            loop {
                if self.client.ended {
                    return Poll::Ready(());
                }
                let read = with_scratch(|scratch| self.client.poll_read(cx, scratch));
                match read {
                    Poll::Ready(Ok(count @ 1..)) if count < left => left -= count,
                    Poll::Ready(_) => return Poll::Ready(()),
                    Poll::Pending => return self.timer.poll(cx, due),
                }
            }
        })
        .await;
    }
}

/// What a client is told beside the status.
fn text(fault: &Fault, account: &Account) -> String {
    let status = fault.status();
    format!("{status} {}: {fault}\nrequest {:016x}\n", reason(status), account.id())
}
