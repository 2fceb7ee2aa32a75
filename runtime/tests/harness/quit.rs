//! Ends the runtime that it is started in.

use std::time::Duration;

use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Leaf};

pub(crate) struct Quit;

impl Actor for Quit {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        if let Some(runtime) = cx.runtime() {
            runtime.stop();
        }
        Ok(())
    }
}

pub(crate) fn quit_when_started(id: &'static str) -> Leaf<Quit> {
    ChildSpec::leaf(id, || Quit)
}

/// Makes the root panic, and ends the runtime while the root rests.
pub(crate) struct QuitAfterACrash;

impl Actor for QuitAfterACrash {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        if let Some(runtime) = cx.runtime().cloned() {
            let quit = async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if let Some(root) = runtime.registry().find("root") {
                    root.inject_panic();
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                runtime.stop();
            };
            cx.pipe(quit, |_, (), _| {});
        }
        Ok(())
    }
}

pub(crate) fn quit_after_a_crash_of_the_root(id: &'static str) -> Leaf<QuitAfterACrash> {
    ChildSpec::leaf(id, || QuitAfterACrash)
}
