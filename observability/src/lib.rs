//! How a Trunkline process shows what it does. So far: [the log](log), and in it [the line of each
//! HTTP request](access).

pub mod access;
pub mod admin;
pub mod log;
pub mod metrics;
pub mod trace;
