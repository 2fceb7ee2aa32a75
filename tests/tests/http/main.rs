//! The HTTP proxy between clients and backends that mean it no good, and those that only fail.
//!
//! | File | What it shows |
//! |---|---|
//! | `hostile` | two hundred hostile requests and answers, against a backend that keeps every byte |
//! | `failing` | backends that reset, stall, answer early |
//! | `keeping` | kept connections that a backend has closed |
//! | `leaving` | clients that half-close or go away |
//! | `expecting` | Expect: 100-continue |
//! | `pipelines` | many requests on one connection, in order, and how many |
//! | `patience` | the times that a client and a backend are given |
//! | `draining` | SIGTERM in the middle |
//! | `upgrades` | other protocols after a 101 |
//! | `forwarding` | routes, rewriting, redirects, own answers, who the client is |
//! | `streaming` | bytes that leave before the last has come |
//! | `site` | a running program |

use std::time::Duration;

mod draining;
mod expecting;
mod failing;
mod forwarding;
mod hostile;
mod keeping;
mod leaving;
mod patience;
mod pipelines;
mod site;
mod streaming;
mod upgrades;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(30);
