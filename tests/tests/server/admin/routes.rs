use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::office::{Office, expect_refusal, json};
use crate::site::{Setup, echo};

/// The names of an object, sorted.
fn names(object: &Value) -> Vec<&str> {
    let keys = object.as_object().into_iter().flat_map(|object| object.keys());
    let mut names: Vec<_> = keys.map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn what_is_read_has_the_shape_that_was_promised() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let mut client = office.site.connect()?;
    client.echo("hello")?;

    assert_eq!(office.read("/healthz")?, json!({ "status": "ok" }));
    assert_eq!(office.read("/readyz")?, json!({ "ready": true }));
    assert_eq!(office.read("/log/level")?, json!({ "level": "info" }));
    assert_eq!(office.read("/traces")?, json!({ "traces": [] }));

    let pools = office.read("/pools")?;
    let pool = &pools["pools"][0];
    assert_eq!((&pool["name"], &pool["status"]), (&"main".into(), &"running".into()));
    assert_eq!((&pool["in_flight"], &pool["serving"]), (&1.into(), &1.into()));
    let shown = &pool["backends"][0];
    assert_eq!(shown["address"], backend.address().to_string());
    assert_eq!((&shown["health"], &shown["weight"]), (&"up".into(), &1.into()));
    assert_eq!((&shown["requests"], &shown["tier"]), (&1.into(), &0.into()));

    let connections = office.read("/connections")?;
    assert_eq!(connections["next"], Value::Null);
    let connection = &connections["connections"][0];
    assert_eq!((&connection["id"], &connection["listener"]), (&1.into(), &"main".into()));
    let place = "server/traffic/listeners/main/connections/w";
    assert!(connection["path"].as_str().unwrap().starts_with(place), "{connection}");

    let config = office.read("/config")?;
    assert_eq!(config["config"]["server"]["workers"], 2);

    let metrics = office.get("/metrics")?;
    assert!(metrics.field("content-type").unwrap().starts_with("text/plain; version=0.0.4"));
    let open = "Accept: application/openmetrics-text; version=1.0.0\r\n";
    let metrics = office.get_with("/metrics", open)?;
    assert!(metrics.field("content-type").unwrap().starts_with("application/openmetrics-text"));
    assert!(metrics.text().ends_with("# EOF\n"));
    Ok(())
}

#[test]
fn the_tree_has_parents_before_their_children_in_parts_and_up_to_a_number() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let mut clients: Vec<_> = (0..300).map(|_| office.site.connect()).collect::<Result<_>>()?;
    for client in &mut clients {
        client.echo("hello")?;
    }
    let tree = office.read("/tree")?;
    let nodes = tree["nodes"].as_array().unwrap();
    assert_eq!(tree["more"], false);
    assert!(nodes.len() > 300, "more than a portion");
    let mut seen = std::collections::HashSet::new();
    for node in nodes {
        let path = node["path"].as_str().unwrap();
        if let Some((above, _)) = path.rsplit_once('/') {
            assert!(seen.contains(above), "{path}");
        }
        assert!(seen.insert(path), "{path} twice");
    }
    let admin = nodes.iter().find(|node| node["path"] == "server/control/observability/admin");
    let named = [
        "capacity",
        "generation",
        "kind",
        "path",
        "restarts",
        "since_ms",
        "status",
        "waiting",
        "worker",
    ];
    assert_eq!(names(admin.context("its own node")?), named);

    let part = office.read("/tree?under=server/traffic/pools&limit=2")?;
    let paths: Vec<_> =
        part["nodes"].as_array().unwrap().iter().map(|node| &node["path"]).collect();
    assert_eq!(paths, ["server/traffic/pools", "server/traffic/pools/main"]);
    assert_eq!(part["more"], true);
    expect_refusal(&office.get("/tree?under=server/nowhere")?, 404)?;
    drop(clients);
    Ok(())
}

#[test]
fn connections_come_a_page_at_a_time_and_each_once() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let mut clients: Vec<_> = (0..25).map(|_| office.site.connect()).collect::<Result<_>>()?;
    for client in &mut clients {
        client.echo("hello")?;
    }
    let mut found = std::collections::BTreeSet::new();
    let mut target = "/connections?limit=10".to_owned();
    let mut pages = 0;
    loop {
        let page = office.read(&target)?;
        pages += 1;
        for connection in page["connections"].as_array().unwrap() {
            assert!(found.insert(connection["id"].as_u64().unwrap()), "{connection}");
        }
        let Some(next) = page["next"].as_str() else { break };
        target = format!("/connections?limit=10&after={next}");
    }
    assert_eq!((pages, found), (3, (1..=25).collect()));
    expect_refusal(&office.get("/connections?after=nonsense")?, 400)?;
    Ok(())
}

#[test]
fn what_is_mistaken_is_refused_with_what_to_do_instead() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    for (target, status) in [
        ("/nowhere", 404),
        ("/", 404),
        ("/tree/", 404),
        ("/tree?limit=0", 400),
        ("/tree?limit=x", 400),
        ("/tree?limit=1&limit=2", 400),
        ("/tree?color=red", 400),
        ("/traces/1234", 400),
        ("/traces/0123456789abcdef0123456789abcdef", 404),
        ("/tree/kill", 405),
    ] {
        expect_refusal(&office.get(target)?, status).with_context(|| target.to_owned())?;
    }
    for (target, body, status) in [
        ("/pools/drain", json!({ "pool": "main" }), 400),
        ("/pools/drain", json!({ "pool": "main", "backend": "x" }), 404),
        ("/pools/drain", json!({ "pool": "main", "backend": "10.0.0.1:1" }), 404),
        ("/pools/drain", json!({ "pool": "x", "backend": "10.0.0.1:1" }), 404),
        ("/pools/drain", json!({ "pool": "main", "backend": "10.0.0.1:1", "within": "1" }), 400),
        ("/pools/undrain", json!({ "pool": "main", "backend": backend.address() }), 409),
        ("/pools/weigh", json!({ "pool": "main", "backend": backend.address(), "weight": 0 }), 400),
        (
            "/pools/weigh",
            json!({ "pool": "main", "backend": backend.address(), "weight": 257 }),
            400,
        ),
        ("/connections/close", json!({ "path": "server/traffic" }), 404),
        ("/tree/restart", json!({ "path": "server/nowhere" }), 404),
        ("/tree/restart", json!({}), 400),
        ("/log/level", json!({ "level": "loud" }), 400),
        ("/pools", json!({}), 405),
    ] {
        let answer = office.order(target, &body)?;
        expect_refusal(&answer, status).with_context(|| format!("{target} {body}"))?;
    }
    Ok(())
}

#[test]
fn the_document_names_the_methods_that_each_path_takes() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let document = office.read("/openapi.json")?;
    assert_eq!(document["openapi"], "3.1.0");
    for (path, item) in document["paths"].as_object().unwrap() {
        let target = path.replace("{trace_id}", "0123456789abcdef0123456789abcdef");
        let host = office.address();
        let answer = office
            .ask(format!("OPTIONS {target} HTTP/1.1\r\nHost: {host}\r\nX-Trunkline: 1\r\n\r\n"))?;
        expect_refusal(&answer, 405)?;
        let mut allowed: Vec<_> =
            answer.field("allow").context("Allow")?.split(',').map(str::to_lowercase).collect();
        allowed.retain(|method| method != "head");
        allowed.sort_unstable();
        assert_eq!(allowed, names(item), "{path}");
    }
    Ok(())
}

#[test]
fn what_somebody_else_chose_comes_out_escaped() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let nasty = "</script>\"\\\n\r\u{0}\u{7f}\u{2028}\u{1f600}";
    for (target, body, status) in [
        ("/pools/undrain", json!({ "pool": nasty, "backend": backend.address() }), 404),
        ("/tree/restart", json!({ "path": nasty }), 404),
        ("/connections/close", json!({ "path": nasty }), 404),
        ("/log/level", json!({ "level": nasty }), 400),
        ("/log/level", json!({ nasty: 1 }), 400),
    ] {
        let answer = office.order(target, &body)?;
        expect_refusal(&answer, status)?;
        assert_eq!(answer.field("content-type"), Some("application/json"));
        assert_eq!(answer.field("x-content-type-options"), Some("nosniff"));
        assert!(!answer.body.iter().any(|byte| *byte < b' '), "{answer:?}");
    }
    // And in the log, each line of which is one object.
    let line = office.site.line(|line| line.contains("told through the admin API"))?;
    assert_eq!(line["path"], nasty);
    Ok(())
}

#[test]
fn the_level_of_the_log_can_be_changed_while_it_runs() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let level = |level: &str| -> Result<()> {
        let answer = office.order("/log/level", &json!({ "level": level }))?;
        assert_eq!((answer.status, json(&answer)?), (200, json!({ "level": level })));
        assert_eq!(office.read("/log/level")?, json!({ "level": level }));
        Ok(())
    };
    let serve = || -> Result<_> {
        let mut client = office.site.connect()?;
        client.echo("hello")?;
        client.finish()?;
        client.expect_end()?;
        client.local_addr()
    };
    level("error")?;
    let quiet = serve()?;
    // Its line would be written at its end, which its client sees a moment before.
    while office.read("/connections")?["connections"] != json!([]) {}
    level("info")?;
    let loud = serve()?;
    office.site.closed(loud)?;
    let lines = office.site.process.stderr().last(1000);
    assert!(!lines.iter().any(|line| line.contains(&quiet.to_string())), "{lines:?}");
    Ok(())
}
