//! Pools whose members come and go: a tree with real name servers, files and connections.
//!
//! | File | What it shows |
//! |---|---|
//! | `names` | host names and SRV: answers that change, fail and come back |
//! | `orders` | a watched file, new sources, weights and draining |
//! | `draining` | the connections of a backend that drains |
//! | `crashes` | the pool's actor and the resolver, crashed |
//! | `town` | the tree that all of them run in |

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "the helpers of tests are tests"
)]

mod crashes;
mod draining;
mod names;
mod orders;
mod town;
