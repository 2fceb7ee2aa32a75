use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::UNIX_EPOCH;

use proptest::prelude::*;
use serde_json::Value;
use tracing::info;
use tracing_subscriber::layer::SubscriberExt;
use trunkline_runtime::trace::TraceContext;

use super::*;
use crate::log::testing::{self, Shown};

const IDS: (TraceId, SpanId) = (
    TraceId::from_bytes(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()),
    SpanId::from_bytes(0xb7ad_6b71_6920_3331_u64.to_be_bytes()),
);

fn plain() -> AccessLine<'static> {
    AccessLine {
        request: 0x0123_4567_89ab_cdef,
        client: (Ipv4Addr::new(127, 0, 0, 1), 1234).into(),
        listener: "web",
        connection: 17,
        worker: 1,
        method: b"GET",
        host: b"example.com",
        path: b"/a/b?c=%20d",
        protocol: "HTTP/1.1",
        status: 200,
        route: "api",
        pool: "main",
        backend: "10.0.0.1:80",
        tries: 2,
        reused: true,
        phase: "answer",
        code: "done",
        bytes_in: 312,
        bytes_out: 65_536,
        wait_us: 41,
        first_byte_us: Some(530),
        total_us: 610,
        detail: "",
        trace: None,
    }
}

fn written<S: Shape>(line: &AccessLine<'_>) -> String {
    let mut out = Vec::new();
    append::<S>(&mut out, SystemTime::now(), line);
    String::from_utf8(out).unwrap()
}

fn json(line: &AccessLine<'_>) -> Value {
    serde_json::from_str(&written::<Json>(line)).unwrap()
}

/// The same line as `tracing` would write it.
fn traced(line: &AccessLine<'_>, format: Format) -> String {
    let shown = Shown::default();
    let (sink, running) = testing::start(shown.clone());
    let subscriber = tracing_subscriber::registry().with(crate::log::layer(sink, format));
    let context = |(trace, span)| TraceContext { trace, span, sampled: false };
    let _entered = line.trace.map(|ids| context(ids).enter());
    tracing::subscriber::with_default(subscriber, || {
        info!(
            target: "trunkline::request",
            request = format!("{:016x}", line.request),
            client = %line.client,
            listener = line.listener,
            connection = line.connection,
            worker = line.worker,
            method = str::from_utf8(line.method).unwrap(),
            host = str::from_utf8(line.host).unwrap(),
            path = str::from_utf8(line.path).unwrap(),
            protocol = line.protocol,
            status = line.status,
            route = line.route,
            pool = line.pool,
            backend = line.backend,
            tries = line.tries,
            reused = line.reused,
            phase = line.phase,
            code = line.code,
            bytes_in = line.bytes_in,
            bytes_out = line.bytes_out,
            wait_us = line.wait_us,
            first_byte_us = line.first_byte_us,
            total_us = line.total_us,
            detail = line.detail,
            "request done"
        );
    });
    drop(running);
    shown.text()
}

/// All of a line but its time.
fn timeless(line: &str) -> String {
    let stamp = line.find("20").unwrap();
    format!("{}{}", &line[..stamp], &line[stamp + 27..])
}

#[test]
fn a_line_is_what_tracing_would_have_written() {
    for trace in [None, Some(IDS)] {
        let line = AccessLine { detail: "a \"few\" words", trace, ..plain() };
        let text = timeless(&written::<Text>(&line));
        assert_eq!(text, timeless(&traced(&line, Format::Text)));
        let begins = "request=\"0123456789abcdef\" client=127.0.0.1:1234 listener=\"web\"";
        assert!(text.contains(begins), "{text}");
        let text = timeless(&written::<Json>(&line));
        assert_eq!(text, timeless(&traced(&line, Format::Json)));
    }
}

#[test]
fn the_time_of_a_line_is_the_time_it_is_given() {
    let mut out = Vec::new();
    append::<Text>(&mut out, UNIX_EPOCH, &plain());
    assert!(out.starts_with(b"1970-01-01T00:00:00.000000Z  INFO trunkline::request: request done"));
}

#[test]
fn what_is_not_there_is_none_and_an_empty_detail_is_left_out() {
    let line = AccessLine { status: 0, first_byte_us: None, ..plain() };
    let text = written::<Text>(&line);
    assert!(text.contains(" status=none ") && text.contains(" first_byte_us=none "), "{text}");
    assert!(!text.contains("detail"), "{text}");
    let json = json(&line);
    assert_eq!((&json["status"], &json["first_byte_us"]), (&Value::Null, &Value::Null));
    assert_eq!(json.get("detail"), None);
    assert_eq!((json.get("trace_id"), json.get("span_id")), (None, None));
}

#[test]
fn the_line_of_a_request_with_a_trace_ends_with_it() {
    let line = AccessLine { trace: Some(IDS), ..plain() };
    let text = written::<Text>(&line);
    let ids = " trace_id=\"0af7651916cd43dd8448eb211c80319c\" span_id=\"b7ad6b7169203331\"\n";
    assert!(text.ends_with(ids), "{text}");
    let json = json(&line);
    assert_eq!(json["trace_id"], "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(json["span_id"], "b7ad6b7169203331");
}

#[test]
fn the_longest_line_of_all_is_not_cut() {
    let long = "\u{1b}".repeat(9000);
    let line = AccessLine {
        request: u64::MAX,
        client: (Ipv6Addr::from_bits(u128::MAX), u16::MAX).into(),
        listener: &long,
        connection: u64::MAX,
        worker: usize::MAX,
        method: long.as_bytes(),
        host: long.as_bytes(),
        path: long.as_bytes(),
        route: &long,
        pool: &long,
        backend: &long,
        tries: u32::MAX,
        bytes_in: u64::MAX,
        bytes_out: u64::MAX,
        wait_us: u64::MAX,
        first_byte_us: Some(u64::MAX),
        total_us: u64::MAX,
        detail: &long,
        trace: Some(IDS),
        ..plain()
    };
    assert!(written::<Text>(&line).len() <= LONGEST);
    assert!(written::<Json>(&line).len() <= LONGEST);
    assert_eq!(json(&line)["target"], "trunkline::request");
}

#[test]
fn a_log_that_is_off_writes_nothing_and_one_that_is_on_writes_a_line() {
    AccessLog::off().write(&plain());
    assert!(!AccessLog::off().is_on());
    let shown = Shown::default();
    let (sink, running) = testing::start(shown.clone());
    let log = AccessLog::new(sink, Format::Json);
    assert!(log.is_on());
    log.write(&plain());
    drop(running);
    assert_eq!(timeless(&shown.text()), timeless(&written::<Json>(&plain())));
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        prop::collection::vec(any::<u8>(), 1000..2000),
        any::<String>().prop_map(String::into_bytes),
    ]
}

/// Whether `logged` is `sent`, or its beginning with a mark where that was too long.
fn is_given_back(logged: &Value, sent: &[u8]) -> bool {
    let (logged, sent) = (logged.as_str().unwrap(), String::from_utf8_lossy(sent));
    logged == sent || logged.strip_suffix('…').is_some_and(|kept| sent.starts_with(kept))
}

proptest! {
    #[test]
    fn any_bytes_give_one_line_and_json_gives_them_back(
        method in bytes(), host in bytes(), path in bytes(), detail: String, route: String,
        traced: bool,
    ) {
        let line = AccessLine {
            method: &method,
            host: &host,
            path: &path,
            detail: &detail,
            route: &route,
            trace: traced.then_some(IDS),
            ..plain()
        };
        for text in [written::<Text>(&line), written::<Json>(&line)] {
            prop_assert!(text.len() <= LONGEST);
            prop_assert!(!text.strip_suffix('\n').unwrap().contains(char::is_control));
        }
        let json = json(&line);
        prop_assert!(is_given_back(&json["method"], &method));
        prop_assert!(is_given_back(&json["host"], &host));
        prop_assert!(is_given_back(&json["path"], &path));
        prop_assert!(is_given_back(&json["route"], route.as_bytes()));
        prop_assert!(detail.is_empty() || is_given_back(&json["detail"], detail.as_bytes()));
        prop_assert_eq!(json["bytes_out"].as_u64(), Some(line.bytes_out));
        prop_assert_eq!(json.get("trace_id").is_some(), traced);
    }
}
