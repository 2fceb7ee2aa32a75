//! Misbehaviour, one kind per file.

pub(crate) mod crash_on_nth;
pub(crate) mod crash_on_start;
pub(crate) mod fail_on_start;
pub(crate) mod hang;
pub(crate) mod never_ready;
pub(crate) mod never_stop;
pub(crate) mod panic_in_drop;
pub(crate) mod panic_in_factory;
pub(crate) mod panic_in_future;
pub(crate) mod panic_in_stopped;
pub(crate) mod panic_in_stopping;
pub(crate) mod panic_in_stream;
pub(crate) mod panic_in_timer;
pub(crate) mod slow_stop;
