//! Actors that a connection starts for itself, and work that blocks.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::codec::LinesCodec;
use trunkline_runtime::{Actor, Address, ChildSpec, Context, Failure, Handles, Message, Reply};

use super::rig::{Bomb, Journal, seconds};
use crate::protocol::testing::{TestConnection, TestPeer};
use crate::protocol::{Closed, Crash, Cx, Error, Next, Peer, Protocol, Receive, Result};

/// A child: counts, crashes, and talks to its connection.
struct Child {
    _bomb: Bomb,
    fails: bool,
    count: u32,
}

enum Order {
    Count(crate::protocol::Connection<Parent>),
    Panic,
    Stop,
}

impl Message for Order {
    type Answer = ();
}

impl Actor for Child {
    fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        if self.fails { Err(Failure::new("as told")) } else { Ok(()) }
    }
}

impl Handles<Order> for Child {
    fn handle(&mut self, order: Order, reply: Reply<()>, cx: &mut Context<'_, Self>) {
        self.count += 1;
        match order {
            Order::Count(connection) => drop(connection.send(Counted(self.count))),
            Order::Panic => panic!("as told"),
            Order::Stop => cx.stop(),
        }
        reply.send(());
    }
}

struct Counted(u32);

impl Message for Counted {
    type Answer = ();
}

/// Starts children, and does with them what it is told.
struct Parent {
    journal: Journal,
    /// Of all incarnations.
    children: Mutex<Vec<Address<Child>>>,
}

impl Parent {
    fn spawn(&self, cx: &mut Cx<Self>, id: u64, fails: bool) -> Result<()> {
        let journal = self.journal.clone();
        let child = move || {
            let bomb = Bomb { journal: journal.clone(), line: "child gone", armed: false };
            Child { _bomb: bomb, fails, count: 0 }
        };
        self.children.lock().push(cx.spawn_child(ChildSpec::leaf(id, child))?);
        Ok(())
    }

    fn tell(&self, order: Order) -> Result<()> {
        let child = self.children.lock().last().cloned();
        let child = child.ok_or_else(|| Error::new("there is no child"))?;
        child.send(order).map_err(|_| Error::new("the child takes no order"))
    }
}

impl Protocol for Parent {
    type Codec = LinesCodec;
    type State = ();

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) {}

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        match line.as_str() {
            "panic" => panic!("as told"),
            "spawn" => self.spawn(cx, 1, false)?,
            "spawn failing" => self.spawn(cx, 1, true)?,
            "spawn many" => {
                let spawned = (0..300).take_while(|id| self.spawn(cx, *id, false).is_ok()).count();
                cx.send(format!("{spawned} children")).await?;
            }
            "count" => self.tell(Order::Count(cx.connection()))?,
            "child panic" => self.tell(Order::Panic)?,
            "child stop" => self.tell(Order::Stop)?,
            "wait" => std::future::pending().await,
            "block" => {
                let four = cx.blocking(|| 2 + 2).await?;
                cx.send(format!("{four}")).await?;
            }
            "block and panic" => {
                let outcome = cx.blocking(|| panic!("as told, on a thread")).await;
                let error = outcome.err().map(|error| error.to_string()).unwrap_or_default();
                cx.send(if error.contains("panicked at") { "panicked" } else { "?" }).await?;
            }
            _ => return Ok(Next::Close),
        }
        Ok(Next::Read)
    }

    async fn recovered(&self, cx: &mut Cx<Self>, _: &Crash) -> Result<Next> {
        cx.send("error").await?;
        Ok(Next::Read)
    }

    async fn close(&self, _: &mut Cx<Self>, closed: Closed) {
        self.journal.write(closed.name());
    }
}

impl Receive<Counted> for Parent {
    async fn receive(&self, cx: &mut Cx<Self>, Counted(count): Counted) -> Result<Next> {
        cx.send(format!("count {count}")).await?;
        Ok(Next::Read)
    }
}

fn run<T>(test: T) -> Journal
where
    T: AsyncFnOnce(&mut TestPeer<Parent>) + Send + 'static,
{
    let journal = Journal::default();
    let parent = Parent { journal: journal.clone(), children: Mutex::default() };
    TestConnection::new(parent).run(test);
    journal
}

const CHILD: &str = "test/connections/1/1";

#[test]
fn a_child_hangs_below_its_connection_and_talks_to_it() {
    run(async |peer| {
        peer.send("spawn\ncount\ncount\n").await;
        peer.expect("count 1\ncount 2\n").await;
        assert!(peer.tree().get(CHILD).is_some());
    });
}

#[test]
fn a_child_that_crashes_is_restarted_and_its_connection_does_not_notice() {
    run(async |peer| {
        peer.send("spawn\ncount\nchild panic\ncount\n").await;
        peer.expect("count 1\ncount 1\n").await;
        assert_eq!(peer.tree().get(CHILD).map(|child| child.generation), Some(2));
        assert_eq!(peer.restarts(), 0);
    });
}

#[test]
fn a_child_is_restarted_while_a_hook_waits() {
    run(async |peer| {
        peer.send("spawn\nchild panic\nwait\n").await;
        peer.advance(seconds(1)).await;
        assert_eq!(peer.tree().get(CHILD).map(|child| child.generation), Some(2));
    });
}

#[test]
fn a_child_that_crashes_too_often_closes_its_connection() {
    for rest in ["", "wait\n"] {
        let journal = run(async move |peer| {
            peer.send("spawn failing\n".to_owned() + rest).await;
            assert_eq!(peer.expect_end().await, Closed::ChildrenFailed);
            peer.end().await;
            peer.settle().await;
            assert!(peer.tree().nodes().iter().all(|node| !node.path.contains("connections/")));
        });
        assert_eq!(journal.count("children_failed"), 1);
    }
}

#[test]
fn a_child_ends_with_its_connection() {
    let journal = run(async |peer| {
        peer.send("spawn\ncount\n").await;
        peer.expect("count 1\n").await;
        peer.send("end\n").await;
        assert_eq!(peer.expect_end().await, Closed::ByHandler);
        peer.settle().await;
        assert!(peer.tree().get(CHILD).is_none());
    });
    assert_eq!(journal.count("child gone"), 1);
}

#[test]
fn a_child_ends_with_a_connection_that_is_killed() {
    let journal = run(async |peer| {
        peer.send("spawn\ncount\n").await;
        peer.expect("count 1\n").await;
        peer.send("wait\n").await;
        peer.settle().await;
        peer.stop();
        peer.advance(seconds(3700)).await;
        peer.expect_cut().await;
        peer.settle().await;
        assert!(peer.tree().get(CHILD).is_none());
    });
    assert_eq!(journal.count("child gone"), 1);
}

#[test]
fn a_child_ends_with_the_handler_that_crashed_and_the_next_one_starts_its_own() {
    let journal = run(async |peer| {
        peer.send("spawn\ncount\n").await;
        peer.expect("count 1\n").await;
        peer.send("panic\nspawn\ncount\n").await;
        peer.expect("error\ncount 1\n").await;
        let nodes = peer.tree();
        let children = nodes.nodes().iter().filter(|node| node.path == CHILD);
        assert_eq!(children.count(), 1);
    });
    assert_eq!(journal.count("child gone"), 2);
}

#[test]
fn a_connection_may_have_256_children_and_an_id_once() {
    run(async |peer| {
        peer.send("spawn many\n").await;
        peer.expect("256 children\n").await;
        peer.send("end\n").await;
        peer.expect_end().await;
    });
    run(async |peer| {
        peer.send("spawn\nspawn\n").await;
        peer.expect("error\n").await;
    });
}

#[test]
fn work_that_blocks_gives_its_result_and_a_panic_in_it_is_an_error() {
    run(async |peer| {
        peer.send("block\nblock and panic\n").await;
        peer.expect("4\npanicked\n").await;
        assert_eq!(peer.restarts(), 0);
    });
}

/// Blocks until it is let go.
struct Blocked(Arc<std::sync::Barrier>);

impl Protocol for Blocked {
    type Codec = LinesCodec;
    type State = ();

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) {}

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        if line == "go" {
            self.0.wait();
        } else {
            let barrier = Arc::clone(&self.0);
            cx.blocking(move || barrier.wait().is_leader()).await?;
        }
        cx.send(line).await?;
        Ok(Next::Read)
    }
}

#[test]
fn work_that_blocks_holds_up_nobody_else() {
    let barrier = Arc::new(std::sync::Barrier::new(2));
    TestConnection::new(Blocked(barrier)).run(async |peer| {
        let mut other = peer.another().await;
        peer.send("block\n").await;
        other.send("go\n").await;
        other.expect("go\n").await;
        peer.expect("block\n").await;
    });
}
