//! What operators do to a child by its path: restart, kill, suspend, resume.

mod killing;
mod refusing;
mod restarting;
mod resuming;
mod suspending;

use trunkline_runtime::{Flags, OnSpent, Status, Strategy};

use crate::harness::{Universe, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

/// One restart in ten seconds, then the supervisor is parked as a whole.
const PARKING: Flags = PLAIN.intensity(1, seconds(10)).on_spent(OnSpent::Park);

/// One restart in ten seconds, then the child is parked alone.
const PARKING_CHILD: Flags = PLAIN.intensity(1, seconds(10)).on_spent(OnSpent::ParkChild);

impl Universe {
    fn status(&self, path: &str) -> Option<Status> {
        self.view(path).map(|node| node.state)
    }

    /// Suspends what is at `path` below the root, and waits until it is.
    async fn suspend(&self, path: &str) {
        assert_eq!(self.runtime.suspend(&format!("root/{path}")), Ok(()));
        self.saw(path, "suspended").await;
    }
}
