//! An HTTP origin and HTTP clients that notice every byte that is not the one they wait for.
//!
//! They live on threads of the caller and speak HTTP/1.1 by hand, as strictly as they can: what a
//! library would forgive is what they are here to see.
//!
//! | File | What it is for |
//! |---|---|
//! | `pattern` | bodies whose every byte is known, in no memory |
//! | [`body`] | how long a body is, how it is framed, how fast it comes |
//! | `wire` | heads and bodies on a socket |
//! | [`origin`] | answers each request as its target asks for |
//! | [`client`] | one connection, and what became of each request on it |
//! | [`access`] | the lines that the server writes of requests |

pub mod access;
pub mod body;
pub mod client;
pub mod origin;
mod pattern;
mod wire;
