use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::scan::{first_violation, skip_empty_line};
use super::super::{RequestBody, has_end};
use super::{LIMITS, onward, parse};
use crate::http::refusal::Refusal;

const LINES: [&str; 12] = [
    "GET / HTTP/1.1",
    "PUT /a?b HTTP/1.1",
    "GET http://a/b HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "GET / HTTP/1.0",
    "OPTIONS http://a HTTP/1.1",
    "GET / HTTP/2.0",
    "CONNECT a:1 HTTP/1.1",
    "GET /",
    "GET  / HTTP/1.1",
    "POST /\u{e9} HTTP/1.1",
    "BREW /%20 HTTP/1.1",
];

const FIELDS: [&str; 28] = [
    "Host: a",
    "Host: a",
    "host: a:80",
    "Content-Length: 3",
    "Content-Length: 4x",
    "Transfer-Encoding: chunked",
    "transfer-encoding: gzip",
    "Connection: close, x-named",
    "Connection: upgrade, te",
    "Upgrade: websocket",
    "Upgrade: h2c, x",
    "X-Named: 1",
    "X-Other:\t 2 ",
    "Expect: 100-continue",
    "TE: trailers",
    "X-Forwarded-For: 1.1.1.1",
    "x_forwarded_for: 2.2.2.2",
    "Forwarded: for=1.1.1.1",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Host: b",
    "Cookie: \u{e9}",
    "Empty:",
    "Blank:  ",
    "Bad : x",
    " folded",
    ": nameless",
    "Colonless",
    "Keep-Alive: 1",
];

/// Heads that are mostly right, with what comes behind them.
fn heads() -> impl Strategy<Value = Vec<u8>> {
    let ends = || prop_oneof![30 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r")];
    let right = prop_oneof![4 => Just("Host: a\r\n"), 1 => Just("")];
    let fields =
        vec((prop_oneof![9 => select(&FIELDS[..23]), 1 => select(&FIELDS[23..])], ends()), 0..8);
    let line = prop_oneof![6 => select(&LINES[..6]), 1 => select(&LINES[6..])];
    let before =
        prop_oneof![8 => Just(""), 1 => Just("\r\n"), 1 => select(&["\n", "\r\n\r\n", "\r"][..])];
    let flip = prop::option::weighted(
        0.4,
        (any::<Index>(), prop_oneof![select(&b"\r\n\0\t :#\x7f\xff"[..]), any::<u8>()]),
    );
    (before, line, right, fields, ends(), ".{0,9}", flip).prop_map(
        |(before, line, right, fields, end, body, flip)| {
            let mut head = format!("{before}{line}\r\n{right}");
            for (field, end) in fields {
                head.push_str(field);
                head.push_str(end);
            }
            head.push_str(end);
            head.push_str(&body);
            let mut head = head.into_bytes();
            if let Some((place, byte)) = flip {
                let place = place.index(head.len());
                head[place] = byte;
            }
            head
        },
    )
}

fn outcome(bytes: &[u8]) -> Result<Option<String>, Refusal> {
    parse(bytes, |head| format!("{head:?}"))
}

/// A second reader, that knows nothing of the first: lines, cut at the first colon.
struct Naive {
    line: String,
    fields: Vec<(String, String)>,
}

impl Naive {
    fn read(bytes: &[u8]) -> Self {
        let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
        let (head, rest) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(rest, "", "an empty line within the head");
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let fields = lines
            .map(|line| {
                assert!(!line.contains(['\r', '\n', '\0']));
                let (name, value) = line.split_once(':').unwrap();
                (name.to_ascii_lowercase(), value.trim_matches([' ', '\t']).to_owned())
            })
            .collect();
        Self { line, fields }
    }

    fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|field| field.0 == name).map(|field| field.1.as_str()).collect()
    }
}

proptest! {
    #[test]
    fn however_a_head_is_cut_the_result_is_the_same(head in heads(), cuts in vec(1_usize..40, 1..9)) {
        let whole = outcome(&head);
        prop_assert!(whole != Err(Refusal::BadHead));
        for end in 0..=head.len() {
            match outcome(&head[..end]) {
                Ok(None) => {}
                early => prop_assert_eq!(&early, &whole, "after {} bytes", end),
            }
        }
        // A caller that looks for the end first sees the same, only later.
        let mut seen = 0;
        for cut in cuts.into_iter().cycle() {
            let end = head.len().min(seen + cut);
            if has_end(&head[..end], seen) {
                let early = outcome(&head[..end]);
                prop_assert_eq!(&early, &whole);
                break;
            }
            seen = end;
            if end == head.len() {
                prop_assert!(!matches!(whole, Ok(Some(_))), "the end was overlooked");
                break;
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_both_looks_agree(bytes in vec(any::<u8>(), 0..200)) {
        let mut head = b"GET / HTTP/1.1\r\nHost: a\r\n".to_vec();
        for bytes in [bytes.clone(), { head.extend(bytes); head }] {
            let _ = has_end(&bytes, bytes.len() / 2);
            let parsed = outcome(&bytes);
            prop_assert!(parsed != Err(Refusal::BadHead));
            if let (Ok(_), Ok(Some(start))) = (parsed, skip_empty_line(&bytes)) {
                prop_assert_eq!(first_violation(&bytes[start..], LIMITS.fields), None);
            }
        }
    }

    #[test]
    fn what_is_written_reads_as_the_same_request(
        head in heads(), trusted in any::<bool>(), close in any::<bool>(),
    ) {
        let written = parse(&head, |head| {
            let mut to = Vec::new();
            head.write(&mut to, &super::Onward { trusted, close, ..onward(head.path) });
            (to, head.method.to_owned(), head.path.to_owned(), head.host.to_owned(), head.body, head.upgrade.map(<[u8]>::to_vec))
        });
        let Ok(Some((bytes, method, path, host, body, upgrade))) = written else {
            return Ok(());
        };
        let naive = Naive::read(&bytes);
        prop_assert_eq!(&naive.line, &format!("{method} {path} HTTP/1.1"));
        prop_assert_eq!(naive.all("host"), [&host]);
        let (length, coding) = match body {
            RequestBody::None => (vec![], vec![]),
            RequestBody::Length(length) => (vec![length.to_string()], vec![]),
            RequestBody::Chunked => (vec![], vec!["chunked"]),
        };
        prop_assert_eq!(naive.all("content-length"), length);
        prop_assert_eq!(naive.all("transfer-encoding"), coding);
        let connection = if upgrade.is_some() { vec!["Upgrade"] } else if close { vec!["close"] } else { vec![] };
        prop_assert_eq!(naive.all("connection"), connection);
        prop_assert_eq!(naive.all("x-forwarded-for").len(), 1);
        prop_assert_eq!(naive.all("forwarded").len(), 1);
        for gone in ["te", "keep-alive", "x_forwarded_for"] {
            prop_assert!(naive.all(gone).is_empty());
        }
        if !trusted {
            prop_assert_eq!(naive.all("x-forwarded-for"), ["192.0.2.1"]);
            prop_assert_eq!(naive.all("x-forwarded-proto"), ["http"]);
        }
        if !host.is_empty() {
            let again = parse(&bytes, |head| {
                let names_all = head.fields.len() == naive.fields.len();
                (head.length, head.method.to_owned(), head.path.to_owned(), head.host.to_owned(), head.body, head.upgrade.map(<[u8]>::to_vec), names_all)
            });
            prop_assert_eq!(again, Ok(Some((bytes.len(), method, path, host, body, upgrade, true))));
        }
    }
}
