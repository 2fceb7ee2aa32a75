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
//! | `retrying` | requests that are sent again elsewhere, and those that never are |
//! | `hedging` | a second backend that is asked while the first takes its time |
//! | `sticking` | clients that stay with their backend |
//! | `hashing` | who is served by which backend, by each way to balance |
//! | `queueing` | limits, and who waits for a place |
//! | `ejecting` | backends that connect and answer badly |
//! | `probing` | backends that are asked whether they would serve |
//! | `site` | a running program |
//! | `desk` | origins that answer by a rule, or as the test says |

use std::time::Duration;

mod desk;
mod draining;
mod ejecting;
mod expecting;
mod failing;
mod forwarding;
mod hashing;
mod hedging;
mod hostile;
mod keeping;
mod leaving;
mod patience;
mod pipelines;
mod probing;
mod queueing;
mod retrying;
mod site;
mod sticking;
mod streaming;
mod upgrades;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(30);
