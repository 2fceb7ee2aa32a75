//! The oracle for heads of requests.

use std::net::{IpAddr, Ipv4Addr};

use trunkline_actors::http::fields::is_hop_by_hop;
use trunkline_actors::http::limits::HeadLimits;
use trunkline_actors::http::refusal::Refusal;
use trunkline_actors::http::request::{Onward, RequestBody, RequestHead, has_end};

use crate::lenient::{DIALECTS, Framing, Head};
use crate::{assert_clean, cuts, request};

/// Who asks in all oracles.
pub const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Narrow limits, so that short inputs reach them, and those that a server has.
const LIMITS: [HeadLimits; 2] =
    [HeadLimits { size: 160, fields: 6 }, HeadLimits { size: 32 * 1024, fields: 100 }];

/// Reads `input` as the head of a request, with whatever follows it.
///
/// # Panics
/// If the result depends on where the input is cut; if a careless reader finds another request in
/// what was taken, or in what is written onward; if what is written does not read as the same
/// request, or holds what must not go on.
pub fn check(input: &[u8]) {
    for limits in &LIMITS {
        let whole =
            request(input, limits, |read| read.map(|head| head.map(|head| Facts::of(&head))));
        assert_ne!(whole, Err(Refusal::BadHead), "a violation without a name");
        check_cuts(input, limits, &whole);
        request(input, limits, |read| {
            if let Ok(Some(head)) = read {
                check_taken(input, &head);
                for (trusted, close) in [(false, false), (false, true), (true, false)] {
                    check_written(&head, trusted, close);
                }
            }
        });
    }
}

/// What a head says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    length: usize,
    request: Same,
    persistent: bool,
    expects_continue: bool,
    fields: Vec<(String, Vec<u8>)>,
}

/// What must be the same for the backend.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Same {
    method: String,
    path: String,
    host: String,
    body: RequestBody,
    upgrade: Option<Vec<u8>>,
}

impl Facts {
    fn of(head: &RequestHead<'_, '_>) -> Self {
        let fields = head.fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec()));
        Self {
            length: head.length,
            request: Same::of(head),
            persistent: head.persistent,
            expects_continue: head.expects_continue,
            fields: fields.collect(),
        }
    }
}

impl Same {
    fn of(head: &RequestHead<'_, '_>) -> Self {
        Self {
            method: head.method.to_owned(),
            path: head.path.to_owned(),
            host: head.host.to_owned(),
            body: head.body,
            upgrade: head.upgrade.map(<[u8]>::to_vec),
        }
    }
}

fn check_cuts(input: &[u8], limits: &HeadLimits, whole: &Result<Option<Facts>, Refusal>) {
    let mut seen = 0_usize;
    let mut found = false;
    for end in cuts(input.len()) {
        let early = request(&input[..end], limits, |read| {
            read.map(|head| head.map(|head| Facts::of(&head)))
        });
        if early != Ok(None) {
            assert_eq!(&early, whole, "after {end} bytes");
        }
        // Who looks for an end first must not overlook it.
        found |= has_end(&input[..end], seen.saturating_sub(3));
        assert!(found || !matches!(early, Ok(Some(_))), "the end was overlooked after {end} bytes");
        seen = end;
    }
    assert!(
        found || has_end(input, seen.saturating_sub(3)) || !matches!(whole, Ok(Some(_))),
        "the end was overlooked"
    );
}

/// How careless readers must find a body framed.
#[must_use]
pub fn framing(body: RequestBody) -> Framing {
    match body {
        RequestBody::None => Framing::Unsaid,
        RequestBody::Length(length) => Framing::Length(length),
        RequestBody::Chunked => Framing::Chunked,
    }
}

fn check_taken(input: &[u8], head: &RequestHead<'_, '_>) {
    for dialect in DIALECTS {
        let Some(other) = Head::read(input, dialect) else {
            unreachable!("{dialect:?} finds no end of it");
        };
        assert_eq!(other.length, head.length, "{dialect:?}");
        assert_eq!(other.framing, framing(head.body), "{dialect:?}");
        assert_eq!(other.word(0), head.method.as_bytes(), "{dialect:?}");
        assert_eq!(other.word(1), head.target.as_bytes(), "{dialect:?}");
        assert_eq!(other.fields.len(), head.fields.len(), "{dialect:?}");
    }
}

fn check_written(head: &RequestHead<'_, '_>, trusted: bool, close: bool) {
    let onward = Onward { path: head.path.as_bytes(), client: CLIENT, trusted, close, trace: None };
    let mut written = b"before".to_vec();
    head.write(&mut written, &onward);
    let Some(written) = written.strip_prefix(b"before") else {
        unreachable!("what was there before is gone");
    };
    assert_clean(written);
    for dialect in DIALECTS {
        let Some(other) = Head::read(written, dialect) else {
            unreachable!("{dialect:?} finds no end of what is written");
        };
        assert_eq!(other.length, written.len(), "{dialect:?}");
        assert_eq!(other.framing, framing(head.body), "{dialect:?}");
        assert_eq!(other.line, format!("{} {} HTTP/1.1", head.method, head.path).into_bytes());
        assert_eq!(other.all("host"), [head.host.as_bytes()]);
        check_fields(head, &other, trusted, close);
    }
    // Room for what was added. A request without a host gets an empty one, which is not taken.
    let limits = HeadLimits { size: usize::MAX, fields: 256 };
    if !head.host.is_empty() {
        request(written, &limits, |again| {
            let Ok(Some(again)) = again else {
                unreachable!("what is written is not taken: {again:?}");
            };
            assert_eq!(again.length, written.len());
            assert_eq!(Same::of(&again), Same::of(head));
            assert_eq!(again.expects_continue, head.expects_continue);
            assert_eq!(again.persistent, !close || head.upgrade.is_some());
        });
    }
}

/// What goes on beside the line, the host and the framing.
fn check_fields(head: &RequestHead<'_, '_>, written: &Head, trusted: bool, close: bool) {
    let upgrade: Vec<&[u8]> = head.upgrade.into_iter().collect();
    let connection = match (head.upgrade, close) {
        (Some(_), _) => vec![&b"Upgrade"[..]],
        (None, true) => vec![&b"close"[..]],
        (None, false) => vec![],
    };
    assert_eq!(written.all("upgrade"), upgrade);
    assert_eq!(written.all("connection"), connection);
    for name in ["te", "keep-alive", "proxy-connection", "http2-settings", "x_forwarded_for"] {
        assert!(written.all(name).is_empty(), "{name} goes on");
    }
    let client = CLIENT.to_string();
    let chain = written.all("x-forwarded-for");
    assert_eq!(chain.len(), 1);
    assert!(chain.iter().all(|chain| chain.ends_with(client.as_bytes())));
    assert_eq!(written.all("forwarded").len(), 1);
    if !trusted {
        assert_eq!(chain, [client.as_bytes()]);
        assert_eq!(written.all("x-forwarded-proto"), [&b"http"[..]]);
        assert!(written.all("x-forwarded-host").iter().all(|host| *host == head.host.as_bytes()));
    }
    // What is not for this hop goes on as it is, each in its place.
    let named: Vec<_> = named(head);
    let ours = ["host", "content-length", "forwarded"];
    let goes_on = |name: &str| {
        let name = name.to_ascii_lowercase();
        !is_hop_by_hop(&name)
            && !named.contains(&name.clone().into_bytes())
            && !ours.contains(&name.as_str())
            && !name.starts_with("x-forwarded-")
            && !name.starts_with("x_forwarded")
            && !name.starts_with("x-forwarded_")
            && name != "http2-settings"
            && name != "expect"
    };
    let sent = head.fields.iter().filter(|field| goes_on(field.name));
    let got = written.fields.iter().filter(|field| goes_on(&String::from_utf8_lossy(&field.0)));
    let sent: Vec<_> = sent
        .map(|field| (field.name.to_ascii_lowercase().into_bytes(), field.value.to_vec()))
        .collect();
    let got: Vec<_> = got.cloned().collect();
    assert_eq!(sent, got);
}

/// What `Connection` names, in lower case.
fn named(head: &RequestHead<'_, '_>) -> Vec<Vec<u8>> {
    let connection =
        head.fields.iter().filter(|field| field.name.eq_ignore_ascii_case("connection"));
    connection
        .flat_map(|field| field.value.split(|byte| *byte == b','))
        .map(|option| option.trim_ascii().to_ascii_lowercase())
        .collect()
}
