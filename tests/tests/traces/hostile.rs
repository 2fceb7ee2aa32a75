//! Requests that would like to say more in traces and in the log than they may.

use anyhow::{Context, Result, ensure};

use crate::edge::{Edge, OK, Plan};
use crate::origin::Origin;
use crate::told::{text, value};

/// The most bytes of what a peer has chosen.
const MOST: usize = 1024;

fn requests() -> Vec<Vec<u8>> {
    let long = "x".repeat(10 * 1024);
    let path = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
    let with = |field: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n").into_bytes();
    let mut requests = vec![
        path("/\x1b[31mred"),
        path("/a\nb"),
        path("/a\rb"),
        path("/\"quoted\",\"level\":\"ERROR\""),
        path("/%0d%0a%1b[31m"),
        path(&format!("/{long}")),
        path(&format!("/?{long}")),
        path("/\u{202e}\u{7f}"),
        with(&format!("X-Long: {long}")),
        with("X-Escape: \x1b[31m\"red\""),
        with("X-Bare: a\nb"),
        with(&format!("traceparent: {long}")),
        with("traceparent: 00-\x1b[31m\"-\n-01"),
        with("tracestate: a=\"\x1b\"\r\nbaggage: \"\r"),
        format!("{long} / HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes(),
        format!("GET / HTTP/1.1\r\nHost: {long}\r\n\r\n").into_bytes(),
        "GET / HTTP/1.1\r\nHost: \"\x1b[31m\r\n\r\n".into(),
    ];
    requests.push(b"GET /\xff\xfe\xfd HTTP/1.1\r\nHost: a\r\n\r\n".to_vec());
    requests.push(vec![0xff; 4 * 1024]);
    if let Some(last) = requests.last_mut() {
        last.extend_from_slice(b"\r\n\r\n");
    }
    requests
}

#[test]
fn hostile_bytes_come_out_as_one_bounded_trace_and_one_line_for_each_request() -> Result<()> {
    let origin = Origin::start(|_| Some(OK))?;
    for trusted in ["", "trusted = [\"127.0.0.1\"]"] {
        let listener = format!("{}\n{trusted}", Plan::HTTP.listener);
        let edge = Edge::start(&Plan { listener: &listener, ..Plan::HTTP }, &[origin.address()])?;
        for request in requests() {
            let answer = edge.ask(&request)?;
            let shown = String::from_utf8_lossy(&request[..request.len().min(60)]).into_owned();
            ensure!([200, 400, 414, 431, 501].contains(&answer.status), "{shown:?}: {answer:?}");
        }
        let (told, lines) = edge.end_with_log()?;
        told.expect_traces(requests().len())?;
        for span in told.traces().flat_map(|trace| &trace.spans) {
            let names = [&span.name, &span.trace_state];
            let values: Vec<_> = span.attributes.iter().map(value).collect();
            for text in values.iter().chain(names) {
                ensure!(text.len() <= MOST, "{} bytes: {span:#?}", text.len());
                ensure!(!text.contains(char::is_control), "{span:#?}");
            }
        }
        let lines: Vec<_> = lines.iter().filter(|line| line.contains("request done")).collect();
        ensure!(lines.len() == requests().len(), "{} lines: {lines:#?}", lines.len());
        for line in lines {
            ensure!(!line.contains(char::is_control) && line.len() < 8 * MOST, "{line}");
            let read: serde_json::Value = serde_json::from_str(line).context("not JSON")?;
            ensure!(read["level"] == "INFO", "{line}");
        }
        let long = told.traces().filter(|trace| {
            let path = trace.root().ok().and_then(|root| text(root, "url.path"));
            path.is_some_and(|path| path.len() > MOST / 2)
        });
        ensure!(long.count() == 1, "the long path is told as far as it may be");
    }
    Ok(())
}
