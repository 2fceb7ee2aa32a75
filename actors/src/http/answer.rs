//! Answers of our own.

use std::io::Write as _;
use std::time::SystemTime;

use httpdate::HttpDate;

/// An answer that no backend gave.
#[derive(Debug, Clone, Copy)]
pub struct OwnAnswer<'a> {
    /// Its status code.
    pub status: u16,
    /// Of the body.
    pub content_type: &'a str,
    /// The whole body.
    pub body: &'a [u8],
    /// Where to go instead; checked before.
    pub location: Option<&'a [u8]>,
    /// When to ask again, in seconds (RFC 9110 §10.2.3).
    pub retry_after: Option<u64>,
    /// Whether the request was HEAD: the length is told, the body is not.
    pub head: bool,
    /// What is said of the connection.
    pub connection: Option<&'static str>,
}

impl OwnAnswer<'_> {
    /// Writes it, dated `now` (RFC 9110 §6.6.1).
    pub fn write(&self, now: SystemTime, to: &mut Vec<u8>) {
        // Writing into memory does not fail.
        let _ = write!(to, "HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        let _ = write!(to, "Date: {}\r\n", HttpDate::from(now));
        if let Some(location) = self.location {
            to.extend_from_slice(b"Location: ");
            to.extend_from_slice(location);
            to.extend_from_slice(b"\r\n");
        }
        if let Some(seconds) = self.retry_after {
            let _ = write!(to, "Retry-After: {seconds}\r\n");
        }
        let bodiless = matches!(self.status, 204 | 304);
        if !bodiless {
            let _ = write!(
                to,
                "Content-Type: {}\r\nContent-Length: {}\r\n",
                self.content_type,
                self.body.len()
            );
        }
        if let Some(connection) = self.connection {
            let _ = write!(to, "Connection: {connection}\r\n");
        }
        to.extend_from_slice(b"\r\n");
        if !bodiless && !self.head {
            to.extend_from_slice(self.body);
        }
    }
}

/// The reason phrases of the statuses that we give ourselves (RFC 9110 §15); what a file sets beside
/// them has none.
#[must_use]
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Content Too Large",
        417 => "Expectation Failed",
        418 => "I'm a teapot",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn written(answer: OwnAnswer<'_>) -> String {
        let mut to = Vec::new();
        answer.write(UNIX_EPOCH + Duration::from_secs(784_111_777), &mut to);
        String::from_utf8(to).unwrap()
    }

    const PLAIN: OwnAnswer<'static> = OwnAnswer {
        status: 503,
        content_type: "text/plain",
        body: b"nobody\n",
        location: None,
        retry_after: None,
        head: false,
        connection: Some("close"),
    };

    #[test]
    fn an_answer_is_dated_and_says_how_long_it_is() {
        assert_eq!(
            written(PLAIN),
            "HTTP/1.1 503 Service Unavailable\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Content-Type: text/plain\r\nContent-Length: 7\r\nConnection: close\r\n\r\nnobody\n"
        );
    }

    #[test]
    fn head_is_told_the_length_and_204_nothing_of_a_body() {
        assert!(
            written(OwnAnswer { head: true, ..PLAIN })
                .ends_with("Length: 7\r\nConnection: close\r\n\r\n")
        );
        let empty = written(OwnAnswer { status: 204, connection: None, ..PLAIN });
        assert!(empty.ends_with("GMT\r\n\r\n"), "{empty}");
    }

    #[test]
    fn who_is_to_come_again_is_told_when() {
        let busy = written(OwnAnswer { retry_after: Some(5), ..PLAIN });
        assert!(busy.contains("\r\nRetry-After: 5\r\n"), "{busy}");
    }

    #[test]
    fn a_redirect_says_where_to() {
        let redirect = OwnAnswer { status: 308, location: Some(b"https://a/b"), ..PLAIN };
        assert!(written(redirect).contains("\r\nLocation: https://a/b\r\n"));
    }
}
