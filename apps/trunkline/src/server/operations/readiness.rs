//! Whether the server should get traffic.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;
use trunkline_actors::pool::{Member, Pool};
use trunkline_actors::socket::Sockets;
use trunkline_runtime::{Node, Runtime, Status};

use super::Operator;

/// The listeners of the configuration, by name.
pub(super) struct Listeners {
    all: Vec<Listener>,
}

struct Listener {
    name: String,
    sockets: Arc<Sockets>,
    /// Its supervisor. It stays the same node whatever happens to the actor.
    node: OnceLock<Arc<Node>>,
}

impl Listeners {
    pub(super) fn new(sockets: &HashMap<String, Arc<Sockets>>) -> Self {
        let listener = |(name, sockets): (&String, &Arc<Sockets>)| Listener {
            name: name.clone(),
            sockets: Arc::clone(sockets),
            node: OnceLock::new(),
        };
        let mut all: Vec<_> = sockets.iter().map(listener).collect();
        all.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        Self { all }
    }
}

impl Listener {
    fn unready(&self, runtime: &Runtime) -> Option<String> {
        let Self { name, .. } = self;
        if !self.sockets.is_open() {
            return Some(format!("listener {name} is not bound"));
        }
        (self.status(runtime) != Some(Status::Running))
            .then(|| format!("listener {name} is not running"))
    }

    fn status(&self, runtime: &Runtime) -> Option<Status> {
        if self.node.get().is_none() {
            let found = runtime.registry().find(&format!("server/traffic/listeners/{}", self.name));
            // Of two who look at once, both have found the same.
            let _ = found.map(|node| self.node.set(node));
        }
        self.node.get().map(|node| node.status())
    }
}

/// Why the server should get no traffic; none where it should.
pub(super) fn reasons(operator: &Operator) -> Vec<String> {
    let mut reasons = Vec::new();
    if operator.orders.is_leaving() || operator.runtime.is_stopping() {
        reasons.push("the server is stopping".to_owned());
    }
    let listeners = operator.listeners.all.iter();
    reasons.extend(listeners.filter_map(|listener| listener.unready(&operator.runtime)));
    let now = Instant::now();
    for name in operator.directory.pools() {
        let unready = operator.directory.with_pool(&name, |listed| {
            if !listed.supervisor.is_up() {
                return Some(format!("pool {name} is not running"));
            }
            (!can_serve(&listed.pool, now))
                .then(|| format!("pool {name} has no backend that is up"))
        });
        reasons.extend(unready.flatten());
    }
    reasons
}

/// Whether somebody who came now would get a backend. One that is down counts once its trial is due:
/// where there are no probes nothing but traffic could find out that it is back, and who waits for
/// this server to be ready sends none.
fn can_serve(pool: &Pool, now: Instant) -> bool {
    let current = pool.current();
    // In a panic those that are ejected serve as well.
    let panics = current.settings().panic > 0;
    let is_in = |member: &Member| {
        !member.draining
            && member.backend.serves(now)
            && (panics || !member.backend.is_ejected(now))
    };
    current.members().any(is_in)
}

#[cfg(test)]
mod tests {
    use trunkline_actors::backend::Backend;
    use trunkline_actors::backend::health::HealthPolicy;
    use trunkline_actors::pool::PoolSettings;

    use super::*;

    #[tokio::test]
    async fn a_backend_whose_trial_is_due_can_serve() {
        let now = Instant::now();
        let wait = std::time::Duration::from_secs(1);
        let policy = HealthPolicy { fall: 1, probe_fall: 1, rise: 1, retry_after: wait };
        let backend = Arc::new(Backend::new(([127, 0, 0, 1], 1).into(), None, policy));
        let members = vec![Member::new(Arc::clone(&backend))];
        let pool = Pool::new("p", PoolSettings::default(), members);
        backend.probe_failed(now);
        assert!(!can_serve(&pool, now));
        assert!(can_serve(&pool, now + wait));
    }

    #[tokio::test]
    async fn a_pool_can_serve_while_one_of_its_members_is_neither_down_nor_drained() {
        let now = Instant::now();
        let policy = HealthPolicy {
            fall: 1,
            probe_fall: 1,
            rise: 1,
            retry_after: std::time::Duration::from_secs(1),
        };
        let backend =
            |port: u16| Arc::new(Backend::new(([127, 0, 0, 1], port).into(), None, policy));
        let (one, two) = (backend(1), backend(2));
        let pool = |members| Pool::new("p", PoolSettings::default(), members);
        let both = pool(vec![Member::new(Arc::clone(&one)), Member::new(Arc::clone(&two))]);
        assert!(can_serve(&both, now));
        one.probe_failed(now);
        assert!(can_serve(&both, now));
        two.probe_failed(now);
        assert!(!can_serve(&both, now));
        two.probe_passed(now);
        assert!(can_serve(&both, now));
        let drained = Member { draining: true, ..Member::new(two) };
        assert!(!can_serve(&pool(vec![drained]), now));
        assert!(!can_serve(&pool(Vec::new()), now));
    }
}
