//! Ten thousand requests of which many fail, and every span of theirs.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result, ensure};
use parking_lot::Mutex;
use trunkline_tests::collector::Speaks;
use trunkline_tests::http::answer::field;
use trunkline_tests::http::wire::Wire;
use trunkline_tests::port::ReservedPort;

use crate::edge::{BROKEN, Edge, OK, Plan, get};
use crate::origin::{Origin, path};
use crate::told::{Told, hex, text, value};

const CLIENTS: usize = 10;
const EACH: usize = 1_000;
/// What no span may say.
const SECRET: &str = "nobody-is-to-know";

/// What requests ask for, and the statuses that they may get.
const KINDS: [(&str, &[u16]); 5] =
    [("ok", &[200]), ("fine", &[200]), ("broken", &[500]), ("once", &[200]), ("reset", &[502])];

/// What the backends were asked for: paths, and the `traceparent` that came with each.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

fn backend(asked: &Asked) -> Result<Origin> {
    let asked = Arc::clone(asked);
    Origin::start(move |head| {
        let path = path(head).split('?').next().unwrap_or_default();
        let parent = field(head, "traceparent").unwrap_or_default();
        let mut asked = asked.lock();
        let before = path.ends_with("/once") && asked.iter().rev().any(|(it, _)| it == path);
        asked.push((path.to_owned(), parent.to_owned()));
        match path.rsplit('/').next() {
            Some("broken") => Some(BROKEN),
            Some("reset") => None,
            Some("once") if !before => None,
            _ => Some(OK),
        }
    })
}

/// Asks for one thing after the other, over one connection as long as it lasts.
fn ask(edge: &Edge, client: usize) -> Result<()> {
    let mut wire: Option<Wire> = None;
    for number in 0..EACH {
        let (kind, statuses) = KINDS[number % KINDS.len()];
        let request = get(
            &format!("/{client}/{number}/{kind}?{SECRET}"),
            &format!("X-Secret: {SECRET}\r\nCookie: {SECRET}\r\n"),
        );
        let mut open = wire.take().map_or_else(|| edge.connect(), Ok)?;
        open.send(request)?;
        let answer = open.answer()?;
        ensure!(statuses.contains(&answer.status), "{kind}: {answer:?}");
        wire = (!answer.closes()).then_some(open);
    }
    Ok(())
}

#[test]
fn of_ten_thousand_requests_every_span_arrives_or_is_counted_in_one_trace_each() -> Result<()> {
    let asked = Asked::default();
    let backends = [backend(&asked)?, backend(&asked)?];
    let refusing = ReservedPort::new()?;
    let mut addresses = backends.each_ref().map(Origin::address).to_vec();
    addresses.push(refusing.address());
    let plan = Plan {
        speaks: Speaks::Http,
        server: "workers = 2",
        pool: "attempts = 3\nfall = 100\neject.failures = 0\nreuse = \"safe\"\n\
               retry.budget = 100",
        ..Plan::HTTP
    };
    let edge = Edge::start(&plan, &addresses)?;
    thread::scope(|scope| {
        let edge = &edge;
        let clients: Vec<_> =
            (0..CLIENTS).map(|client| scope.spawn(move || ask(edge, client))).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| panicked())?)
    })?;
    let counts = edge.settled_counts()?;
    let metrics = edge.admin("/metrics")?.text();
    for name in ["ended", "exported"] {
        let line = format!("trunkline_spans_{name}_total {}\n", counts[name]);
        ensure!(metrics.contains(&line), "no {line:?} in {metrics}");
    }
    let told = edge.end()?;
    let (ended, lost) = (counts["ended"].as_u64(), &counts["dropped"]);
    ensure!(ended == Some(told.count() as u64), "{} of {counts}", told.count());
    ensure!(lost.as_object().context("counts")?.values().all(|lost| lost == 0), "{counts}");
    told.expect_traces(CLIENTS * EACH)?;
    let by_path = by_path(&told)?;
    ensure!(by_path.len() == CLIENTS * EACH, "{} paths", by_path.len());
    expect_one_trace_to_the_backend(&asked.lock(), &told, &by_path)?;
    for span in told.traces().flat_map(|trace| &trace.spans) {
        for attribute in &span.attributes {
            ensure!(!value(attribute).contains(SECRET), "{span:#?}");
        }
    }
    Ok(())
}

fn panicked() -> anyhow::Error {
    anyhow::anyhow!("a client has panicked")
}

/// The id of the trace of each path.
fn by_path(told: &Told) -> Result<HashMap<String, String>> {
    let each = told.traces().map(|trace| {
        let path = text(trace.root()?, "url.path").context("a root without a path")?;
        Ok((path, trace.id()))
    });
    each.collect()
}

/// What each backend was told is the trace of the request, and one of its tries.
fn expect_one_trace_to_the_backend(
    asked: &[(String, String)],
    told: &Told,
    by_path: &HashMap<String, String>,
) -> Result<()> {
    ensure!(asked.len() >= CLIENTS * EACH, "{} requests came to the backends", asked.len());
    let tries: HashMap<_, _> = told
        .traces()
        .flat_map(|trace| &trace.spans)
        .filter(|span| span.name == "try")
        .map(|span| (hex(&span.span_id), hex(&span.trace_id)))
        .collect();
    for (path, parent) in asked {
        let trace = by_path.get(path).with_context(|| format!("no trace of {path}"))?;
        let parts: Vec<_> = parent.split('-').collect();
        ensure!(parts.len() == 4 && parts[1] == trace && parts[3] == "01", "{path}: {parent}");
        ensure!(tries.get(parts[2]) == Some(trace), "{path}: no try {parent}");
    }
    Ok(())
}
