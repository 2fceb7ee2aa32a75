use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde_json::Value;

use super::*;
use crate::trace::resource;
use crate::trace::testing::span;

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn file(path: &Path) -> TraceFile {
    TraceFile::new(path, &resource("edge", &[]))
}

#[test]
fn each_batch_is_a_line_of_otlp_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.jsonl");
    let mut file = file(&path);
    let mut failed = span(0xabc, 0x12, 0x11, 1);
    failed.status = opentelemetry::trace::Status::error("refused");
    assert!(file.write(vec![span(0xabc, 0x11, 0, 1), failed], Instant::now()));
    assert!(file.write(vec![span(2, 1, 0, 1)], Instant::now()));
    let lines = lines(&path);
    assert_eq!(lines.len(), 2);
    let about = &lines[0]["resourceSpans"][0];
    assert_eq!(about["resource"]["attributes"][0]["key"].as_str().map(str::is_empty), Some(false));
    assert_eq!(about["scopeSpans"][0]["scope"]["name"], "trunkline");
    let spans = &about["scopeSpans"][0]["spans"];
    assert_eq!(spans[0]["traceId"], "00000000000000000000000000000abc");
    assert_eq!(spans[1]["spanId"], "0000000000000012");
    assert_eq!(spans[1]["parentSpanId"], "0000000000000011");
    assert_eq!(spans[0]["startTimeUnixNano"], "1000000");
    assert_eq!(spans[0]["kind"], 1);
    assert_eq!(spans[1]["status"]["code"], 2);
    assert_eq!(spans[0]["attributes"][0]["value"]["intValue"], "17");
    assert_eq!(spans[0]["attributes"][1]["value"]["stringValue"], "a \"text\" with\na line feed");
}

#[test]
fn a_line_is_what_a_collector_would_be_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.jsonl");
    assert!(file(&path).write(vec![span(1, 1, 0, 1)], Instant::now()));
    let text = std::fs::read_to_string(&path).unwrap();
    let request: ExportTraceServiceRequest = serde_json::from_str(&text).unwrap();
    assert_eq!(request.resource_spans[0].scope_spans[0].spans[0].name, "span 1");
}

#[test]
fn a_file_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.jsonl");
    for trace in 1..=2 {
        assert!(file(&path).write(vec![span(trace, 1, 0, 1)], Instant::now()));
    }
    assert_eq!(lines(&path).len(), 2);
}

#[test]
fn a_full_disk_loses_the_batch_and_the_next_is_tried_again() {
    let mut full = file(Path::new("/dev/full"));
    assert!(!full.write(vec![span(1, 1, 0, 1)], Instant::now()));
    let folder = tempfile::tempdir().unwrap();
    full.path = folder.path().join("not/there");
    assert!(!full.write(vec![span(1, 1, 0, 1)], Instant::now()));
    full.path = folder.path().join("traces.jsonl");
    assert!(full.write(vec![span(2, 1, 0, 1)], Instant::now()));
    assert_eq!(lines(&full.path).len(), 1);
}

#[test]
fn part_of_a_line_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traces.jsonl");
    let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
    file.write_all(b"{}\n{\"torn").unwrap();
    take_back(&file, 6, ErrorKind::StorageFull.into());
    file.write_all(b"{}\n").unwrap();
    assert_eq!(lines(&path).len(), 2);
}
