//! The live tree, and the stream of what happens in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use trunkline_runtime::{
    Actor, ChildSpec, Context, Detail, Failure, Flags, Kind, Shutdown, Status, Strategy,
    SupervisorSpec,
};

use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Good, Order, Orders};
use crate::harness::{Universe, millis, run, run_with_workers, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

#[test]
fn a_node_shows_what_its_child_is_and_does() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").mailbox(5).build();
        u.start(u.tree(PLAIN).child(child)).await;
        u.pass(seconds(3)).await;
        let view = u.view("tree/child").expect("it is there");
        assert_eq!(view.path, "root/tree/child");
        assert_eq!(view.kind, Kind::Leaf);
        assert_eq!(view.state, Status::Running);
        assert_eq!(view.worker, None, "the control thread");
        assert_eq!((view.generation, view.restarts), (1, 0));
        assert!(view.last_exit.is_none());
        assert_eq!(view.mailbox, 0);
        assert!((seconds(3)..millis(3_010)).contains(&view.uptime));
        assert_eq!(view.detail, None);

        address.tell(Order::Panic);
        address.tell(Order::Report);
        address.tell(Order::Report);
        u.restarting("tree/child").await;
        let view = u.view("tree/child").expect("it is kept");
        assert_eq!(view.state, Status::Restarting);
        assert_eq!((view.generation, view.mailbox), (1, 2));
        assert!(view.uptime < millis(10), "since its end: {:?}", view.uptime);

        u.started("tree/child").await;
        let view = u.view("tree/child").expect("it is back");
        assert_eq!((view.generation, view.restarts), (2, 1));
        let exit = view.last_exit.expect("it has ended once");
        assert_eq!((exit.generation, exit.reason.kind()), (1, "panicked"));
    });
}

#[test]
fn a_tree_lists_parents_before_their_children() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("b"));
        let tree = u.tree(PLAIN).child(u.good("z")).child(inner);
        u.start(tree.child(u.good("a"))).await;
        let tree = u.runtime.registry().tree();
        let paths: Vec<_> = tree.nodes().iter().map(|node| node.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "root",
                "root/body",
                "root/tree",
                "root/tree/a",
                "root/tree/inner",
                "root/tree/inner/b",
                "root/tree/z",
                "root/workers",
                "root/workers/control",
            ]
        );
        let kind = tree.get("root/tree/inner").map(|inner| inner.kind);
        assert_eq!(kind, Some(Kind::Supervisor));
    });
}

#[test]
fn a_node_as_json_has_stable_names() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        address.tell(Order::Fail);
        u.started("tree/child").await;
        let mut node = serde_json::to_value(u.view("tree/child")).expect("it is plain data");
        let at = node["last_exit"]["at"].take();
        assert!(at.is_u64(), "milliseconds since the epoch: {at}");
        assert_eq!(
            node,
            json!({
                "path": "root/tree/child",
                "kind": "leaf",
                "state": "running",
                "worker": null,
                "generation": 2,
                "restarts": 1,
                "last_exit": {
                    "reason": "failed", "text": "was told to fail", "generation": 1, "at": null
                },
                "mailbox": 0,
                "capacity": 256,
                "uptime": 0.0,
            })
        );
    });
}

#[derive(Default)]
struct Meter(AtomicU64);

impl Detail for Meter {
    fn detail(&self) -> serde_json::Value {
        json!({ "level": self.0.load(Ordering::Relaxed) })
    }
}

struct Metered(Arc<Meter>);

impl Actor for Metered {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.0.0.fetch_add(1, Ordering::Relaxed);
        cx.show(Arc::clone(&self.0) as Arc<dyn Detail>);
        Ok(())
    }
}

#[test]
fn an_actor_shows_a_detail_of_its_own() {
    run(|u: Universe| async move {
        let meter = Arc::<Meter>::default();
        let shared = Arc::clone(&meter);
        let child = ChildSpec::leaf("child", move || Metered(Arc::clone(&shared)));
        u.start(u.tree(PLAIN).child(child)).await;
        let detail = || u.view("tree/child").and_then(|child| child.detail);
        assert_eq!(detail(), Some(json!({ "level": 1 })));
        meter.0.store(7, Ordering::Relaxed);
        assert_eq!(detail(), Some(json!({ "level": 7 })));
    });
}

#[test]
fn a_crash_is_told_as_exited_restarting_started() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        u.past_events().await;
        address.tell(Order::Panic);
        u.pass(seconds(1)).await;
        assert_eq!(
            u.past_events().await,
            ["root/tree/child exited", "root/tree/child restarting", "root/tree/child started"]
        );
    });
}

#[test]
fn a_removal_is_told_as_exited_removed() {
    run(|u: Universe| async move {
        let tree = u.start(u.tree(PLAIN).child(u.good("child"))).await;
        u.past_events().await;
        tree.remove_child(&"child".into());
        u.pass(seconds(1)).await;
        let told = ["root/tree/child exited", "root/tree/child removed"];
        assert_eq!(u.past_events().await, told);
    });
}

#[test]
fn an_escalation_is_told_from_the_inside_out() {
    run(|u: Universe| async move {
        let flags = PLAIN.intensity(0, seconds(1));
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags).child(child)).await;
        u.past_events().await;
        address.tell(Order::Panic);
        u.pass(seconds(1)).await;
        assert_eq!(
            u.past_events().await,
            [
                "root/tree/child exited",
                "root/tree escalated",
                "root/tree exited",
                "root/tree restarting",
                "root/tree/child started",
                "root/tree started",
            ]
        );
    });
}

#[test]
fn a_child_that_is_being_stopped_is_shown_so() {
    run(|u: Universe| async move {
        let slow = slow_stop("slow", seconds(5)).shutdown(Shutdown::Grace(seconds(9)));
        let tree = u.start(u.tree(PLAIN).child(slow)).await;
        tree.remove_child(&"slow".into());
        u.pass(Duration::from_secs(1)).await;
        let state = u.view("tree/slow").map(|slow| slow.state);
        assert_eq!(state, Some(Status::Stopping));
    });
}

#[test]
fn a_child_is_found_by_its_path() {
    run(|u: Universe| async move {
        u.start(u.tree(PLAIN).child(u.good("child"))).await;
        let registry = u.runtime.registry();
        let found = registry.find("root/tree/child");
        assert_eq!(found.map(|node| node.path()), Some("root/tree/child".into()));
        assert!(registry.find("child").is_none());
        assert!(registry.find("root/other/child").is_none());
    });
}

#[test]
fn a_snapshot_never_shows_a_child_without_its_parent_however_many_come_and_go() {
    run_with_workers(1, |u: Universe| async move {
        let tree = SupervisorSpec::dynamic("tree", PLAIN);
        let tree = u.start(tree).await;
        let over = Arc::<AtomicBool>::default();
        let (runtime, end) = (u.runtime.clone(), Arc::clone(&over));
        let watch = move || {
            let mut seen = 0;
            while !end.load(Ordering::Relaxed) {
                let tree = runtime.registry().tree();
                seen = seen.max(tree.nodes().len());
                for node in tree.nodes() {
                    let parent = node.path.rsplit_once('/').map(|(parent, _)| parent);
                    match parent {
                        Some(parent) => assert!(tree.get(parent).is_some(), "{}", node.path),
                        None => assert_eq!(node.path, "root"),
                    }
                }
            }
            seen
        };
        let watcher = std::thread::Builder::new().spawn(watch);
        for round in 0..100u64 {
            for id in 0..20 {
                let journal = u.journal.clone();
                let inner = SupervisorSpec::new(id, PLAIN)
                    .child(ChildSpec::leaf("leaf", move || Good::new("leaf", journal.clone())));
                tree.start_child(inner).expect("the id is free");
            }
            for id in 0..20u64 {
                assert!(tree.remove_child(&id.into()), "{id} of round {round}");
            }
            while !tree.is_empty() {
                tokio::task::yield_now().await;
            }
        }
        over.store(true, Ordering::Relaxed);
        let seen = watcher.expect("the system gives a thread").join();
        assert!(seen.expect("no child was without its parent") > 5);
    });
}
