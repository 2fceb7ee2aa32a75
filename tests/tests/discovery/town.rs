//! A resolver, a pool and a listener that forwards to it, with the test's body beside them.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use trunkline_actors::backend::Backend;
use trunkline_actors::backend::health::HealthPolicy;
use trunkline_actors::directory::Directory;
use trunkline_actors::discovery::{Origin, Pace, SourcePlan};
use trunkline_actors::handler::{Forwarding, Upstreams};
use trunkline_actors::pool::PoolSettings;
use trunkline_actors::socket::{ListenOptions, Sockets, TcpOptions};
use trunkline_actors::tree::listener::ListenerPlan;
use trunkline_actors::tree::pool::{PoolActor, PoolPlan, SourceFile};
use trunkline_actors::tree::resolver::{self, ResolverSettings};
use trunkline_actors::tree::{self, Supervision};
use trunkline_runtime::{
    Actor, Address, ChildSpec, Context, Ended, Failure, Flags, Restart, Runtime, StartError,
    Strategy,
};

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(20);

pub(crate) const PACE: Pace =
    Pace { shortest: Duration::from_millis(20), longest: Duration::from_millis(200) };

/// How long a connection that is told to end may take.
const GRACE: Duration = Duration::from_millis(200);

/// What a test's body has to do with.
pub(crate) struct Town {
    pub(crate) runtime: Runtime,
    directory: Arc<Directory>,
    /// Where the listener is, which forwards to the pool.
    pub(crate) address: SocketAddr,
}

impl Town {
    /// The cells of the pool's members.
    pub(crate) fn cells(&self) -> BTreeMap<SocketAddr, Arc<Backend>> {
        let cells = self.directory.with_pool("web", |listed| {
            let current = listed.pool.current();
            let cells = current.members().map(|member| Arc::clone(&member.backend));
            cells.map(|cell| (cell.address(), cell)).collect()
        });
        cells.expect("there is the pool")
    }

    pub(crate) fn actor(&self) -> Address<PoolActor> {
        self.directory.with_pool("web", |listed| listed.actor.clone()).expect("there is the pool")
    }

    /// Each member in short: address, weight, and what else is of note.
    pub(crate) fn members(&self) -> Vec<String> {
        let members = self.directory.with_pool("web", |listed| {
            let current = listed.pool.current();
            let one = |member: &trunkline_actors::pool::Member| {
                let draining = if member.draining { " draining" } else { "" };
                let (weight, rank) = (member.weight.get(), member.priority);
                format!("{} {weight} {rank}{draining}", member.backend.address())
            };
            let mut members: Vec<_> = current.members().map(one).collect();
            members.sort();
            members
        });
        members.expect("there is the pool")
    }

    /// The backends that have children in the tree.
    fn children(&self) -> Vec<String> {
        let tree = self.runtime.registry().tree();
        let under = tree.nodes().iter().filter_map(|node| {
            let id = node.path.strip_prefix("root/traffic/pools/web/")?;
            id.parse::<SocketAddr>().is_ok().then(|| id.to_owned())
        });
        under.collect()
    }

    /// Waits until the pool has these members, each with children in the tree and nobody else.
    pub(crate) async fn comes_to(&self, members: &[&str]) {
        let mut addresses: Vec<_> =
            members.iter().filter_map(|member| member.split(' ').next()).collect();
        addresses.sort_unstable();
        self.until(&format!("{members:?}"), || {
            let mut children = self.children();
            children.sort();
            self.members() == members && children == addresses
        })
        .await;
    }

    pub(crate) async fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let waited = tokio::time::timeout(LIMIT / 2, async {
            while !is_so() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        if waited.await.is_err() {
            panic!("it never came to {what}: {:?}, {:?}", self.members(), self.children());
        }
    }

    /// Lets the pool ask so often again.
    pub(crate) async fn asks_again(&self, server: &trunkline_tests::dns::NameServer, times: usize) {
        let so_far = server.asked();
        self.until("further questions", || server.asked() >= so_far + times).await;
    }
}

pub(crate) fn host(name: &str) -> SourcePlan {
    SourcePlan::new(Origin::Host { name: name.into(), port: 80 })
}

pub(crate) fn literal(address: &str) -> SourcePlan {
    SourcePlan::new(Origin::Address(address.parse().expect("an address")))
}

/// A file whose lines are addresses, as the loader of the program reads its own form.
pub(crate) fn lines(path: PathBuf) -> SourceFile {
    let file = path.clone();
    let load = move || {
        let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
        let each = |line: &str| {
            let address = line.parse().map_err(|error| format!("{line}: {error}"))?;
            Ok(SourcePlan::new(Origin::Address(address)))
        };
        text.lines().map(each).collect()
    };
    SourceFile { path, load: Box::new(load) }
}

/// Runs a body beside a pool of these sources.
pub(crate) fn live<F>(
    servers: Vec<SocketAddr>,
    sources: Vec<SourcePlan>,
    file: Option<SourceFile>,
    body: impl FnOnce(Town) -> F + Send + 'static,
) where
    F: Future<Output = ()> + 'static,
{
    let flags = Flags::new(Strategy::OneForOne);
    let options = ListenOptions { backlog: 16, tcp: TcpOptions::default() };
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let sockets = Sockets::bind(any, NonZeroUsize::MIN, options).expect("a port is free");
    let outcome = Arc::new(Mutex::new(None));
    let told = Arc::clone(&outcome);
    let ended = Runtime::builder().workers(1).run("root", flags, |runtime, root| {
        let settings = ResolverSettings {
            servers,
            timeout: Duration::from_millis(300),
            attempts: NonZeroU32::MIN,
        };
        let (resolver_spec, resolver) = resolver::spec(settings);
        let directory = Arc::<Directory>::default();
        let second = Duration::from_secs(1);
        let plan = PoolPlan {
            name: "web".into(),
            settings: PoolSettings::default(),
            health: HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: second },
            probe: None,
            pace: PACE,
            sources,
            file,
            zone: None,
            resolver,
        };
        let supervision = Supervision::default();
        let sockets = Arc::new(sockets);
        let address = sockets.local_addr();
        let traffic =
            tree::traffic(&supervision, 1, &directory, vec![plan], |directory, routers| {
                let (directory, routers) = (Arc::clone(directory), Arc::clone(routers));
                let upstreams =
                    Upstreams { directory, routers, idle: None, tcp: TcpOptions::default() };
                vec![ListenerPlan {
                    name: "front".into(),
                    sockets,
                    handler: Arc::new(Forwarding { pool: "web".into(), upstreams }),
                    limit: None,
                    process_places: Arc::new(Semaphore::new(100)),
                    drain: GRACE,
                    log: false,
                }]
            });
        let town = Town { runtime: runtime.clone(), directory, address };
        let body = Mutex::new(Some(move || body(town)));
        let leaf = ChildSpec::leaf("body", move || Body {
            future: body.lock().take().map(|body| body()),
            told: Arc::clone(&told),
        });
        let leaf = leaf.restart(Restart::Temporary);
        Ok::<_, StartError>(root.child(resolver_spec).child(traffic).child(leaf))
    });
    assert_eq!(ended.expect("the tree starts"), Ended::Shutdown);
    assert_eq!(*outcome.lock(), Some(()), "the body did not come to its end");
}

struct Body<F> {
    future: Option<F>,
    told: Arc<Mutex<Option<()>>>,
}

impl<F: Future<Output = ()> + 'static> Actor for Body<F> {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let runtime = cx.runtime().cloned().expect("a body lives in a tree");
        let end = End(runtime);
        let body = self.future.take().expect("a body runs once");
        let told = Arc::clone(&self.told);
        cx.run(async move {
            let _end = end;
            tokio::time::timeout(LIMIT, body)
                .await
                .map_err(|_| Failure::new("it took too long"))?;
            *told.lock() = Some(());
            Ok(())
        });
        Ok(())
    }
}

/// Ends the runtime when the body ends, however that is.
struct End(Runtime);

impl Drop for End {
    fn drop(&mut self) {
        self.0.stop();
    }
}
