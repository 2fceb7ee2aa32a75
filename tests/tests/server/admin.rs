//! The admin API of a running program.
//!
//! | File | What it shows |
//! |---|---|
//! | `routes` | each route, its shape, and what the document says of it |
//! | `guards` | who is let in: hosts, pages, the token, the mode of a Unix socket |
//! | `limits` | slow clients, too many of them, large bodies |
//! | `orders` | drains, weights, the tree; crashes of the API itself |
//! | `readiness` | when the server should get traffic |
//! | `events` | the stream of events |
//! | `office` | a program with the API, and who asks it |

mod events;
mod guards;
mod limits;
mod office;
mod orders;
mod readiness;
mod routes;
