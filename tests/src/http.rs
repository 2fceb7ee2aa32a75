//! HTTP/1.1 written and read byte by byte, for tests of a proxy between two ends of their own.
//!
//! | Module | What it is for |
//! |---|---|
//! | [`wire`] | one end of a connection: bytes out, whole answers or requests in |
//! | [`answer`] | a whole answer, read strictly |
//! | [`origin`] | a server that keeps every byte it was sent |
//! | [`lenient`] | readings of those bytes that servers in the field are known for |
//!
//! Nothing here shares code with the server under test.

pub mod answer;
pub mod lenient;
pub mod origin;
pub mod wire;
