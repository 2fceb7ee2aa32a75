//! The commands for a running server, as an operator gives them.
//!
//! | File | What it shows |
//! |---|---|
//! | `asking` | the tree, events, traces, pools, and orders |
//! | `refusals` | no server, tokens, what is not there, nobody who reads |
//! | `watching` | the tree on a terminal, as it changes |
//! | `stage` | the demo with its admin API, and commands for it |
//! | `pty` | a terminal of any size |

mod asking;
mod pty;
mod refusals;
mod stage;
mod watching;
