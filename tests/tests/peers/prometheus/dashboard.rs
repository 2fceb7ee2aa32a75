//! The dashboard that is shipped, against a real Prometheus.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trunkline_tests::peers::prometheus::Prometheus;
use trunkline_tests::peers::require;

use super::busy::Busy;

/// How long it may take until everything was seen.
const LONGEST: Duration = Duration::from_secs(90);
/// What Grafana makes of `$__rate_interval`, at least: four times the time between scrapes.
const RATE_INTERVAL: &str = "4s";
/// What is not made to happen here is there, and zero: descriptors do not run out, the log is read, no
/// file of spans can be full, mailboxes are empty at once, nobody hedges, and a worker that is stuck for
/// a moment may be so between two scrapes.
const STAY_ZERO: [&str; 6] = [
    "trunkline_thread_stuck",
    "trunkline_accept_paused_total",
    "trunkline_log_lines_dropped_total",
    "trunkline_spans_unwritten_total",
    "trunkline_mailbox_messages",
    "trunkline_pool_hedges_total",
];
/// Four thousand connections would have to wait for one router.
const NEVER_HAPPENS: [&str; 1] = ["trunkline_mailbox_refused_total"];

fn dashboard() -> Result<Value> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../observability/grafana/trunkline.json");
    let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
    Ok(serde_json::from_slice(&text)?)
}

fn list<'v>(of: &'v Value, name: &str) -> &'v [Value] {
    of[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(of: &'v Value, name: &str) -> &'v str {
    of[name].as_str().unwrap_or_default()
}

/// The panels that show something.
fn panels(dashboard: &Value) -> impl Iterator<Item = &Value> {
    list(dashboard, "panels").iter().filter(|panel| panel["type"] != "row")
}

/// With everything chosen that the variables offer.
fn filled_in(query: &str) -> String {
    let variables = ["$job", "$instance", "$listener", "$pool"];
    let query = query.replace("$__rate_interval", RATE_INTERVAL);
    variables.into_iter().fold(query, |query, variable| query.replace(variable, ".*"))
}

#[test]
fn the_dashboard_is_one_that_grafana_takes() -> Result<()> {
    let dashboard = dashboard()?;
    ensure!(dashboard["schemaVersion"].as_u64().is_some_and(|version| version >= 36));
    ensure!(dashboard["uid"] == "trunkline" && dashboard["id"].is_null());
    let variables = list(&dashboard["templating"], "list");
    ensure!(variables.iter().any(|it| it["type"] == "datasource" && it["query"] == "prometheus"));
    let ids: BTreeSet<_> =
        list(&dashboard, "panels").iter().filter_map(|panel| panel["id"].as_u64()).collect();
    ensure!(ids.len() == list(&dashboard, "panels").len(), "an id is missing or there twice");
    let mut taken = BTreeSet::new();
    for panel in list(&dashboard, "panels") {
        let place = |name: &str| panel["gridPos"][name].as_u64().context("no place");
        let (x, y) = (place("x")?, place("y")?);
        for column in x..x + place("w")? {
            for row in y..y + place("h")? {
                ensure!(
                    column < 24 && taken.insert((column, row)),
                    "{} lies on another",
                    panel["title"]
                );
            }
        }
    }
    for panel in panels(&dashboard) {
        let unit = text(&panel["fieldConfig"]["defaults"], "unit");
        ensure!(!unit.is_empty(), "{} has no unit", panel["title"]);
        ensure!(text(&panel["datasource"], "uid") == "${datasource}", "{}", panel["title"]);
        ensure!(!list(panel, "targets").is_empty(), "{} asks nothing", panel["title"]);
    }
    Ok(())
}

#[test]
fn each_query_of_the_dashboard_has_something_to_show() -> Result<()> {
    let Some(program) = require("prometheus")? else { return Ok(()) };
    let dashboard = dashboard()?;
    let busy = Busy::start(64)?;
    let prometheus = Prometheus::start(&program, busy.admin())?;
    let mut missing: Vec<_> = panels(&dashboard)
        .flat_map(|panel| list(panel, "targets").iter().map(move |of| (panel, text(of, "expr"))))
        .filter(|(_, query)| !NEVER_HAPPENS.iter().any(|name| query.contains(name)))
        .collect();
    ensure!(missing.len() > 50, "only {} queries", missing.len());
    let begun = Instant::now();
    let mut rounds = 0;
    while !missing.is_empty() {
        let said = || missing.iter().map(|(panel, query)| format!("\n{}: {query}", panel["title"]));
        ensure!(
            begun.elapsed() < LONGEST,
            "after {rounds} rounds, {:?}, nothing of{}",
            prometheus.scrapes(),
            said().collect::<String>()
        );
        busy.round()?;
        rounds += 1;
        match rounds {
            3 => busy.lose_spans()?,
            5 => busy.block()?,
            _ => {}
        }
        let mut still = Vec::new();
        for (panel, query) in missing {
            if !shows(&prometheus, query)? {
                still.push((panel, query));
            }
        }
        missing = still;
    }
    for variable in list(&dashboard["templating"], "list").iter().filter(|it| it["type"] == "query")
    {
        let query = filled_in(text(variable, "definition"));
        let inner = query.strip_prefix("label_values(").and_then(|rest| rest.strip_suffix(')'));
        let (selector, label) = inner.and_then(|it| it.rsplit_once(", ")).context(query.clone())?;
        ensure!(!prometheus.label_values(label, selector)?.is_empty(), "{query} offers nothing");
    }
    busy.ends_well()
}

/// Whether a panel would have shown a number, and another one than zero.
fn shows(prometheus: &Prometheus, query: &str) -> Result<bool> {
    let stays_zero = STAY_ZERO.iter().any(|name| query.contains(name));
    let series = prometheus.series(&filled_in(query))?;
    let mut values = series.iter().flat_map(|series| &series.values);
    Ok(values.any(|value| stays_zero || *value > 0.0))
}
