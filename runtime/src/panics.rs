//! Catching panics, with their text and place, and without the default hook's output.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use crate::exit::Panic;
use crate::trace::TraceContext;

thread_local! {
    /// How many guarded calls this thread is inside of.
    static GUARDED: Cell<u32> = const { Cell::new(0) };
    /// The panic that is unwinding, left by the hook for the guard: its place, and the trace of the
    /// work at hand, which is left while it unwinds. Its text is for destructors.
    static LAST: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// Installs the process-wide hook, once, chained before the one that is there: panics under a
/// guard are recorded and stay silent (whoever catches them says what happened); all others go on
/// to the earlier hook.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let earlier = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if GUARDED.try_with(Cell::get).unwrap_or(0) == 0 {
                earlier(info);
                return;
            }
            let place = info.location().map(ToString::to_string).unwrap_or_default().into();
            let text = info.payload_as_str().unwrap_or(NO_TEXT).into();
            // Not that of a span within it: what panics may be what keeps those.
            let panic = Panic { text, place, trace: TraceContext::entered() };
            // A panic inside a panic's own destructors may find the cell borrowed; it aborts anyway.
            let _ = LAST.try_with(|cell| {
                if let Ok(mut cell) = cell.try_borrow_mut() {
                    *cell = Some(panic);
                }
            });
        }));
    });
}

struct Depth;

impl Depth {
    fn enter() -> Self {
        GUARDED.set(GUARDED.get() + 1);
        Self
    }
}

impl Drop for Depth {
    fn drop(&mut self) {
        GUARDED.set(GUARDED.get() - 1);
    }
}

/// Runs `f` and contains a panic in it.
///
/// # Errors
/// The panic's text and place, if `f` panicked.
pub(crate) fn guarded<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    let depth = Depth::enter();
    let result = catch_unwind(AssertUnwindSafe(f));
    drop(depth);
    result.map_err(|payload| {
        let text = text_of(payload.as_ref());
        let last = LAST.take();
        let trace = last.as_ref().and_then(|panic| panic.trace);
        let place = last.map_or_else(|| "".into(), |panic| panic.place);
        // The payload is the panicking code's own value: its destructor may panic in turn.
        dispose(payload);
        Panic { text, place, trace }
    })
}

/// In a destructor: the panic that unwinds this thread.
pub(crate) fn unwinding() -> Option<Panic> {
    if !std::thread::panicking() {
        return None;
    }
    LAST.try_with(|cell| cell.try_borrow().ok().and_then(|panic| panic.clone())).ok().flatten()
}

/// Runs `f` and contains a panic in it, on any thread: for what runs outside of every actor. The
/// panic is not logged; whoever contains it says what happened.
///
/// # Errors
/// The panic's text and place, if `f` panicked.
pub fn contain<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    // No runtime may have been there yet to do it.
    install_hook();
    guarded(f)
}

/// Drops `value` and contains a panic in its destructor.
///
/// # Errors
/// The panic, if there was one. A second one, while the first unwinds, ends the process: the
/// language's rule, and beyond any supervisor inside the process.
pub(crate) fn guarded_drop<T>(value: T) -> Result<(), Panic> {
    guarded(move || drop(value))
}

/// For a payload that is no string.
const NO_TEXT: &str = "(no text)";

fn text_of(payload: &(dyn Any + Send)) -> Arc<str> {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).into()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.as_str().into()
    } else {
        NO_TEXT.into()
    }
}

fn dispose(payload: Box<dyn Any + Send>) {
    let depth = Depth::enter();
    let again = catch_unwind(AssertUnwindSafe(move || drop(payload)));
    drop(depth);
    if let Err(second) = again {
        // A payload whose destructor panics with a payload of the same kind has no end; leak it.
        std::mem::forget(second);
    }
}
