//! The runs over HTTP.
//!
//! | File | What happens |
//! |---|---|
//! | [`crashes`] | every kind of actor panics under load |
//! | [`bodies`] | long bodies, and clients that read or send one slowly |
//! | [`failover`] | origins are killed and come back |
//! | [`faults`] | origins fail in four ways, beside haproxy |
//! | [`pool_crashes`] | what looks after a pool panics while parts of it are out |
//! | [`storm`] | every origin fails what it has read |
//! | [`keepalive`] | thousands of clients that have asked once do nothing, then the server stops |

pub mod bodies;
pub mod crashes;
pub mod failover;
pub mod faults;
mod half;
pub mod keepalive;
pub(in crate::runs) mod mortal;
pub mod pool_crashes;
pub mod storm;
