//! What an actor is to this runtime.

use crate::context::Context;
use crate::exit::{ExitReason, Failure};

/// Whether an actor that was asked to stop is done, or needs a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopping {
    /// It stops now.
    Done,
    /// It goes on working, and calls [`Context::stop`] when it is done; its grace runs.
    Wait,
}

/// A supervised actor: its state, and what it does at the turns of its life.
///
/// Every hook may panic; the panic is contained, recorded, and answered by its supervisor. The
/// state is built anew for each incarnation; what must outlive one belongs into a cell that the
/// factory shares.
pub trait Actor: Sized + 'static {
    /// The first thing an incarnation does. Mail is handled only after it.
    ///
    /// # Errors
    /// An error counts as a crash: the supervisor backs off and tries again.
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let _ = cx;
        Ok(())
    }

    /// The supervisor asks it to stop. Not called when it stops by itself, crashes or is killed.
    fn stopping(&mut self, cx: &mut Context<'_, Self>) -> Stopping {
        let _ = cx;
        Stopping::Done
    }

    /// The last thing an incarnation does that ends in good order: normally, asked to, or failed
    /// on purpose. Not called after a panic or a kill (OTP: `terminate/2`).
    fn stopped(&mut self, reason: &ExitReason) {
        let _ = reason;
    }
}
