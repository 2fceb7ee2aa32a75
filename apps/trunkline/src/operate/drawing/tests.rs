use serde_json::json;

use super::super::answers::{Node, Tree};
use super::super::line::text;
use super::*;

fn node(path: &str) -> Node {
    serde_json::from_value(json!({
        "path": path, "kind": "leaf", "status": "running", "worker": null, "generation": 1,
        "restarts": 0, "since_ms": 65_000, "waiting": 0, "capacity": 256,
    }))
    .unwrap()
}

fn crashed(path: &str, status: &str) -> Node {
    let exit = json!({
        "reason": "panicked", "text": "a request\nfor /crash", "place": "src/a.rs:1:2",
        "generation": 1, "at": 0,
    });
    Node {
        status: status.to_owned(),
        generation: 2,
        restarts: 1,
        since_ms: 3000,
        last_exit: serde_json::from_value(exit).unwrap(),
        ..node(path)
    }
}

/// The tree of the demo: four listeners and four groups of responders over two workers.
fn demo() -> Vec<Node> {
    let mut paths: Vec<String> = vec!["server".to_owned(), "server/control".to_owned()];
    let mut add = |path: &str| paths.push(path.to_owned());
    for path in ["observability", "observability/admin", "resolver", "steward"] {
        add(&format!("server/control/{path}"));
    }
    add("server/demo");
    let listener = |at: String, add: &mut dyn FnMut(&str)| {
        for below in [
            "",
            "/acceptors",
            "/acceptors/w0",
            "/acceptors/w1",
            "/connections",
            "/connections/w0",
            "/connections/w0/1",
            "/connections/w0/2",
            "/connections/w1",
            "/listener",
        ] {
            add(&format!("{at}{below}"));
        }
    };
    add("server/demo/listeners");
    for name in ["flaky", "one", "three", "two"] {
        listener(format!("server/demo/listeners/{name}"), &mut add);
    }
    add("server/demo/responders");
    for name in ["flaky", "one", "three", "two"] {
        for below in ["", "/w0", "/w1"] {
            add(&format!("server/demo/responders/{name}{below}"));
        }
    }
    add("server/traffic");
    add("server/traffic/listeners");
    listener("server/traffic/listeners/web".to_owned(), &mut add);
    add("server/traffic/pools");
    for (name, ports) in [("flaky", 1..=1), ("responders", 2..=4)] {
        add(&format!("server/traffic/pools/{name}"));
        for port in ports {
            for below in ["", "/backend", "/probe"] {
                add(&format!("server/traffic/pools/{name}/127.0.0.1:{port}{below}"));
            }
        }
        add(&format!("server/traffic/pools/{name}/pool"));
    }
    for path in ["routers", "routers/w0", "routers/w1", "upstreams", "upstreams/w0", "upstreams/w1"]
    {
        add(&format!("server/traffic/{path}"));
    }
    for path in ["", "/control", "/w0", "/w1"] {
        add(&format!("server/workers{path}"));
    }
    let mut nodes: Vec<_> = paths.iter().map(|path| node(path)).collect();
    for node in &mut nodes {
        node.detail = match node.path.rsplit_once('/').map_or("", |(_, name)| name) {
            "listener" => json!({
                "accepted": 4, "address": "127.0.0.1:8080", "connections": 2, "handler": null,
                "paused": 0, "protocol": "http", "waited_at_limit": 0,
            }),
            "pool" => {
                json!({ "balance": "round_robin", "draining": 0, "members": 3, "serving": 3 })
            }
            "backend" => json!({ "connected": 2, "failed": 0, "health": "up", "leases": 2 }),
            _ => Value::Null,
        };
    }
    nodes
}

fn with(mut nodes: Vec<Node>, other: Node) -> Vec<Node> {
    let place = nodes.iter_mut().find(|node| node.path == other.path).unwrap();
    *place = other;
    nodes
}

fn drawn(nodes: Vec<Node>, width: usize, rows: Option<usize>) -> Vec<Line> {
    draw(&Forest::of(nodes), Frame { width, rows }, |_| false)
}

#[test]
fn the_demo_fits_a_small_terminal_and_names_all_its_parts() {
    let lines = drawn(demo(), 80, Some(23));
    assert_eq!(text(&lines, false), include_str!("demo.txt"));
    assert!(lines.len() <= 23 && lines.iter().all(|line| line.width() <= 80));
}

#[test]
fn what_has_crashed_is_shown_wherever_it_is() {
    let nodes = with(demo(), crashed("server/demo/responders/two/w0", "running"));
    let lines = drawn(nodes, 80, Some(23));
    assert_eq!(text(&lines, false), include_str!("crash.txt"));
    assert!(lines.len() <= 23 && lines.iter().all(|line| line.width() <= 80));
}

#[test]
fn what_does_not_run_is_shown_however_few_rows_there_are() {
    for status in ["parked", "suspended", "restarting", "lost", "ended", "starting", "unheard_of"] {
        for path in ["server/traffic/pools/flaky/127.0.0.1:1/probe", "server/control/steward"] {
            let nodes = with(demo(), crashed(path, status));
            let text = text(&drawn(nodes, 80, Some(1)), false);
            let name = path.rsplit_once('/').unwrap().1;
            let row = text.lines().find(|row| row.contains(&format!("─ {name} "))).unwrap();
            let told = format!("{status} 3s, #2, 1 restart, panicked: a req");
            assert!(row.contains(&told), "{path}: {row}");
        }
    }
}

#[test]
fn connections_that_come_and_go_are_only_counted() {
    let mut leaving = node("server/traffic/listeners/web/connections/w0/1");
    leaving.status = "stopping".to_owned();
    let shown = text(&drawn(with(demo(), leaving), 80, Some(23)), false);
    assert_eq!(shown, include_str!("demo.txt"));
    let lost = crashed("server/traffic/listeners/web/connections/w0/1", "lost");
    let text = text(&drawn(with(demo(), lost), 120, Some(23)), false);
    assert!(text.contains("─ 1 ") && text.contains("lost 3s"), "{text}");
}

#[test]
fn many_siblings_of_one_that_is_away_take_one_row() {
    let mut nodes = vec![node("server"), node("server/pool")];
    nodes.extend((0..1000).map(|n| node(&format!("server/pool/10.0.0.1:{n}"))));
    let nodes = with(nodes, crashed("server/pool/10.0.0.1:7", "parked"));
    assert_eq!(
        text(&drawn(nodes, 100, Some(10)), false),
        "\
server            running 65s, #1, 0 restarts, 1002 actors, 0 connections, 1 not running
└─ pool
   ├─ 10.0.0.1:7  parked 3s, #2, 1 restart, panicked: a request\\nfor /crash at src/a.rs:1:2
   └─ 10.0.0.1:0, 10.0.0.1:1, 10.0.0.1:2, 10.0.0.1:3, 10.0.0.1:4, 994 more
"
        .replace(", #1, 0 restarts", "")
    );
}

#[test]
fn without_a_limit_there_is_a_row_for_every_actor() {
    let nodes = demo();
    let paths: Vec<_> = nodes.iter().map(|node| node.path.clone()).collect();
    let lines = drawn(nodes, usize::MAX, None);
    assert_eq!(lines.len(), paths.len());
    let text = text(&lines, false);
    for (line, path) in text.lines().zip(&paths) {
        let name = path.rsplit_once('/').map_or(path.as_str(), |(_, name)| name);
        assert!(line.contains(name) && line.contains("running 65s, #1, 0 restarts"), "{line}");
    }
}

#[test]
fn what_has_changed_is_shown_and_marked() {
    let changed = "server/traffic/routers/w1";
    let lines =
        draw(&Forest::of(demo()), Frame { width: 80, rows: Some(14) }, |path| path == changed);
    let text = text(&lines, true);
    assert!(text.contains("\x1b[1;7mw1\x1b[0m"), "{text}");
    assert!(lines.len() <= 16, "{text}");
}

#[test]
fn names_of_many_are_put_together() {
    let nodes = ["a", "a/w0", "a/w1", "a/w2", "a/w4", "a/x01", "a/x02", "a/1.2.3.4:5"];
    let forest = Forest::of(nodes.iter().map(|path| node(path)).collect());
    assert_eq!(names(&forest, &forest.tree(0).children), "w0 … w2, w4, x01, x02, 1.2.3.4:5");
}

#[test]
fn what_a_server_says_of_any_tree_is_drawn() {
    let tree: Tree = serde_json::from_value(json!({ "nodes": [] })).unwrap();
    assert_eq!(drawn(tree.nodes, 80, Some(23)).len(), 0);
    // Orphans, twins, and a depth that would end the stack of who recurses.
    let mut nodes: Vec<_> = ["/", "", "a//b", "a", "a", "b/c"].map(node).into();
    let mut path = "deep".to_owned();
    for _ in 0..1000 {
        nodes.push(node(&path));
        path.push_str("/x");
    }
    let count = nodes.len();
    assert_eq!(drawn(nodes.clone(), 80, None).len(), count);
    assert!(drawn(nodes, 80, Some(23)).len() <= 23);
}
