//! The lines of the log, which name the trace and the span that they are about.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::edge::{BROKEN, OK, Plan};
use crate::requests::{in_front, serve, status};
use crate::told::{Told, hex, text};

/// The lines with this message, as JSON.
fn lines(log: &[String], message: &str) -> Result<Vec<Value>> {
    let ours = log.iter().filter(|line| line.contains(message));
    let read = ours.map(|line| serde_json::from_str(line).with_context(|| line.clone()));
    read.collect()
}

/// The line names a trace, and its root.
fn expect_root(line: &Value, told: &Told) -> Result<String> {
    let trace = told.trace(line["trace_id"].as_str().with_context(|| line.to_string())?)?;
    let root = trace.root()?;
    ensure!(line["span_id"] == hex(&root.span_id), "{line} is not of {root:#?}");
    Ok(text(root, "url.path").unwrap_or_default())
}

#[test]
fn the_line_of_a_request_names_its_trace_and_its_span() -> Result<()> {
    let (edge, upstream) = in_front(&Plan::HTTP)?;
    for (path, answer, code) in [("/one", OK, 200), ("/broken", BROKEN, 500)] {
        let mut client = edge.getting(path, "")?;
        serve(&upstream, answer)?;
        status(&mut client, code)?;
    }
    status(&mut edge.asking("nonsense\r\n\r\n")?, 400)?;
    let (told, log) = edge.end_with_log()?;
    let lines = lines(&log, "request done")?;
    ensure!(lines.len() == 3, "{lines:#?}");
    for line in &lines {
        let path = expect_root(line, &told)?;
        // What could not be read is in the line alone.
        ensure!(line["path"] == path || path.is_empty() && line["status"] == 400, "{line}");
    }
    Ok(())
}

#[test]
fn the_line_of_a_connection_names_the_trace_of_its_beginning() -> Result<()> {
    let (edge, upstream) = in_front(&Plan::FORWARD)?;
    for _ in 0..3 {
        let mut client = edge.asking("1")?;
        upstream.accept()?.expect("1")?;
        client.rest()?;
    }
    let (told, log) = edge.end_with_log()?;
    let lines = lines(&log, "connection closed")?;
    ensure!(lines.len() == 3, "{lines:#?}");
    for line in &lines {
        expect_root(line, &told)?;
        let trace = line["trace_id"].as_str().context("a trace")?;
        ensure!(told.trace(trace)?.root()?.name == "forward main", "{line}");
    }
    Ok(())
}
