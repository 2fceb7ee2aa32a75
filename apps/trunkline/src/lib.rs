//! Trunkline as a program: command line, demo, signals, and the way from settings to a tree.
//!
//! | module | what |
//! |---|---|
//! | [`cli`] | the command line and what each command does |
//! | [`server`] | settings to sockets and a tree, and running it |
//! | [`demo`] | what starts without a file |
//! | [`steward`] | signals |
//! | [`exit`] | exit codes |

pub mod cli;
mod console;
pub mod demo;
pub mod exit;
pub mod server;
pub mod steward;

pub use cli::main;
pub use server::Hooks;
