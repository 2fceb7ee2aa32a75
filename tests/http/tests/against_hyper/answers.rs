//! Answers to hyper's client.

use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use trunkline_actors::http::body::{Body, Outgoing};
use trunkline_actors::http::limits::HeadLimits;
use trunkline_actors::http::refusal::BadAnswer;
use trunkline_actors::http::response::Asked;

use super::generated::{damaged, rest};
use super::{Fields, ours, runtime, theirs};

/// What hyper takes and we do not, why we do not, and an answer by which that shows.
const STRICTER: [(BadAnswer, &str, &str); 9] = [
    (
        BadAnswer::BadHead,
        "line feeds alone, and empty lines in front of an answer",
        "\r\nHTTP/1.1 204 x\r\n\r\n",
    ),
    (
        BadAnswer::BadStatus,
        "RFC 9110 §15: 600 and more are no statuses",
        "HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        BadAnswer::BadLength,
        "a second length, even the same: somebody reads only the other",
        "HTTP/1.1 200 x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        BadAnswer::LengthAndCoding,
        "RFC 9112 §6.1: it may be an attempt at splitting an answer",
        "HTTP/1.1 200 x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        BadAnswer::UnknownCoding,
        "what is not understood cannot be passed on",
        "HTTP/1.1 200 x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        BadAnswer::MisplacedCoding,
        "RFC 9112 §6.1: none in HTTP/1.0, nor where there is no body",
        "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (
        BadAnswer::UnaskedUpgrade,
        "RFC 9110 §7.8: nobody asked for it",
        "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
    ),
    (
        BadAnswer::BadChunk,
        "white space and extensions only where RFC 9112 §7.1.1 has them",
        "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0 \r\n\r\n",
    ),
    (
        BadAnswer::BadTrailer,
        "a line feed alone is no line of a trailer either",
        "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\nX: 1\r\n\r\n",
    ),
];

#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    fields: Fields,
    body: Vec<u8>,
}

/// The final answer, if it is whole.
fn by_us(mut bytes: &[u8], asked: &Asked) -> Result<Option<Seen>, BadAnswer> {
    let limits = HeadLimits::default();
    loop {
        let head = trunkline_http_tests::response(bytes, &limits, asked, |read| {
            Ok::<_, BadAnswer>(read?.map(|head| {
                let seen =
                    Seen { status: head.status, fields: ours(head.fields), body: Vec::new() };
                (seen, head.length, head.body, head.is_interim())
            }))
        })?;
        let Some((mut seen, length, framing, is_interim)) = head else { return Ok(None) };
        bytes = &bytes[length..];
        if is_interim {
            continue;
        }
        let mut body = Body::new(framing.into(), Outgoing::Plain, None, limits);
        let taken = body.take(bytes, &mut seen.body)?;
        if taken.verbatim {
            seen.body.extend_from_slice(&bytes[..taken.used]);
        }
        return Ok(body.end(&mut seen.body).ok().map(|()| seen));
    }
}

async fn by_hyper(bytes: &[u8], asked: &Asked) -> Option<Seen> {
    let (client, mut server) = tokio::io::duplex(64 * 1024);
    let (mut sender, connection) = http1::handshake(TokioIo::new(client)).await.unwrap();
    let method = if asked.head { "HEAD" } else { "GET" };
    let request =
        Request::builder().method(method).uri("/").header("host", "a").body(Empty::<Bytes>::new());
    let answer = async {
        let answer = sender.send_request(request.unwrap()).await.ok()?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.ok()?;
        let (status, fields) = (parts.status.as_u16(), theirs(&parts.headers));
        drop(sender);
        Some(Seen { status, fields, body: body.to_bytes().to_vec() })
    };
    let backend = async {
        // Not before it was asked: hyper takes what comes earlier for an error.
        let mut request = [0; 1024];
        let _ = server.read(&mut request).await;
        let _ = server.write_all(bytes).await;
        drop(server);
    };
    tokio::join!(connection, answer, backend).1
}

fn lines() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        20 => select(
            &[
                "HTTP/1.1 200 OK\r\n",
                "HTTP/1.1 404 Not Found\r\n",
                "HTTP/1.1 204 No Content\r\n",
                "HTTP/1.1 304 Not Modified\r\n",
                "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n",
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 \r\n",
                "HTTP/1.1 200\r\n",
                "HTTP/1.0 200 OK\r\n",
            ][..]
        ),
        1 => select(
            &[
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n",
                "HTTP/1.1 999 What\r\n",
                "HTTP/2.0 200 OK\r\n",
                "\r\nHTTP/1.1 200 OK\r\n",
                "HTTP/1.1  200 OK\r\n",
                "ICY 200 OK\r\n",
            ][..]
        ),
    ]
}

#[test]
fn an_answer_that_we_take_hyper_takes_for_the_same() {
    let answers = damaged((lines(), rest("")).prop_map(|(line, rest)| line.to_owned() + &rest));
    let runtime = runtime();
    proptest!(ProptestConfig::with_cases(4096), |(bytes in answers, head in any::<bool>())| {
        let asked = Asked { head, upgrade: false };
        let ours = by_us(&bytes, &asked);
        let theirs = runtime.block_on(by_hyper(&bytes, &asked));
        let shown = bytes.escape_ascii().to_string();
        match (&ours, &theirs) {
            (Ok(Some(_)), _) => prop_assert_eq!(ours.ok().flatten(), theirs, "{}", shown),
            (_, None) => {}
            (Ok(None), Some(_)) => prop_assert!(false, "we do not take {}", shown),
            (Err(bad), Some(_)) => {
                let listed = STRICTER.iter().any(|(stricter, ..)| stricter == bad);
                prop_assert!(listed, "hyper takes {}, and not we: {:?}", shown, bad);
            }
        }
    });
}

#[test]
fn each_stricter_rule_refuses_what_hyper_takes() {
    let runtime = runtime();
    let asked = Asked { head: false, upgrade: false };
    for (bad, why, answer) in STRICTER {
        assert_eq!(by_us(answer.as_bytes(), &asked), Err(bad), "{why}");
        let theirs = runtime.block_on(by_hyper(answer.as_bytes(), &asked));
        assert!(theirs.is_some(), "{bad:?}: {why}");
    }
}
