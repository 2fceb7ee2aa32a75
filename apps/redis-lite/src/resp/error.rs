//! What a peer can do wrong, in the words of redis-server.

use std::io;

use thiserror::Error;

/// Bytes that are no request. The connection is to be told, and closed.
#[derive(Debug, Error)]
pub enum ProtocolError {
    /// The count of an array is no number, or too large.
    #[error("Protocol error: invalid multibulk length")]
    MultibulkLength,
    /// The line with the count of an array does not end.
    #[error("Protocol error: too big mbulk count string")]
    MultibulkHeader,
    /// The length of an argument is no number, negative, or above the limit of a request.
    #[error("Protocol error: invalid bulk length")]
    BulkLength,
    /// The line with the length of an argument does not end.
    #[error("Protocol error: too big bulk count string")]
    BulkHeader,
    /// An argument is not announced as one.
    #[error("Protocol error: expected '$', got '{}'", .0.escape_ascii())]
    ExpectedBulk(u8),
    /// An argument is longer or shorter than announced.
    #[error("Protocol error: expected CRLF after the announced bulk length")]
    BulkTrailer,
    /// The arguments together are above the limit of a request.
    #[error("Protocol error: request exceeds {limit} bytes; send less at once")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// A line typed by hand does not end.
    #[error("Protocol error: too big inline request")]
    InlineTooLong,
    /// A quote is not closed, or something follows the closing one.
    #[error("Protocol error: unbalanced quotes in request")]
    Quotes,
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}
