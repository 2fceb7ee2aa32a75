//! `expirer`: removes keys whose time is over, though nobody asks for them.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;
use trunkline::{Actor, ChildSpec, Context, Failure, Leaf, Timer};

use crate::store::Store;

/// How often it looks: a tenth of a second, as redis does by default.
pub const PERIOD: Duration = Duration::from_millis(100);

/// Looks at some keys of the store every [`PERIOD`]. It keeps nothing, so a crash costs one look.
#[derive(Debug)]
pub struct Expirer {
    store: Store,
    rng: Rng,
    timer: Option<Timer>,
}

impl Expirer {
    /// The specification of the actor, for a supervisor.
    pub fn spec(store: Store) -> Leaf<Self> {
        let expirer = move || Self { store: store.clone(), rng: Rng::new(), timer: None };
        ChildSpec::leaf("expirer", expirer)
    }
}

impl Actor for Expirer {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.timer = Some(cx.every(PERIOD, |expirer, _| {
            expirer.store.expire(Instant::now(), &mut expirer.rng);
        }));
        Ok(())
    }
}
