//! A piece of work: what it takes to run it, to account for it, and to answer.

use tokio::sync::oneshot;
use tracing::error;
use trunkline_runtime::{Panic, contain, panic_log};

/// What is left to do with work that has run, when its place is free again.
pub(super) struct Done {
    pub(super) panic: Option<Panic>,
    pub(super) answer: Box<dyn FnOnce() + Send>,
}

/// Never panics when it is called: a panic is part of what it returns.
pub(super) type Work = Box<dyn FnOnce() -> Done + Send>;

/// `work`, and the answer to whoever waits for it.
pub(super) fn boxed<F, T>(work: F, answer: oneshot::Sender<Result<T, Panic>>) -> Work
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Box::new(move || {
        let outcome = match contain(work) {
            // A result that nobody waits for is dropped while the work has its place: that may
            // block as well.
            Ok(value) if answer.is_closed() => contain(|| drop(value)).map(|()| None),
            outcome => outcome.map(Some),
        };
        let panic = outcome.as_ref().err().cloned();
        let answer = move || {
            // Whoever asked may have stopped waiting in between.
            let unheard = outcome.transpose().and_then(|outcome| answer.send(outcome).err());
            if let Err(panic) = contain(|| drop(unheard)) {
                log(&panic);
            }
        };
        Done { panic, answer: Box::new(answer) }
    })
}

/// Writes one line about a panic, within the bound of the process on such lines.
pub(super) fn log(panic: &Panic) {
    if let Some(suppressed) = panic_log::permit() {
        error!(
            panic = &*panic.text,
            place = %panic.place,
            suppressed,
            "blocking work panicked"
        );
    }
}
