//! The target of a request, and the host it is meant for (RFC 9112 §3.2, RFC 3986 §3.2).

use std::net::Ipv6Addr;

use super::refusal::Refusal;

/// The forms of a target that are served (RFC 9112 §3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'b> {
    /// A path, with or without a query.
    Origin,
    /// `*` of OPTIONS: the server as a whole.
    Asterisk,
    /// A URI of the scheme http.
    Absolute {
        /// Its host, with its port where it has one.
        authority: Authority<'b>,
        /// Its path and query. A URI that has neither asks for `/`, and with OPTIONS for `*`.
        path: &'b str,
    },
}

impl<'b> Target<'b> {
    /// Reads a target, whose bytes have been checked.
    ///
    /// # Errors
    /// When it has no form that is served with `method`; when the method is CONNECT.
    pub fn read(method: &str, target: &'b str) -> Result<Self, Refusal> {
        // In any case: a backend might not tell them apart.
        if method.eq_ignore_ascii_case("CONNECT") {
            return Err(Refusal::Connect);
        }
        if target.starts_with('/') {
            return Ok(Self::Origin);
        }
        if target == "*" && method == "OPTIONS" {
            return Ok(Self::Asterisk);
        }
        let (authority, path) = split_uri(target).ok_or(Refusal::BadTargetForm)?;
        let authority = Authority::read(authority.as_bytes()).ok_or(Refusal::BadTargetForm)?;
        match path.as_bytes().first() {
            Some(b'/') => Ok(Self::Absolute { authority, path }),
            None if method == "OPTIONS" => Ok(Self::Absolute { authority, path: "*" }),
            None => Ok(Self::Absolute { authority, path: "/" }),
            // A query without a path would have to be copied behind a `/`. Nobody sends it.
            Some(_) => Err(Refusal::BadTargetForm),
        }
    }
}

/// The authority of a URI of the scheme http, and what follows it.
fn split_uri(target: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = target.split_at_checked("http://".len())?;
    if !scheme.eq_ignore_ascii_case("http://") {
        return None;
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    rest.split_at_checked(end)
}

/// A host with or without a port, as `Host` has it: no userinfo, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authority<'b> {
    /// As it was sent.
    pub text: &'b str,
    /// Its host; an IPv6 address in brackets.
    pub host: &'b str,
    /// Its port, 80 where it names none.
    pub port: u16,
}

impl<'b> Authority<'b> {
    /// Reads `uri-host [ ":" port ]` of RFC 3986, but no comma, which splits a list, and none of
    /// the addresses that are yet to be invented (IPvFuture, zones).
    #[must_use]
    pub fn read(value: &'b [u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let (host, port) = if text.starts_with('[') {
            let (host, port) = text.split_at_checked(text.find(']')? + 1)?;
            let address = host.strip_prefix('[')?.strip_suffix(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (host, port)
        } else {
            let end = memchr::memchr(b':', value).unwrap_or(value.len());
            let (host, port) = text.split_at_checked(end)?;
            (is_name(host.as_bytes()).then_some(host)?, port)
        };
        let port = match port.strip_prefix(':') {
            Some("") => 80,
            Some(digits) => number(digits)?,
            None if port.is_empty() => 80,
            None => return None,
        };
        Some(Self { text, host, port })
    }

    /// Whether both are the same host and port.
    #[must_use]
    pub fn is_same(&self, other: &Authority<'_>) -> bool {
        self.port == other.port && self.host.eq_ignore_ascii_case(other.host)
    }
}

/// A port. `u16::from_str` would let a sign pass.
fn number(digits: &str) -> Option<u16> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// `reg-name`, which IPv4 addresses are too.
fn is_name(name: &[u8]) -> bool {
    let mut rest = name;
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => after,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b';' | b'=' => after,
            b'%' => match after {
                [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    after
                }
                _ => return false,
            },
            _ => return false,
        };
    }
    !name.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_a_name_or_an_address_with_or_without_a_port() {
        for (text, host, port) in [
            ("example.com", "example.com", 80),
            ("example.com:", "example.com", 80),
            ("Example.com:8080", "Example.com", 8080),
            ("127.0.0.1:65535", "127.0.0.1", 65535),
            ("[::1]", "[::1]", 80),
            ("[2001:db8::1]:81", "[2001:db8::1]", 81),
            ("a_b-c~%2F!$&'()*+;=", "a_b-c~%2F!$&'()*+;=", 80),
        ] {
            let authority = Authority::read(text.as_bytes());
            assert_eq!(authority, Some(Authority { text, host, port }), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_is_no_authority() {
        for text in [
            "",
            ":80",
            "a b",
            "a,b",
            "me@a",
            "a/b",
            "a?b",
            "a:b",
            "a:80:80",
            "a:+80",
            "a:65536",
            "a:99999999999",
            "[::1",
            "::1",
            "[]",
            "[::1]80",
            "[::1%25eth0]",
            "[v1.x]",
            "[1.2.3.4]",
            "%2",
            "%zz",
            "a\\b",
            "a\"b",
            "<a>",
            "é",
            "[::1]]",
            "a[",
        ] {
            assert_eq!(Authority::read(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(Authority::read(b"a\xff"), None);
    }

    #[test]
    fn the_default_port_is_the_same_as_none() {
        let read = |text: &'static str| Authority::read(text.as_bytes()).unwrap();
        assert!(read("a.example").is_same(&read("A.Example:80")));
        assert!(read("[::1]:").is_same(&read("[::1]:80")));
        assert!(!read("a.example").is_same(&read("a.example:81")));
        assert!(!read("a.example").is_same(&read("b.example")));
    }

    #[test]
    fn each_form_goes_only_with_its_method() {
        let path = |method, target| match Target::read(method, target) {
            Ok(Target::Absolute { authority, path }) => Ok((authority.text, path)),
            Ok(Target::Origin) => Ok(("", target)),
            Ok(Target::Asterisk) => Ok(("", "*")),
            Err(refusal) => Err(refusal),
        };
        assert_eq!(path("GET", "/a?b"), Ok(("", "/a?b")));
        assert_eq!(path("OPTIONS", "*"), Ok(("", "*")));
        assert_eq!(path("GET", "http://a"), Ok(("a", "/")));
        assert_eq!(path("OPTIONS", "http://a"), Ok(("a", "*")));
        assert_eq!(path("OPTIONS", "http://a/"), Ok(("a", "/")));
        assert_eq!(path("GET", "HTTP://a:80/b?c"), Ok(("a:80", "/b?c")));
        for (method, target) in [
            ("GET", "*"),
            ("OPTIONS", "**"),
            ("GET", "a:80"),
            ("GET", "a"),
            ("GET", "?a"),
            ("GET", "https://a/"),
            ("GET", "http:/a"),
            ("GET", "http://"),
            ("GET", "http:///"),
            ("GET", "http://me@a/"),
            ("GET", "http://a?b"),
            ("GET", "http://a\\b/"),
        ] {
            assert_eq!(path(method, target), Err(Refusal::BadTargetForm), "{method} {target}");
        }
        assert_eq!(path("CONNECT", "a:80"), Err(Refusal::Connect));
        assert_eq!(path("connect", "/"), Err(Refusal::Connect));
    }
}
