//! What both sides got, against what they were sent.

use trunkline_actors::http::body::{Body, Incoming, Outgoing};
use trunkline_actors::http::fields::Version;
use trunkline_actors::http::limits::HeadLimits;
use trunkline_actors::http::request::RequestBody;
use trunkline_actors::http::response::AnswerBody;

use super::outcome::{End, Outcome, Reply, Talk};
use crate::lenient::{self, DIALECTS, Dialect, Framing, Head};
use crate::request_head::framing;
use crate::response_head::is_bodiless;
use crate::{request, response};

/// Room for what we add to a head.
const WIDE: HeadLimits = HeadLimits { size: 64 * 1024, fields: 256 };

/// Looks at all that came of a script.
///
/// # Panics
/// As [`super::check`] says.
pub fn check(outcome: &Outcome) {
    let bodies: Vec<_> = outcome.talks.iter().map(|talk| sent(outcome, talk)).collect();
    check_order(&outcome.talks);
    for (index, stream) in outcome.backends.iter().enumerate() {
        let talks = outcome.talks.iter().zip(&bodies);
        let talks = talks.filter(|(talk, _)| talk.backend == Some(index));
        let talks: Vec<_> = talks
            .map(|(talk, body)| (talk, body.as_ref().filter(|_| talk.backend_has_it)))
            .collect();
        check_backend(stream, &talks, outcome.end == End::Switched);
    }
    check_client(outcome);
}

/// Each request starts where the one before ended, and only after one that was read to its end.
fn check_order(talks: &[Talk]) {
    let mut ends = 0;
    for (index, talk) in talks.iter().enumerate() {
        assert_eq!(talk.starts, ends, "bytes between two requests");
        ends = talk.ends;
        let answered = !matches!(talk.reply, Reply::None | Reply::Broken(_));
        assert!(!talk.stays || talk.request_is_whole && answered, "kept too early");
        assert!(talk.stays || index + 1 == talks.len(), "a request after the last one");
    }
}

/// The body that the client sent, by careless readers, where it is whole.
fn sent(outcome: &Outcome, talk: &Talk) -> Option<Vec<u8>> {
    let start = talk.body_starts.filter(|_| talk.request_is_whole)?;
    let mut data = None;
    for dialect in DIALECTS {
        let length = Head::read(&outcome.sent[talk.starts..], dialect).map(|head| head.length);
        assert_eq!(length, Some(start - talk.starts), "{dialect:?}");
        let read = lenient::body(&outcome.sent[start..], framing(talk.body), dialect);
        let Some((body, used)) = read else { unreachable!("{dialect:?} wants more of a body") };
        assert_eq!(used, talk.ends - start, "{dialect:?}");
        assert_eq!(data.get_or_insert_with(|| body.clone()), &body, "{dialect:?}");
    }
    data
}

fn check_backend(stream: &[u8], talks: &[(&Talk, Option<&Vec<u8>>)], switched: bool) {
    let mut at = 0;
    for (index, (talk, body)) in talks.iter().enumerate() {
        let is_last = index + 1 == talks.len();
        let rest = &stream[at..];
        let mut length = 0;
        for dialect in DIALECTS {
            let Some(head) = Head::read(rest, dialect) else {
                unreachable!("{dialect:?} finds no request");
            };
            assert_eq!(head.line, talk.line.as_bytes(), "{dialect:?}");
            assert_eq!(head.all("host"), [talk.host.as_bytes()], "{dialect:?}");
            assert_eq!(head.framing, framing(talk.body), "{dialect:?}");
            assert!(length == 0 || length == head.length, "{dialect:?}");
            length = head.length;
            let read = lenient::body(&rest[length..], head.framing, dialect);
            match (read, body) {
                (Some((data, used)), Some(_)) => {
                    assert_eq!(Some(&data), *body, "{dialect:?}");
                    assert!(!is_last || switched || used == rest.len() - length);
                    if dialect.coding_wins {
                        at = stream.len() - rest.len() + length + used;
                    }
                }
                (None, None) => assert!(is_last),
                // The CR of the last line, before it became clear that no LF follows.
                (Some(_), None) if dialect.lone_return => assert!(is_last),
                (None, Some(_)) => unreachable!("{dialect:?} waits for more of a request"),
                (Some(_), None) => unreachable!("{dialect:?} takes a part for the whole"),
            }
        }
        check_strictly(rest, talk, body.map(Vec::as_slice));
    }
    assert!(!talks.is_empty() || stream.is_empty(), "a backend got what nobody sent");
}

/// The readers under test must take it, too. An empty host is ours alone, and not taken.
fn check_strictly(stream: &[u8], talk: &Talk, body: Option<&[u8]>) {
    if talk.host.is_empty() {
        return;
    }
    let length = request(stream, &WIDE, |read| {
        let Ok(Some(head)) = read else { unreachable!("what is written is not taken: {read:?}") };
        assert_eq!((head.host, head.body), (&*talk.host, talk.body));
        head.length
    });
    let incoming = match talk.body {
        RequestBody::None => Incoming::None,
        RequestBody::Length(length) => Incoming::Length(length),
        RequestBody::Chunked => Incoming::Chunked,
    };
    let read = plain(&stream[length..], incoming);
    assert_eq!(read.as_ref().map(|(data, _)| &data[..]), body);
}

/// The data of a body and its length, where it is whole.
fn plain(bytes: &[u8], incoming: Incoming) -> Option<(Vec<u8>, usize)> {
    let mut body = Body::new(incoming, Outgoing::Plain, None, WIDE);
    let mut data = Vec::new();
    let Ok(taken) = body.take(bytes, &mut data) else {
        unreachable!("what is written is not taken: {}", bytes.escape_ascii());
    };
    if taken.verbatim {
        data.extend_from_slice(&bytes[..taken.used]);
    }
    body.is_done().then_some((data, taken.used))
}

fn check_client(outcome: &Outcome) {
    let mut rest = &outcome.got[..];
    for talk in &outcome.talks {
        let interims = skip_interims(&mut rest, talk);
        assert!(talk.version == Version::Http11 || interims == 0, "HTTP/1.0 was sent a 1xx");
        match talk.reply {
            Reply::None => {}
            Reply::Ours(status) => {
                let Some((_, used)) = read_answer(rest, talk, status, outcome.end) else {
                    unreachable!("a part of an answer of ours");
                };
                rest = &rest[used..];
            }
            Reply::Whole(101) => return,
            Reply::Whole(status) => {
                let Some((data, used)) = read_answer(rest, talk, status, outcome.end) else {
                    unreachable!("a part of an answer for the whole");
                };
                rest = &rest[used..];
                let said = DIALECTS.map(|dialect| said(talk, status, dialect));
                for (before, said) in said {
                    assert_eq!(data, said);
                    assert!(talk.version == Version::Http10 || before == interims);
                }
            }
            Reply::Broken(status) => {
                let whole = read_answer(rest, talk, status, outcome.end);
                assert!(whole.is_none(), "a part of an answer looks whole");
                return;
            }
        }
    }
    assert!(rest.is_empty(), "answers that nobody asked for");
}

/// How many answers of the interim stand there.
fn skip_interims(rest: &mut &[u8], talk: &Talk) -> usize {
    let mut count = 0;
    loop {
        let length = response(rest, &WIDE, &talk.asked, |read| {
            read.ok().flatten().filter(|head| head.is_interim()).map(|head| head.length)
        });
        let Some(length) = length else { return count };
        *rest = &rest[length..];
        count += 1;
    }
}

/// The data and the length of the answer with which `bytes` begin, where it is whole.
fn read_answer(bytes: &[u8], talk: &Talk, status: u16, end: End) -> Option<(Vec<u8>, usize)> {
    let head = response(bytes, &WIDE, &talk.asked, |read| {
        let Ok(head) = read else { unreachable!("what is written is not taken: {read:?}") };
        head.map(|head| {
            assert_eq!(head.status, status);
            let is_whole = !matches!(talk.reply, Reply::Broken(_));
            assert!(!is_whole || head.persistent == talk.stays || talk.stays_unread(), "{talk:?}");
            (head.length, head.body)
        })
    });
    let (length, body) = head?;
    check_careless(bytes, length, body, talk, status);
    let rest = &bytes[length..];
    match body {
        AnswerBody::None => Some((Vec::new(), length)),
        // Whole if the connection ends in order.
        AnswerBody::UntilClose => (end == End::Closed).then(|| (rest.to_vec(), bytes.len())),
        AnswerBody::Length(_) | AnswerBody::Chunked => {
            plain(rest, body.into()).map(|(data, used)| (data, length + used))
        }
    }
}

/// Careless clients read the same head, and the same body behind it.
fn check_careless(bytes: &[u8], length: usize, body: AnswerBody, talk: &Talk, status: u16) {
    for dialect in DIALECTS {
        let Some(head) = Head::read(bytes, dialect) else {
            unreachable!("{dialect:?} finds no answer");
        };
        assert_eq!(head.length, length, "{dialect:?}");
        if talk.version == Version::Http10 {
            assert!(head.all("transfer-encoding").is_empty(), "a coding in HTTP/1.0");
        }
        if is_bodiless(status, &talk.asked) {
            continue;
        }
        let read = lenient::body(&bytes[length..], head.framing, dialect);
        match body {
            AnswerBody::None => assert_eq!(read.map(|(_, used)| used), Some(0)),
            AnswerBody::UntilClose => assert_eq!(head.framing, Framing::Unsaid),
            AnswerBody::Length(_) | AnswerBody::Chunked => {
                let strict = plain(&bytes[length..], body.into());
                assert!(read == strict || strict.is_none() && dialect.lone_return, "{dialect:?}");
            }
        }
    }
}

/// What the backend said, by a careless reader: how many answers of the interim, and the data of the
/// final one.
fn said(talk: &Talk, status: u16, dialect: Dialect) -> (usize, Vec<u8>) {
    let mut rest = &talk.answer[..];
    let mut interims = 0;
    loop {
        let Some(head) = Head::read(rest, dialect) else {
            unreachable!("{dialect:?} finds no answer in what was taken for one");
        };
        rest = &rest[head.length..];
        if head.word(1).starts_with(b"1") {
            interims += 1;
            continue;
        }
        assert_eq!(head.word(1), status.to_string().as_bytes(), "{dialect:?}");
        if is_bodiless(status, &talk.asked) {
            assert!(rest.is_empty(), "more than an answer was read");
            return (interims, Vec::new());
        }
        if head.framing == Framing::Unsaid {
            return (interims, rest.to_vec());
        }
        let Some((data, used)) = lenient::body(rest, head.framing, dialect) else {
            unreachable!("{dialect:?} wants more of an answer");
        };
        assert_eq!(used, rest.len(), "{dialect:?}");
        return (interims, data);
    }
}
