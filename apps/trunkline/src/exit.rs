//! How the process says why it ended.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | it was told to stop, and stopped in order; or the command did what it was asked |
//! | 1 | it could not start: a port in use, too few descriptors, no threads; or a command for a running server was not done: there is none, it refuses, its token is another |
//! | 2 | the command line or the configuration has mistakes; nothing was bound or started |
//! | 70 | the root of the supervision tree gave up; to be restarted by whatever runs the process |
//! | 128 + n | signal n came a second time, and ended it at once |

/// It could not start.
#[cfg(feature = "cli")]
pub(crate) const START: u8 = 1;
/// A command for a running server was not done: nobody answers, or the answer is no.
#[cfg(feature = "cli")]
pub(crate) const REFUSED: u8 = 1;
/// The command line or the configuration has mistakes.
#[cfg(feature = "cli")]
pub(crate) const CONFIG: u8 = 2;
/// The root gave up (`EX_SOFTWARE` of sysexits).
pub(crate) const ROOT: u8 = 70;
/// Added to a signal's number.
pub(crate) const SIGNAL: i32 = 128;
