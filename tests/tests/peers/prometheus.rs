//! Prometheus and promtool find in `/metrics` what there is to be seen.
//!
//! | File | What it shows |
//! |---|---|
//! | `busy` | a server to which everything happens |
//! | `dashboard` | each query of the dashboard has something to show |
//! | `exemplars` | an exemplar leads to a trace that a collector has |
//! | `text` | promtool has no complaint |

mod busy;
mod dashboard;
mod exemplars;
mod text;
