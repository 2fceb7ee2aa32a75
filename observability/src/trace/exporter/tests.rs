use std::net::TcpListener;
use std::sync::mpsc;

use parking_lot::Mutex;
use tokio::sync::broadcast;
use trunkline_runtime::{
    Address, Ended, Event, Flags, Handles, Message, Reply, Restart, Runtime, StartError, Strategy,
};

use super::*;
use crate::trace::collector::Protocol;
use crate::trace::resource;
use crate::trace::testing::Many;

/// How long a test may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Makes the actor's thread panic.
struct Blow;

impl Message for Blow {
    type Answer = ();
}

impl Handles<Blow> for SpansActor {
    fn handle(&mut self, _: Blow, reply: Reply<()>, _: &mut Context<'_, Self>) {
        self.orders.as_ref().unwrap().send_replace(Order::Panic);
        reply.send(());
    }
}

struct Universe {
    runtime: Runtime,
    exporter: Exporter,
    actor: Address<SpansActor>,
    events: broadcast::Receiver<Event>,
}

impl Universe {
    /// Crashes the actor, or its thread below it, and waits for the next incarnation.
    async fn crash(&mut self, thread: bool) {
        if thread {
            self.actor.ask(Blow, LIMIT).await.unwrap();
        } else {
            self.runtime.registry().find("server/spans").unwrap().inject_panic();
        }
        self.see("exited").await;
        self.see("started").await;
    }

    /// Waits until the exporter's actor goes through `name`.
    async fn see(&mut self, name: &str) {
        loop {
            let event = self.events.recv().await.unwrap();
            if event.node.path() == "server/spans" && event.what.name() == name {
                return;
            }
        }
    }
}

/// The child in which a test's body runs.
struct Body<F> {
    future: Option<F>,
    runtime: Runtime,
}

impl<F: Future<Output = ()> + 'static> Actor for Body<F> {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let body = tokio::time::timeout(LIMIT, self.future.take().unwrap());
        cx.run(async move { Ok(body.await?) });
        Ok(())
    }
}

impl<F> Drop for Body<F> {
    fn drop(&mut self) {
        self.runtime.stop();
    }
}

/// Runs `body` beside an exporter, and stops the tree when it is over.
fn run<F>(export: Export, body: impl FnOnce(Universe) -> F + Send + 'static) -> Exporter
where
    F: Future<Output = ()> + 'static,
{
    let exporter = Exporter::new(export).unwrap();
    let (done, over) = mpsc::channel();
    let (leaf, actor) = exporter.leaf().build();
    let builder = Runtime::builder().workers(0).watchdog(None);
    let ended = builder.run("server", Flags::new(Strategy::OneForOne), |runtime, root| {
        let universe = Universe {
            runtime: runtime.clone(),
            exporter: exporter.clone(),
            actor,
            events: runtime.events().subscribe(),
        };
        let once = Mutex::new(Some(move || async move {
            body(universe).await;
            done.send(()).unwrap();
        }));
        let runtime = runtime.clone();
        let body = ChildSpec::leaf("body", move || Body {
            future: Some((once.lock().take().unwrap())()),
            runtime: runtime.clone(),
        });
        Ok::<_, StartError>(root.child(leaf).child(body.restart(Restart::Temporary)))
    });
    assert_eq!(ended.unwrap(), Ended::Shutdown);
    over.try_recv().expect("the body came to its end");
    assert!(exporter.counts().add_up());
    exporter
}

fn export() -> Export {
    let resource = resource("test", &[]);
    Export { queue: 10_000, keep: 100, trace_file: None, collector: None, resource }
}

#[test]
fn what_ended_before_the_start_and_until_the_stop_is_exported() {
    let exporter = run(export(), |universe| async move {
        universe.exporter.spans().finish(Box::new(Many(3)));
    });
    exporter.spans().finish(Box::new(Many(2)));
    let counts = exporter.counts();
    assert_eq!((counts.exported, counts.dropped.shutdown), (3, 2));
    assert_eq!(exporter.memory().unwrap().newest(10).len(), 1);
}

#[test]
fn a_crash_keeps_the_queue_the_memory_and_the_counts() {
    for thread in [true, false] {
        let exporter = run(export(), move |mut universe| async move {
            universe.exporter.spans().finish(Box::new(Many(3)));
            universe.crash(thread).await;
            universe.exporter.spans().finish(Box::new(Many(4)));
        });
        let counts = exporter.counts();
        assert_eq!((counts.ended, counts.exported), (7, 7));
        assert_eq!(exporter.memory().unwrap().newest(10).len(), 2);
    }
}

#[test]
fn what_was_under_way_when_it_crashed_is_counted_as_that() {
    for thread in [true, false] {
        // Takes connections, and never answers.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let collector = Collector {
            endpoint: format!("http://{}", silent.local_addr().unwrap()),
            protocol: Protocol::Http,
            timeout: Duration::from_secs(60),
            headers: Vec::new(),
        };
        let export = Export { collector: Some(collector), ..export() };
        let exporter = run(export, move |mut universe| async move {
            universe.exporter.spans().finish(Box::new(Many(600)));
            // The connection is the sign that the batch is under way.
            let accepted = tokio::task::spawn_blocking(move || silent.accept().map(|_| silent));
            let silent = accepted.await.unwrap().unwrap();
            universe.crash(thread).await;
            // The thread of an actor that has crashed ends a moment after it.
            while universe.exporter.counts().waiting > 0 {
                tokio::task::yield_now().await;
            }
            drop(silent);
        });
        let counts = exporter.counts();
        assert_eq!((counts.ended, counts.dropped.crashed), (600, 600));
    }
}

#[test]
fn a_collector_that_can_never_be_spoken_to_is_refused_at_once() {
    let collector = Collector {
        endpoint: "https://collector:4318/v1/traces".into(),
        protocol: Protocol::Http,
        timeout: Duration::from_secs(1),
        headers: Vec::new(),
    };
    let refused = Exporter::new(Export { collector: Some(collector), ..export() });
    assert!(matches!(refused, Err(CollectorError::NotHttp(_))));
}
