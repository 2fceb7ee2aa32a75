//! The runs over HTTP.
//!
//! | File | What happens |
//! |---|---|
//! | [`crashes`] | every kind of actor panics under load |
//! | [`bodies`] | long bodies, and clients that read or send one slowly |
//! | [`keepalive`] | thousands of clients that have asked once do nothing, then the server stops |

pub mod bodies;
pub mod crashes;
mod half;
pub mod keepalive;
