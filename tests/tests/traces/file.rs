//! The file of traces.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, ensure};
use opentelemetry_proto::tonic::trace::v1::{Span, TracesData};
use serde_json::Value;

use crate::edge::{BROKEN, Edge, OK, Plan, get};
use crate::origin::{Origin, path};

/// As many as make several batches.
const REQUESTS: usize = 500;

#[test]
fn the_file_has_all_spans_that_the_collector_has_as_otlp_in_json_after_sigterm() -> Result<()> {
    let origin = Origin::start(|head| Some(if path(head).contains("9") { BROKEN } else { OK }))?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("traces.jsonl");
    let telemetry = format!("sample_ratio = 1.0\ntrace_file = \"{}\"", file.display());
    let plan = Plan { telemetry: &telemetry, pool: "fall = 100\neject.failures = 0", ..Plan::HTTP };
    let edge = Edge::start(&plan, &[origin.address()])?;
    let mut client = edge.connect()?;
    for number in 0..REQUESTS {
        client.send(get(&format!("/{number}"), ""))?;
        client.answer()?;
    }
    let told = edge.end()?;
    told.expect_traces(REQUESTS)?;
    let mut sent: Vec<Span> = told.traces().flat_map(|trace| trace.spans.clone()).collect();
    let written = fs::read_to_string(&file)?;
    let mut kept = Vec::new();
    for line in written.lines() {
        let read: TracesData = serde_json::from_str(line).context("not OTLP")?;
        let scopes = read.resource_spans.into_iter().flat_map(|of| of.scope_spans);
        kept.extend(scopes.flat_map(|scope| scope.spans));
        let raw: Value = serde_json::from_str(line)?;
        let spans = &raw["resourceSpans"][0]["scopeSpans"][0]["spans"];
        spans.as_array().context("no spans")?.iter().try_for_each(expect_encoding)?;
    }
    for spans in [&mut sent, &mut kept] {
        spans.sort_by(|one, other| {
            (&one.trace_id, &one.span_id).cmp(&(&other.trace_id, &other.span_id))
        });
    }
    ensure!(sent.len() == kept.len(), "{} in the file, {} sent", kept.len(), sent.len());
    for (sent, kept) in sent.iter().zip(&kept) {
        ensure!(sent == kept, "{kept:#?} instead of {sent:#?}");
    }
    Ok(())
}

/// Ids are hexadecimal, and integers of 64 bits are strings (OTLP, "JSON Protobuf Encoding").
fn expect_encoding(span: &Value) -> Result<()> {
    for (key, length) in [("traceId", 32), ("spanId", 16), ("parentSpanId", 16)] {
        let id = span[key].as_str().unwrap_or_default();
        let is_root = key == "parentSpanId" && id.is_empty();
        let digits = |digit: char| matches!(digit, '0'..='9' | 'a'..='f');
        ensure!(is_root || id.len() == length && id.chars().all(digits), "{key}: {span}");
    }
    for key in ["startTimeUnixNano", "endTimeUnixNano"] {
        let time = span[key].as_str().unwrap_or_default();
        ensure!(time.parse::<u64>().is_ok(), "{key}: {span}");
    }
    let attributes = span["attributes"].as_array().context("no attributes")?;
    let kinds: BTreeSet<_> =
        attributes.iter().filter_map(|it| it["value"].as_object()?.keys().next()).collect();
    ensure!(kinds.contains(&"intValue".to_owned()), "{span}");
    for number in attributes.iter().filter_map(|it| it["value"].get("intValue")) {
        ensure!(number.as_str().is_some_and(|it| it.parse::<i64>().is_ok()), "{span}");
    }
    Ok(())
}
