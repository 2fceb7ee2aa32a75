//! `blocking`: owns the threads for work that blocks.

use std::sync::Arc;

use tokio::runtime::Handle;
use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Stopping, is_crash};

use crate::blocking::Blocking;

/// The child `blocking`, on the control thread, whose runtime has the threads.
///
/// While it is being restarted after a crash, running work goes on and queued work waits. Asked to
/// stop, it takes no more work and waits for what runs, within its grace.
#[must_use]
pub fn spec(blocking: &Arc<Blocking>) -> ChildSpec {
    let owner = Owner(Arc::clone(blocking));
    ChildSpec::leaf("blocking", move || owner.incarnation()).into()
}

/// Lives as long as the child may be restarted.
struct Owner(Arc<Blocking>);

impl Owner {
    fn incarnation(&self) -> BlockingActor {
        BlockingActor { blocking: Arc::clone(&self.0) }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // No incarnation follows that would open it, not even if the last one crashed.
        self.0.stop();
    }
}

/// One tenure over the pool's threads.
struct BlockingActor {
    blocking: Arc<Blocking>,
}

impl Actor for BlockingActor {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::clone(&self.blocking) as _);
        self.blocking.open(&Handle::try_current()?)?;
        Ok(())
    }

    fn stopping(&mut self, cx: &mut Context<'_, Self>) -> Stopping {
        self.blocking.stop();
        if self.blocking.running() == 0 {
            return Stopping::Done;
        }
        let blocking = Arc::clone(&self.blocking);
        cx.pipe(async move { blocking.rested().await }, |_, (), cx| cx.stop());
        Stopping::Wait
    }
}

impl Drop for BlockingActor {
    fn drop(&mut self) {
        if is_crash() {
            self.blocking.pause();
        } else {
            self.blocking.stop();
        }
    }
}

#[cfg(test)]
mod tests;
