use trunkline_observability::trace::w3c;

use super::{onward, seen, written};
use crate::http::request::{Onward, OnwardTrace};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn traced(fields: &str, is_clients: bool) -> String {
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}X-Last: z\r\n\r\n");
    let context = w3c::parse(PARENT.as_bytes()).unwrap();
    written(&head, |onward| onward.trace = Some(OnwardTrace { context, is_clients }))
}

#[test]
fn without_a_trace_of_our_own_the_clients_goes_on_as_it_came() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nTraceParent: x\r\ntracestate: y\r\nbaggage: z\r\n\r\n";
    let to = written(head, |_| {});
    assert!(to.contains("TraceParent: x\r\ntracestate: y\r\nbaggage: z\r\n"), "{to}");
}

#[test]
fn a_trace_that_is_followed_keeps_what_the_client_said_beside_it() {
    let to = traced("TraceParent: x\r\nTraceState: y=1\r\nBaggage: z=2\r\n", true);
    assert!(to.contains(&format!("traceparent: {PARENT}\r\n")), "{to}");
    assert!(to.contains("TraceState: y=1\r\nBaggage: z=2\r\nX-Last: z\r\n"), "{to}");
    assert!(!to.contains("TraceParent: x"), "{to}");
}

#[test]
fn a_trace_of_our_own_takes_the_place_of_the_clients() {
    let to =
        traced("traceparent: x\r\ntracestate: y=1\r\nbaggage: z=2\r\ntraceparent: w\r\n", false);
    assert_eq!(to.matches("traceparent").count(), 1, "{to}");
    assert!(!to.contains("y=1") && !to.contains("z=2"), "{to}");
}

#[test]
fn the_place_of_the_span_is_where_its_digits_are() {
    let (mut to, mut at) = (b"before".to_vec(), None);
    seen("GET /p HTTP/1.1\r\nHost: a\r\n\r\n", |head| {
        let context = w3c::parse(PARENT.as_bytes()).unwrap();
        let trace = Some(OnwardTrace { context, is_clients: false });
        at = head.write(&mut to, &Onward { trace, ..onward(head.path) });
    });
    assert_eq!(&to[at.unwrap()..][..16], b"00f067aa0ba902b7");
}

#[test]
fn a_request_names_its_trace_once_or_not_at_all() {
    let named = |fields: &str| {
        seen(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"), |head| head.trace())
    };
    let once = format!("tRaceparent: {PARENT}\r\n");
    assert_eq!(named(&once), w3c::parse(PARENT.as_bytes()));
    assert_eq!(named(&format!("{once}{once}")), None);
    assert_eq!(named("traceparent: nonsense\r\n"), None);
    assert_eq!(named(""), None);
    // What `Connection` names has not come.
    assert_eq!(named(&format!("{once}Connection: traceparent\r\n")), None);
}
