//! A request, as far as an origin understands it.

use anyhow::{Context, Result, bail};
use trunkline_tests::origin::ID;

/// A whole request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request<'a> {
    /// Bytes that it asks for.
    pub(super) wanted: u64,
    /// What it calls itself, where that is asked for.
    pub(super) id: Option<&'a str>,
    /// Its length, with its body.
    pub(super) length: usize,
}

impl<'a> Request<'a> {
    /// The request that `bytes` begin with, if it is whole.
    pub(super) fn read(bytes: &'a [u8], with_id: bool) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = std::str::from_utf8(&bytes[..end]).context("a head that is no text")?;
        let (wanted, posted) = wanted(head)?;
        let body = if posted {
            let length = field(head, "content-length").context("a POST without a length")?;
            length.parse().with_context(|| format!("{length:?} is no length"))?
        } else {
            0
        };
        let length = end + 4 + body;
        let id = with_id.then(|| field(head, ID)).flatten();
        Ok((bytes.len() >= length).then_some(Self { wanted, id, length }))
    }
}

/// How many bytes a head asks for, and whether it has a body: `GET /bytes/N HTTP/1.1`.
fn wanted(head: &str) -> Result<(u64, bool)> {
    let line = head.lines().next().unwrap_or_default();
    let (posted, target) = match line.split_once(' ') {
        Some(("GET", target)) => (false, target),
        Some(("POST", target)) => (true, target),
        _ => (false, ""),
    };
    let number = target.strip_prefix("/bytes/").and_then(|rest| rest.strip_suffix(" HTTP/1.1"));
    match number.map(str::parse) {
        Some(Ok(wanted)) => Ok((wanted, posted)),
        _ => bail!("not a request that it knows: GET or POST /bytes/N HTTP/1.1"),
    }
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_how_many_bytes_it_wants() -> Result<()> {
        let head = b"GET /bytes/128 HTTP/1.1\r\nHost: a\r\n\r\nGET";
        let whole = Request { wanted: 128, id: None, length: head.len() - 3 };
        assert_eq!(Request::read(head, true)?, Some(whole));
        assert_eq!(Request::read(&head[..20], true)?, None);
        Ok(())
    }

    #[test]
    fn a_post_is_whole_with_its_body_and_has_a_name() -> Result<()> {
        let post = b"POST /bytes/1 HTTP/1.1\r\nX-Request: p-7\r\nContent-Length: 3\r\n\r\nabc";
        let whole = Request { wanted: 1, id: Some("p-7"), length: post.len() };
        assert_eq!(Request::read(post, true)?, Some(whole));
        assert_eq!(Request::read(&post[..post.len() - 1], true)?, None);
        assert_eq!(Request::read(post, false)?.and_then(|request| request.id), None);
        Ok(())
    }

    #[test]
    fn another_request_is_not_understood() {
        for line in ["GET / HTTP/1.1", "GET /bytes/ HTTP/1.1", "GET /bytes/1 HTTP/1.0", "PUT"] {
            assert!(Request::read(format!("{line}\r\n\r\n").as_bytes(), true).is_err(), "{line}");
        }
    }
}
