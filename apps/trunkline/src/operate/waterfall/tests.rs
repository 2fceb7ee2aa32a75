use serde_json::{Value, json};

use super::super::answers::Trace;
use super::super::line::text;
use super::*;

fn span(id: &str, parent: Option<&str>, name: &str, start_us: u64, took_us: u64) -> Value {
    json!({
        "span_id": id, "parent_span_id": parent, "name": name, "kind": "internal",
        "start_unix_ns": (1_795_347_834_893_000_000 + start_us * 1000).to_string(),
        "duration_ns": took_us * 1000, "error": null, "attributes": {}, "links": [], "events": [],
    })
}

fn drawn(spans: &[Value], width: usize) -> String {
    let trace = json!({ "trace_id": "0af7651916cd43dd8448eb211c80319c", "spans": spans });
    let trace: Trace = serde_json::from_value(trace).unwrap();
    text(&lines(&trace, width), false)
}

/// A request that was tried twice.
fn failover() -> Vec<Value> {
    let mut root = span("a", None, "GET all", 0, 2000);
    root["attributes"] = json!({
        "trunkline.actor.path": "server/traffic/listeners/web/connections/w0/1",
        "trunkline.actor.generation": 1, "http.response.status_code": 200, "trunkline.code": "done",
    });
    let mut first = span("c", Some("a"), "try", 500, 100);
    first["error"] = "connection refused\r\n".into();
    first["attributes"] = json!({
        "error.type": "refused", "trunkline.outcome": "refused",
        "trunkline.actor.path": "server/traffic/pools/all/10.0.0.1:80/backend",
        "trunkline.actor.generation": 2,
    });
    let mut second = span("d", Some("a"), "try", 700, 1000);
    second["links"] = json!([{ "trace_id": "1af7", "span_id": "b7ad" }]);
    let mut receive = span("b", Some("a"), "receive", 0, 0);
    receive["attributes"] = root["attributes"].clone();
    for not_of_it in ["http.response.status_code", "trunkline.code"] {
        receive["attributes"].as_object_mut().unwrap().remove(not_of_it);
    }
    // Not in the order of their beginnings.
    vec![root, second, receive, first]
}

#[test]
fn a_failover_is_a_row_for_each_try_along_the_time() {
    assert_eq!(
        drawn(&failover(), 72),
        "\
trace 0af7651916cd43dd8448eb211c80319c  2.0ms  2026-11-22T11:43:54.893Z
GET all       0us   2.0ms  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
  server/traffic/listeners/web/connections/w0/1 #1, status 200, done
  receive     0us     0us  ━
  try       500us   100us             ━━ !
    server/traffic/pools/all/10.0.0.1:80/backend #2, refused
    ! refused: connection refused
  try       700us   1.0ms                 ━━━━━━━━━━━━━━━━━━━━━━
    linked to span b7ad of trace 1af7
"
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut spans = failover();
    spans.push(span("e", Some("d"), &"漢".repeat(100), 1999, 1));
    for width in 1..100 {
        let trace = json!({ "trace_id": "0af7", "spans": spans });
        let trace: Trace = serde_json::from_value(trace).unwrap();
        for line in lines(&trace, width) {
            assert!(line.width() <= width, "{width}: {line:?}");
        }
    }
}

#[test]
fn a_span_whose_parent_is_elsewhere_stands_at_the_top() {
    let spans =
        [span("a", Some("of the client"), "GET all", 0, 10), span("b", Some("b"), "own", 0, 1)];
    let drawn = drawn(&spans, 80);
    assert!(drawn.contains("\nGET all "), "{drawn}");
    assert!(!drawn.contains("own"), "no root leads to who is its own parent: {drawn}");
}

#[test]
fn a_trace_without_spans_or_with_times_of_any_size_is_drawn() {
    assert_eq!(drawn(&[], 80).lines().count(), 1);
    let mut huge = span("a", None, "a", 0, 0);
    huge["start_unix_ns"] = u64::MAX.to_string().into();
    huge["duration_ns"] = u64::MAX.into();
    let mut mistaken = span("b", None, "b", 0, 0);
    mistaken["start_unix_ns"] = "now".into();
    assert_eq!(drawn(&[huge, mistaken], 80).lines().count(), 3);
}
