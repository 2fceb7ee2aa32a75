//! HTTP/1.1 as pure code: heads, framing and one exchange, strict after RFC 9110 and RFC 9112.
//!
//! | module | what |
//! |---|---|
//! | [`limits`] | the bounds of a head |
//! | [`request`], [`target`] | the head of a request: read strictly, written anew for the backend |
//! | [`forwarded`] | X-Forwarded-* and Forwarded |
//! | [`response`] | the head of an answer: the same the other way |
//! | [`fields`] | header fields: hop-by-hop and not |
//! | [`chunked`], [`body`] | bodies on their way: the sender's framing in, the receiver's out |
//! | [`exchange`] | one request and its answer: both bodies, and what may follow |
//! | [`answer`] | answers of our own |
//! | [`refusal`] | why a request is not served, or an answer not passed on |
//! | [`key`], [`cookie`] | what of a request the hashes hash |
//! | [`sticky`] | the cookie that keeps a client with one backend |
//! | [`route`] | which target serves a request |
//!
//! Nothing here reads, writes, waits or knows an actor.

pub mod answer;
pub mod body;
pub mod chunked;
pub mod cookie;
pub mod exchange;
pub mod fields;
pub mod forwarded;
pub mod key;
pub mod limits;
pub mod refusal;
pub mod request;
pub mod response;
pub mod route;
pub mod sticky;
pub mod target;
