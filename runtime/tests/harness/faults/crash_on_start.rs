//! Panics in `started`, until it has done so a number of times.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Leaf};

pub(crate) struct CrashOnStart(Arc<AtomicU32>);

impl Actor for CrashOnStart {
    fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        let left = self.0.load(Ordering::Relaxed);
        assert_eq!(left, 0, "no start before {left} more");
        Ok(())
    }
}

/// Crashes `times` times, then is well.
pub(crate) fn crash_on_start(id: &'static str, times: u32) -> Leaf<CrashOnStart> {
    let left = Arc::new(AtomicU32::new(times + 1));
    ChildSpec::leaf(id, move || {
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            Some(left.saturating_sub(1))
        })
        .expect("the closure never declines");
        CrashOnStart(Arc::clone(&left))
    })
}
