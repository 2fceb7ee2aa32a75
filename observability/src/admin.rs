//! The admin API: what the server is and does, as JSON over HTTP/1.1, and orders to it.
//!
//! One actor on the control thread holds all of its connections and polls them itself. A crash of
//! it ends them and nothing else: the [`AdminSocket`] is held outside, so that the next incarnation
//! goes on with it. What only a server knows it is told through [`Operations`].
//!
//! | file | holds |
//! |---|---|
//! | `socket` | the listening socket, TCP or Unix |
//! | `server`, `connection` | the actor, and what bounds a connection |
//! | `guard` | who is let in: `Host`, `Origin`, the token |
//! | `operations`, `desk` | what the server tells and is ordered |
//! | `routes` | the answers, a file a subject |
//! | `refusal` | errors, as JSON with their remedy |
//! | `portions` | long answers, made a portion at a time |
//! | `openapi` | the document that describes all of it |
//!
//! # Who is let in
//! It listens on loopback or a Unix socket unless there is a token. A page in somebody's browser
//! can send requests to loopback, too; so `Host` has to name this server (against DNS rebinding),
//! and whatever changes something needs a field that a foreign page cannot send without being
//! asked for permission, which is never given (against forged requests).
//!
//! # Limits
//! | what | limit | why |
//! |---|---|---|
//! | connections | 64 | who comes later waits in the kernel's queue |
//! | of them, streams of events | 16 | the others are for those who ask and go |
//! | head of a request | 10 s, 64 KiB | also the rest of a kept connection |
//! | body of a request | 10 s, 64 KiB | orders are small |
//! | silence with an answer under way | 60 s | a reader that sleeps gives its place back |

mod connection;
mod desk;
mod guard;
mod openapi;
mod operations;
mod portions;
mod refusal;
mod routes;
mod server;
mod socket;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use trunkline_runtime::ChildSpec;

pub use guard::Token;
pub use operations::{
    BackendShown, ConnectionShown, Connections, Operations, Order, OrderError, Ordered, PoolShown,
};
pub use socket::{AdminSocket, Bind, BindError};

/// What the admin API is built from.
pub struct AdminPlan {
    /// Where it listens; bound already.
    pub socket: Arc<AdminSocket>,
    /// What every request but those for health has to bring, if anything.
    pub token: Option<Token>,
    /// Host names that requests may name beside loopback's and the bound address.
    pub hosts: Vec<String>,
    /// What the server tells of itself.
    pub operations: Arc<dyn Operations>,
}

/// The leaf `admin`, to be put below `control/observability`.
#[must_use]
pub fn spec(plan: AdminPlan) -> ChildSpec {
    let plan = Arc::new(server::Kept::new(plan));
    ChildSpec::leaf("admin", move || server::Admin::new(&plan)).into()
}
