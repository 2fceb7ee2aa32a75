//! Requests to hyper's server.

use std::cell::RefCell;
use std::convert::Infallible;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use proptest::sample::select;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use trunkline_actors::http::body::{Body, Outgoing};
use trunkline_actors::http::exchange::{Exchange, ExchangeLimits};
use trunkline_actors::http::limits::HeadLimits;
use trunkline_actors::http::refusal::Refusal;
use trunkline_actors::http::request::RequestBody;

use super::generated::{damaged, rest};
use super::{Fields, ours, runtime, theirs};

/// What hyper takes and we do not, why we do not, and a request by which that shows.
const STRICTER: [(Refusal, &str, &str); 15] = [
    (
        Refusal::BadTarget,
        "bytes that are not ASCII, and fragments, are read in many ways",
        "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        Refusal::BadTargetForm,
        "RFC 9112 §3.2: a form goes only with its method",
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        Refusal::Connect,
        "we are no proxy of our clients' choice",
        "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    ),
    (
        Refusal::BadRequestLine,
        "RFC 9112 §2.2 bids to bear one empty line in front, not more",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        Refusal::BareLineFeed,
        "RFC 9112 §2.2 allows to take it for the end of a line, and not all do",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
    ),
    (Refusal::NoHost, "RFC 9112 §3.2", "GET / HTTP/1.1\r\n\r\n"),
    (Refusal::SecondHost, "RFC 9112 §3.2", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    (Refusal::BadHost, "RFC 9112 §3.2", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    (
        Refusal::OtherHost,
        "who routes by the one and who routes by the other would differ",
        "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n",
    ),
    (
        Refusal::BadLength,
        "a second length, even the same: somebody reads only the other",
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    ),
    (
        Refusal::LengthAndCoding,
        "RFC 9112 §6.1: it may be an attempt at smuggling",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    (
        Refusal::UnknownCoding,
        "RFC 9112 §6.1: 501 for a coding that is not understood",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        Refusal::UnknownExpectation,
        "RFC 9110 §10.1.1: 417",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: more\r\n\r\n",
    ),
    (
        Refusal::BadChunk,
        "white space and extensions only where RFC 9112 §7.1.1 has them",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0 \r\n\r\n",
    ),
    (
        Refusal::BadTrailer,
        "a line feed alone is no line of a trailer either",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\nX: 1\r\n\r\n",
    ),
];

#[derive(Debug, PartialEq)]
struct Seen {
    method: String,
    path: String,
    fields: Fields,
    body: Vec<u8>,
}

/// All whole requests until there is none, or the connection ends; and why it did.
fn by_us(mut bytes: &[u8]) -> (Vec<Seen>, Option<Refusal>, bool) {
    let limits = HeadLimits::default();
    let mut all = Vec::new();
    loop {
        let begun = trunkline_http_tests::request(bytes, &limits, |read| {
            let Some(head) = read? else { return Ok(None) };
            let exchange = Exchange::begin(&head, &ExchangeLimits::default())?;
            let seen = Seen {
                method: head.method.to_owned(),
                path: head.path.to_owned(),
                fields: ours(head.fields),
                body: Vec::new(),
            };
            Ok(Some((seen, head.length, head.body, head.persistent, exchange)))
        });
        let (mut seen, length, framing, persistent, _) = match begun {
            Ok(Some(begun)) => begun,
            Ok(None) => return (all, None, false),
            Err(refusal) => return (all, Some(refusal), false),
        };
        bytes = &bytes[length..];
        let incoming = match framing {
            RequestBody::None => trunkline_actors::http::body::Incoming::None,
            RequestBody::Length(length) => trunkline_actors::http::body::Incoming::Length(length),
            RequestBody::Chunked => trunkline_actors::http::body::Incoming::Chunked,
        };
        let mut body = Body::new(incoming, Outgoing::Plain, None, limits);
        match body.take(bytes, &mut seen.body) {
            Err(error) => return (all, Some(error.into()), false),
            Ok(_) if !body.is_done() => return (all, None, false),
            Ok(taken) => {
                if taken.verbatim {
                    seen.body.extend_from_slice(&bytes[..taken.used]);
                }
                bytes = &bytes[taken.used..];
            }
        }
        all.push(seen);
        if !persistent {
            return (all, None, true);
        }
    }
}

async fn by_hyper(bytes: &[u8]) -> Vec<Seen> {
    let all = RefCell::new(Vec::new());
    let service = service_fn(async |request: Request<Incoming>| {
        let (parts, body) = request.into_parts();
        if let Ok(body) = body.collect().await {
            let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
            all.borrow_mut().push(Seen {
                method: parts.method.as_str().to_owned(),
                path: path.to_owned(),
                fields: theirs(&parts.headers),
                body: body.to_bytes().to_vec(),
            });
        }
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
    let connection =
        http1::Builder::new().half_close(true).serve_connection(TokioIo::new(server), service);
    let mut answers = Vec::new();
    let (_, read) = tokio::join!(connection, client.read_to_end(&mut answers));
    drop(read);
    all.into_inner()
}

fn lines() -> impl Strategy<Value = String> {
    let methods = select(&["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "BREW", "get"][..]);
    let targets = prop_oneof![
        12 => select(&["/", "/a/b?c=d&e", "/%2e%2E//", "/a;b=c,d:e@f!$'()*+", "http://a/b", "http://a"][..]),
        1 => select(&["*", "", "a", "//", "http://b/", "https://a/", "/a#b", "/\u{e9}", "/a\\b", "/{a}|^`\"<>"][..]),
    ];
    let versions = prop_oneof![12 => Just("1.1"), 3 => Just("1.0"), 1 => Just("2.0")];
    (methods, targets, versions)
        .prop_map(|(method, target, version)| format!("{method} {target} HTTP/{version}\r\n"))
}

#[test]
fn a_request_that_we_take_hyper_takes_for_the_same() {
    let request = (lines(), rest("Host: a\r\n")).prop_map(|(line, rest)| line + &rest);
    let requests = (damaged(request), "[a-z]{1,3}").prop_map(|(mut bytes, path)| {
        // Where the first one ends shows in the next.
        bytes.extend_from_slice(format!("GET /next/{path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
        bytes
    });
    let runtime = runtime();
    proptest!(ProptestConfig::with_cases(4096), |(bytes in requests)| {
        let (ours, refusal, is_last) = by_us(&bytes);
        let theirs = runtime.block_on(by_hyper(&bytes));
        let shown = bytes.escape_ascii().to_string();
        for (index, seen) in ours.iter().enumerate() {
            // hyper reads a target as RFC 3986 says; we pass on what browsers send, all the same.
            if seen.path.parse::<Uri>().is_err() {
                prop_assert!(theirs.len() <= index || theirs[index] == *seen, "{}", shown);
                return Ok(());
            }
            prop_assert!(theirs.len() > index, "hyper does not take {} of {}", index, shown);
            let other = &theirs[index];
            // What OPTIONS asks of a whole server in the absolute form hyper takes for its root.
            if seen.path == "*" && other.path == "/" {
                prop_assert_eq!(&seen.fields, &other.fields);
            } else {
                prop_assert_eq!(seen, other, "{}", shown);
            }
        }
        if theirs.len() > ours.len() && !is_last {
            let listed = STRICTER.iter().any(|(stricter, ..)| Some(*stricter) == refusal);
            prop_assert!(listed, "hyper takes {}, and not we: {:?}", shown, refusal);
        }
    });
}

#[test]
fn each_stricter_rule_refuses_what_hyper_takes() {
    let runtime = runtime();
    for (refusal, why, request) in STRICTER {
        let (ours, by, _) = by_us(request.as_bytes());
        assert_eq!((ours.len(), by), (0, Some(refusal)), "{why}");
        assert_eq!(runtime.block_on(by_hyper(request.as_bytes())).len(), 1, "{refusal:?}: {why}");
    }
}
