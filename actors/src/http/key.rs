//! What of a request the hashes hash.

use std::net::IpAddr;

use crate::http::cookie;
use crate::pool::HashOn;
use crate::pool::key::{key_of, key_of_address};

/// What a key can be taken from.
#[derive(Debug, Clone, Copy)]
pub struct Keyed<'q> {
    /// The client's address.
    pub client: IpAddr,
    /// Path and query as sent.
    pub path: &'q [u8],
    /// The header fields.
    pub fields: &'q [httparse::Header<'q>],
}

impl Keyed<'_> {
    /// The key, or none where the request does not have what it is taken from.
    #[must_use]
    pub fn key(&self, on: &HashOn) -> Option<u64> {
        let (path, query) = self.parts();
        match on {
            HashOn::Address => Some(key_of_address(self.client)),
            HashOn::Path => Some(key_of(path)),
            HashOn::Query(name) => parameter(query?, name).map(key_of),
            HashOn::Header(name) => {
                let named = |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case(name);
                self.fields.iter().find(named).map(|field| key_of(field.value))
            }
            HashOn::Cookie(name) => cookie::find(self.fields, name).map(key_of),
        }
    }

    fn parts(&self) -> (&[u8], Option<&[u8]>) {
        match self.path.iter().position(|byte| *byte == b'?') {
            Some(mark) => (&self.path[..mark], Some(&self.path[mark + 1..])),
            None => (self.path, None),
        }
    }
}

/// The value of the first parameter of that name, as it was sent.
fn parameter<'q>(query: &'q [u8], name: &str) -> Option<&'q [u8]> {
    query.split(|byte| *byte == b'&').find_map(|pair| match pair.strip_prefix(name.as_bytes())? {
        [] => Some(&b""[..]),
        [b'=', value @ ..] => Some(value),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(on: HashOn) -> Option<u64> {
        let fields = [
            httparse::Header { name: "X-User", value: b"ann" },
            httparse::Header { name: "Cookie", value: b"session=s1" },
        ];
        let path = b"/a/b?user=7&x&userid=8";
        let client = "::ffff:10.0.0.1".parse().unwrap();
        Keyed { client, path, fields: &fields }.key(&on)
    }

    #[test]
    fn each_part_of_a_request_can_be_the_key() {
        assert_eq!(key(HashOn::Address), Some(key_of(&[10, 0, 0, 1])));
        assert_eq!(key(HashOn::Path), Some(key_of(b"/a/b")));
        assert_eq!(key(HashOn::Query("user".into())), Some(key_of(b"7")));
        assert_eq!(key(HashOn::Query("userid".into())), Some(key_of(b"8")));
        assert_eq!(key(HashOn::Query("x".into())), Some(key_of(b"")));
        assert_eq!(key(HashOn::Header("x-user".into())), Some(key_of(b"ann")));
        assert_eq!(key(HashOn::Cookie("session".into())), Some(key_of(b"s1")));
    }

    #[test]
    fn what_is_not_there_gives_no_key() {
        assert_eq!(key(HashOn::Query("use".into())), None);
        assert_eq!(key(HashOn::Header("x-none".into())), None);
        assert_eq!(key(HashOn::Cookie("x-user".into())), None);
    }
}
