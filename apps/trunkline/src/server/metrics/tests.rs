//! One server runs for all tests, since a process has one log.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use trunkline_config::{Format, Settings, Source, parse};
use trunkline_observability::admin::{AdminSocket, Bind};
use trunkline_runtime::Ended;

use super::*;
use crate::server::{Hooks, Plan, bind, serve};

/// No step of a test takes longer.
const SOON: Duration = Duration::from_secs(20);

/// Two listeners: one of HTTP with three routes, one that only forwards.
fn settings(backend: SocketAddr) -> Settings {
    let text = format!(
        r#"
        [server]
        workers = 1
        drain = "1s"
        admin = "127.0.0.1:0"
        [log]
        level = "error"
        [telemetry]
        sample_ratio = 1.0
        [listener.web]
        bind = "127.0.0.1:0"
        protocol = "http"
        routes = [
            {{ name = "pong", path = "/ping", answer = {{ body = "pong" }} }},
            {{ name = "api", path = "/api/", pool = "main" }},
            {{ name = "gone", path = "/gone", pool = "empty" }},
        ]
        [listener.raw]
        bind = "127.0.0.1:0"
        protocol = "forward"
        pool = "main"
        [pool.main]
        backends = ["{backend}"]
        probe = {{ enabled = false }}
        [pool.empty]
        backends = ["127.0.0.1:1"]
        attempts = 1
        probe = {{ enabled = false }}
        "#
    );
    let source = Source::new("a test's", Format::Toml, &text);
    parse(&source, std::iter::empty(), std::iter::empty()).unwrap()
}

/// A scrape of a running server, after some requests.
fn scrape() -> &'static str {
    static SCRAPE: OnceLock<String> = OnceLock::new();
    SCRAPE.get_or_init(|| {
        let backend = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = backend.local_addr().unwrap();
        let settings = settings(address);
        let admin = AdminSocket::bind(&Bind::Tcp("127.0.0.1:0".parse().unwrap())).unwrap();
        let Bind::Tcp(door) = *admin.bound() else { panic!("it is bound to an address") };
        let sockets = bind(&settings, Plan::workers(&settings), HashMap::new()).unwrap();
        let at: HashMap<_, _> =
            sockets.iter().map(|(name, sockets)| (name.clone(), sockets.local_addr())).collect();
        let (runs, running) = mpsc::sync_channel(1);
        std::thread::scope(|scope| {
            scope.spawn(move || answer(&backend));
            let used = scope.spawn(move || {
                let runtime = running.recv_timeout(SOON).unwrap();
                let _stop = Stop { runtime, backend: address };
                use_it(&at);
                settled(door)
            });
            let mut plan = Plan::new(settings, None);
            plan.bound = sockets;
            plan.admin = Some(admin);
            let on_runtime = Box::new(move |runtime: &Runtime| runs.send(runtime.clone()).unwrap());
            let ended = serve(plan, Hooks { on_runtime, ..Hooks::default() });
            assert_eq!(ended.map_err(|error| error.to_string()), Ok(Ended::Shutdown));
            used.join().unwrap()
        })
    })
}

fn use_it(at: &HashMap<String, SocketAddr>) {
    assert_eq!(status(at["web"], "/ping"), "HTTP/1.1 200 OK");
    assert_eq!(status(at["web"], "/api/x"), "HTTP/1.1 200 OK");
    assert_eq!(status(at["web"], "/api/y"), "HTTP/1.1 200 OK");
    assert_eq!(status(at["web"], "/nowhere"), "HTTP/1.1 404 Not Found");
    assert_eq!(status(at["web"], "/gone"), "HTTP/1.1 502 Bad Gateway");
    assert_eq!(status(at["raw"], "/"), "HTTP/1.1 200 OK");
}

/// Ends all that runs, whatever becomes of the test.
struct Stop {
    runtime: Runtime,
    backend: SocketAddr,
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.runtime.stop();
        // The backend ends with a connection that says nothing.
        drop(TcpStream::connect(self.backend));
    }
}

/// Answers what it is sent, one connection after the other, until one says nothing.
fn answer(backend: &TcpListener) {
    for stream in backend.incoming() {
        let mut stream = stream.unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        if stream.read(&mut [0; 4096]).unwrap() == 0 {
            return;
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        stream.write_all(answer).unwrap();
    }
}

/// Sends a request to `address`, and gives the answer.
fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let accept = "application/openmetrics-text";
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn status(address: SocketAddr, path: &str) -> String {
    ask(address, path).lines().next().unwrap_or_default().to_owned()
}

/// A scrape after all connections have ended: a client has its answer before it is counted.
fn settled(door: SocketAddr) -> String {
    let begun = Instant::now();
    loop {
        let answer = ask(door, "/metrics");
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let open = text.lines().filter(|line| line.starts_with("trunkline_connections{"));
        if open.clone().count() == 2 && open.clone().all(|line| line.ends_with(" 0")) {
            return text.to_owned();
        }
        assert!(begun.elapsed() < SOON, "connections stay open:\n{text}");
    }
}

/// The value of a sample, with its labels as they are written.
fn value(text: &str, sample: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    let found = found.unwrap_or_else(|| panic!("no {sample} in\n{text}"));
    found.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn what_is_served_is_counted_where_it_belongs() {
    let text = scrape();
    let api = "listener=\"web\",route=\"api\",pool=\"main\"";
    let expected = [
        ("trunkline_connections_accepted_total{listener=\"web\"}".to_owned(), 5.0),
        ("trunkline_connections_closed_total{listener=\"web\",code=\"done\"}".to_owned(), 5.0),
        ("trunkline_connection_duration_seconds_count{listener=\"raw\"}".to_owned(), 1.0),
        (format!("trunkline_requests_total{{{api},class=\"2xx\"}}"), 2.0),
        (format!("trunkline_request_duration_seconds_count{{{api}}}"), 2.0),
        (format!("trunkline_request_first_byte_seconds_count{{{api}}}"), 2.0),
        (
            "trunkline_requests_total{listener=\"web\",route=\"\",pool=\"\",class=\"4xx\"}".into(),
            1.0,
        ),
        (
            "trunkline_requests_total{listener=\"web\",route=\"gone\",pool=\"empty\",class=\"5xx\"}"
                .into(),
            1.0,
        ),
        ("trunkline_requests_total{listener=\"web\",route=\"pong\",pool=\"\",class=\"2xx\"}".into(), 1.0),
        (
            "trunkline_backend_connection_failures_total{pool=\"empty\",backend=\"127.0.0.1:1\"}"
                .into(),
            1.0,
        ),
        ("trunkline_mailbox_messages{actor=\"routers/w0\"}".into(), 0.0),
        ("trunkline_thread_stuck{thread=\"w0\"}".into(), 0.0),
        ("trunkline_parked".into(), 0.0),
    ];
    for (sample, expected) in expected {
        assert_eq!(value(text, &sample), expected, "{sample} in\n{text}");
    }
    let exemplar = format!("trunkline_request_duration_seconds_bucket{{le=\"10.0\",{api}}} 2");
    assert!(text.lines().any(|line| line == exemplar), "no {exemplar} in\n{text}");
    let traced = text.lines().filter(|line| line.contains("# {trace_id=\""));
    assert!(traced.clone().all(|line| line.contains("_bucket{")) && traced.count() > 0);
    // With the port of the backend in its name.
    let leases = "trunkline_backend_leases_total{pool=\"main\"";
    let leases = text.lines().find(|line| line.starts_with(leases)).unwrap();
    assert!(leases.ends_with(" 3"), "{leases}");
    assert!(value(text, "process_open_fds") > 3.0);
}

/// A family of metrics, as a scrape or a row of the document describes it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Family {
    kind: String,
    unit: String,
    labels: BTreeSet<String>,
    help: String,
}

/// The families of a scrape. Labels that none of its samples has are not known.
fn families(text: &str) -> BTreeMap<String, Family> {
    let mut families = BTreeMap::<String, Family>::new();
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(meta) = line.strip_prefix("# ") {
            let mut parts = meta.splitn(3, ' ');
            let mut next = || parts.next().unwrap().to_owned();
            let (what, name, value) = (next(), next(), next());
            let family = families.entry(name).or_default();
            match what.as_str() {
                "HELP" => family.help = value,
                "TYPE" => family.kind = value,
                "UNIT" => family.unit = value,
                _ => panic!("{line}"),
            }
            continue;
        }
        let name_end = line.find(['{', ' ']).unwrap();
        let (sample, rest) = line.split_at(name_end);
        let suffixes = ["", "_total", "_sum", "_count", "_bucket", "_info"];
        let family = suffixes.iter().find_map(|suffix| {
            sample.strip_suffix(suffix).filter(|name| families.contains_key(*name))
        });
        let family = family.unwrap_or_else(|| panic!("{line} is of no family"));
        let labels = rest.strip_prefix('{').and_then(|rest| rest.split_once("} "));
        let labels = labels.map_or("", |(labels, _)| labels);
        // No value of this test has a comma or a quotation mark in it.
        let names = labels.split(',').filter_map(|label| label.split_once('='));
        let names = names.map(|(name, _)| name.to_owned()).filter(|name| name != "le");
        families.get_mut(family).unwrap().labels.extend(names);
    }
    families
}

/// The rows of the document.
fn documented() -> BTreeMap<String, Family> {
    let document = include_str!("../../../../../observability/METRICS.md");
    let is_metric =
        |line: &str| ["| `trunkline_", "| `process_"].iter().any(|begin| line.starts_with(begin));
    let cells = |row: &str| -> Vec<String> {
        row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect()
    };
    let rows = document.lines().filter(|line| is_metric(line)).map(cells);
    rows.map(|cells| {
        let [name, kind, unit, labels, help] = cells.try_into().unwrap();
        let labels = labels.split(", ").filter(|label| !label.is_empty()).map(ToOwned::to_owned);
        (name, Family { kind, unit, labels: labels.collect(), help: help.replace('`', "") })
    })
    .collect()
}

#[test]
fn the_document_tells_of_every_metric_and_of_no_other() {
    let text = scrape();
    assert!(text.ends_with("# EOF\n"));
    let (shown, documented) = (families(text), documented());
    let mut rows = String::new();
    for (name, Family { kind, unit, labels, help }) in &shown {
        let labels: Vec<_> = labels.iter().map(|label| format!("`{label}`")).collect();
        rows += &format!("| `{name}` | {kind} | {unit} | {} | {help} |\n", labels.join(", "));
    }
    let names = |families: &BTreeMap<String, Family>| families.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&shown), names(&documented), "the rows are:\n{rows}");
    for (name, family) in shown {
        let row = &documented[&name];
        let help = family.help.replace('`', "");
        assert_eq!(
            (&family.kind, &family.unit, &help),
            (&row.kind, &row.unit, &row.help),
            "{name}"
        );
        // Of what has not happened there is no sample.
        assert!(family.labels.is_empty() || family.labels == row.labels, "{name}: {row:?}");
    }
}

#[test]
fn no_series_stands_twice_on_a_page() {
    let text = scrape();
    let mut seen = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let sample = line.split(" # ").next().unwrap().rsplit_once(' ').unwrap().0;
        assert!(seen.insert(sample.to_owned()), "{sample} twice");
    }
}

#[test]
fn the_queries_of_the_dashboard_are_about_metrics_that_there_are() {
    let dashboard = include_str!("../../../../../observability/grafana/trunkline.json");
    let documented = documented();
    let known = |word: &str| {
        let suffixes = ["", "_total", "_sum", "_count", "_bucket", "_info"];
        suffixes.iter().any(|suffix| {
            word.strip_suffix(suffix).is_some_and(|name| documented.contains_key(name))
        })
    };
    let words = dashboard.split(|each: char| !(each.is_ascii_alphanumeric() || each == '_'));
    let mut asked = 0;
    for word in words.filter(|word| word.starts_with("trunkline_") || word.starts_with("process_"))
    {
        assert!(known(word), "the dashboard asks for {word}");
        asked += 1;
    }
    assert!(asked > 20, "{asked}");
}
