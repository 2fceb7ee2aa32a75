//! What listeners, routes, pools and backends count, and how a scrape shows it.
//!
//! Each has a cell of counts that is made with it and ends with it; a request or a connection writes to
//! the cells that it holds anyway, and looks nothing up.
//!
//! | file | what |
//! |---|---|
//! | [`listener`] | connections, by how they ended; requests that fit no route |
//! | [`request`] | requests, by status and time |
//! | [`pool`] | the queue, refusals, requests that were sent again |
//! | [`backend`] | how a backend has answered, and what became of it |
//! | [`traffic`] | all of them at a scrape |
//! | `members` | the backends of a pool at a scrape: so many, and the rest together |
//! | `lasting` | totals of members that come and go |
//! | `mailboxes` | how full those of routers, pools and backends are |

pub mod backend;
mod lasting;
pub mod listener;
mod mailboxes;
mod members;
pub mod pool;
pub mod request;
pub mod traffic;

pub use backend::BackendMetrics;
pub use listener::ListenerMetrics;
pub use pool::{Again, PoolMetrics};
pub use request::RequestMetrics;
pub use traffic::Traffic;
