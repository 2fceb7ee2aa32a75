//! The rules of supervision as pure code: no clock, no randomness, no actor.
//!
//! | file | decides |
//! |---|---|
//! | [`strategy`] | which siblings go down with a child |
//! | [`intensity`] | how many restarts in a period are too many |
//! | [`backoff`] | how long to wait before the next restart |
//! | [`decision`] | whether an exit is answered with a restart |

pub mod backoff;
pub mod decision;
pub mod intensity;
pub mod strategy;

pub use backoff::Backoff;
pub use decision::{Restart, RestartDecision};
pub use intensity::{Intensity, Window};
pub use strategy::Strategy;
