//! The oracle for heads of answers.

use trunkline_actors::http::fields::Version;
use trunkline_actors::http::limits::HeadLimits;
use trunkline_actors::http::refusal::BadAnswer;
use trunkline_actors::http::response::{
    AnswerBody, Asked, Connection, Framing, Onward, ResponseHead, framing,
};

use crate::lenient::{self, DIALECTS, Head};
use crate::{assert_clean, cuts, response};

const LIMITS: [HeadLimits; 2] =
    [HeadLimits { size: 160, fields: 6 }, HeadLimits { size: 32 * 1024, fields: 100 }];

/// Reads `input` as the head of an answer to each kind of request.
///
/// # Panics
/// If the result depends on where the input is cut; if a careless reader finds another answer in
/// what was taken, or in what is written for any kind of client; if what is written does not read as
/// the same answer, or holds what must not go on.
pub fn check(input: &[u8]) {
    for limits in &LIMITS {
        for (head, upgrade) in [(false, false), (true, false), (false, true)] {
            let asked = Asked { head, upgrade };
            let whole = response(input, limits, &asked, facts);
            for end in cuts(input.len()) {
                let early = response(&input[..end], limits, &asked, facts);
                if early != Ok(None) {
                    assert_eq!(early, whole, "after {end} bytes");
                }
            }
            response(input, limits, &asked, |read| {
                if let Ok(Some(head)) = read {
                    check_taken(input, &head, &asked);
                    check_clients(&head, &asked);
                }
            });
        }
    }
}

type Facts = Option<(usize, String)>;

fn facts(read: Result<Option<ResponseHead<'_, '_>>, BadAnswer>) -> Result<Facts, BadAnswer> {
    read.map(|head| head.map(|head| (head.length, format!("{head:?}"))))
}

fn check_taken(input: &[u8], head: &ResponseHead<'_, '_>, asked: &Asked) {
    for dialect in DIALECTS {
        let Some(other) = Head::read(input, dialect) else {
            unreachable!("{dialect:?} finds no end of it");
        };
        assert_eq!(other.length, head.length, "{dialect:?}");
        assert_eq!(other.word(1), head.status.to_string().as_bytes(), "{dialect:?}");
        assert_eq!(other.fields.len(), head.fields.len(), "{dialect:?}");
        if !is_bodiless(head.status, asked) {
            assert_eq!(other.framing, expected(head.body), "{dialect:?}");
        }
    }
}

/// RFC 9112 §6.3, what comes before any field.
#[must_use]
pub fn is_bodiless(status: u16, asked: &Asked) -> bool {
    asked.head || status < 200 || status == 204 || status == 304
}

/// How careless readers must find it framed.
fn expected(body: AnswerBody) -> lenient::Framing {
    match body {
        AnswerBody::None | AnswerBody::UntilClose => lenient::Framing::Unsaid,
        AnswerBody::Length(length) => lenient::Framing::Length(length),
        AnswerBody::Chunked => lenient::Framing::Chunked,
    }
}

fn check_clients(head: &ResponseHead<'_, '_>, asked: &Asked) {
    if head.status == 101 {
        let connection = Connection::Upgrade;
        return check_written(
            head,
            asked,
            Onward { framing: Framing::AsItIs, connection, also: &[] },
        );
    }
    for client in [Version::Http10, Version::Http11] {
        let framing = framing(head.body, client);
        check_written(head, asked, Onward { framing, connection: Connection::Close, also: &[] });
        if framing != Framing::UntilClose {
            let connection = match client {
                Version::Http10 => Connection::KeepAlive,
                Version::Http11 => Connection::Silent,
            };
            check_written(head, asked, Onward { framing, connection, also: &[] });
        }
    }
}

fn check_written(head: &ResponseHead<'_, '_>, asked: &Asked, onward: Onward<'_>) {
    let mut written = b"before".to_vec();
    head.write(&mut written, &onward);
    let Some(written) = written.strip_prefix(b"before") else {
        unreachable!("what was there before is gone");
    };
    assert_clean(written);
    let body = match (head.body, onward.framing) {
        (AnswerBody::UntilClose, Framing::Chunked) => AnswerBody::Chunked,
        (AnswerBody::Chunked, Framing::UntilClose) => AnswerBody::UntilClose,
        (body, _) => body,
    };
    for dialect in DIALECTS {
        let Some(other) = Head::read(written, dialect) else {
            unreachable!("{dialect:?} finds no end of what is written");
        };
        assert_eq!(other.length, written.len(), "{dialect:?}");
        assert_eq!(other.word(0), b"HTTP/1.1", "{dialect:?}");
        assert_eq!(other.word(1), head.status.to_string().as_bytes(), "{dialect:?}");
        if !is_bodiless(head.status, asked) {
            assert_eq!(other.framing, expected(body), "{dialect:?}");
        }
        let connection: &[&[u8]] = match onward.connection {
            Connection::Silent => &[],
            Connection::Close => &[b"close"],
            Connection::KeepAlive => &[b"keep-alive"],
            Connection::Upgrade => &[b"Upgrade"],
        };
        assert_eq!(other.all("connection"), connection, "{dialect:?}");
        for name in ["te", "keep-alive", "proxy-connection"] {
            assert!(other.all(name).is_empty(), "{name} goes on");
        }
        let switches = onward.connection == Connection::Upgrade;
        assert_eq!(!other.all("upgrade").is_empty(), switches, "{dialect:?}");
        if head.status < 200 || head.status == 204 {
            assert_eq!(other.framing, lenient::Framing::Unsaid, "{dialect:?}");
        }
    }
    let limits = HeadLimits { size: usize::MAX, fields: 256 };
    response(written, &limits, asked, |again| {
        let Ok(Some(again)) = again else {
            unreachable!("what is written is not taken: {again:?}");
        };
        assert_eq!(again.length, written.len());
        assert_eq!((again.status, again.reason), (head.status, head.reason));
        assert_eq!((again.body, again.version), (body, Version::Http11));
        let stays = matches!(onward.connection, Connection::Silent | Connection::KeepAlive);
        assert_eq!(again.persistent, stays);
    });
}
