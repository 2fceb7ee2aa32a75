//! How a Trunkline process shows what it does. So far: [the log](log).

pub mod log;
