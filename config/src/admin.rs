//! Where the admin API listens, and the names that it goes by.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

use crate::duration::OFF;
use crate::endpoint::{self, is_host_name};
use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

/// What stands before the path of a unix socket.
const UNIX: &str = "unix:";

/// `sun_path` has 108 bytes (unix(7)), of which the last is zero.
const LONGEST_PATH: usize = 107;

const EXAMPLE: &str = "\"unix:/run/trunkline/admin.sock\"";

pub(crate) static ADDRESS: TextRule = TextRule {
    noun: "an address",
    describe: "\"off\", an IP address and a port, such as \"127.0.0.1:9900\", or the path of a unix \
               socket, such as \"unix:/run/trunkline/admin.sock\"",
    check: |text| match text {
        OFF => Ok(OFF.to_owned()),
        text => read(text).map(|address| address.to_string()),
    },
};

pub(crate) static HOST: TextRule = TextRule {
    noun: "a host",
    describe: "a host name or an IP address without a port, such as \"edge.example.com\"",
    check: host,
};

/// Where the admin API listens.
///
/// ```
/// let address: trunkline_config::AdminAddress = "127.0.0.1:9900".parse().expect("an address");
/// assert!(!address.is_exposed());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AdminAddress {
    /// TCP; port 0 takes any free one.
    Tcp(SocketAddr),
    /// A unix socket, by its absolute path of at most 107 bytes.
    Unix(PathBuf),
}

impl AdminAddress {
    /// Whether others than the users of this machine reach it.
    pub fn is_exposed(&self) -> bool {
        match self {
            Self::Tcp(address) => !address.ip().to_canonical().is_loopback(),
            Self::Unix(_) => false,
        }
    }
}

/// As it is written in a file: `127.0.0.1:9900`, `unix:/run/trunkline/admin.sock`.
impl fmt::Display for AdminAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

/// A text that is not the address of an admin API; says why and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminAddressError(String);

impl fmt::Display for AdminAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AdminAddressError {}

impl FromStr for AdminAddress {
    type Err = AdminAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).map_err(|problem| AdminAddressError(problem.to_string()))
    }
}

/// For serde: an address, or `off` as `None`.
pub(crate) fn or_off<'de, D: Deserializer<'de>>(from: D) -> Result<Option<AdminAddress>, D::Error> {
    let text = String::deserialize(from)?;
    let read = |text: &str| text.parse().map_err(serde::de::Error::custom);
    if text == OFF { Ok(None) } else { read(&text).map(Some) }
}

/// Reads the address, which is not `off`.
pub(crate) fn read(text: &str) -> Result<AdminAddress, Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    let Some(path) = text.strip_prefix(UNIX) else {
        if let Some((scheme, rest)) = text.split_once("://") {
            let remedy = format!("write the address without {}", quote(&format!("{scheme}://")));
            let rest = rest.trim_end_matches('/');
            let nearest = rest.parse::<SocketAddr>().is_ok().then_some(rest);
            return Err(refused("has a scheme").remedy(remedy).nearest(nearest));
        }
        return endpoint::bind_as(text, "the admin API", "127.0.0.1").map(AdminAddress::Tcp);
    };
    if !path.starts_with('/') {
        let remedy = format!("write a path that begins with \"/\", as in {EXAMPLE}");
        return Err(refused("is not an absolute path").remedy(remedy));
    }
    if path.len() > LONGEST_PATH {
        let length = path.len();
        let why =
            format!("has a path of {length} bytes, and that of a unix socket has at most 107");
        return Err(refused(&why).remedy("put the socket into a directory with a shorter path"));
    }
    if path.chars().any(char::is_control) {
        let remedy = format!("write a path without them, as in {EXAMPLE}");
        return Err(refused("has control characters").remedy(remedy));
    }
    if path.ends_with('/') {
        let remedy = format!("write the path of a file in it, as in {EXAMPLE}");
        return Err(refused("is a directory").remedy(remedy));
    }
    Ok(AdminAddress::Unix(PathBuf::from(path)))
}

/// Reads a host that requests may name: in lower case and without a dot at its end; an IPv6 address
/// without brackets.
fn host(text: &str) -> Result<String, Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = inside.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    if let Some((before, port)) = name.rsplit_once(':')
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(before) = host(before)
    {
        let remedy = "write the host alone, for any port is right";
        return Err(refused("has a port").remedy(remedy).nearest(Some(&before)));
    }
    let numbers = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if numbers || !is_host_name(name) {
        let remedy = "write a host name, as in \"edge.example.com\", or an IP address";
        return Err(refused("is not a host").remedy(remedy));
    }
    Ok(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        text.parse::<AdminAddress>().expect_err(text).to_string()
    }

    #[test]
    fn an_address_is_printed_as_it_would_be_written() {
        for text in ["127.0.0.1:9900", "[::1]:0", "unix:/run/trunkline/admin.sock"] {
            assert_eq!(text.parse::<AdminAddress>().expect(text).to_string(), text);
        }
        let longest = format!("unix:/{}", "a".repeat(106));
        assert!(longest.parse::<AdminAddress>().is_ok());
    }

    #[test]
    fn only_what_other_machines_reach_is_exposed() {
        for (text, exposed) in [
            ("127.0.0.1:1", false),
            ("127.9.9.9:1", false),
            ("[::1]:1", false),
            ("[::ffff:127.0.0.1]:1", false),
            ("unix:/a", false),
            ("0.0.0.0:1", true),
            ("[::]:1", true),
            ("10.0.0.1:1", true),
        ] {
            assert_eq!(text.parse::<AdminAddress>().expect(text).is_exposed(), exposed, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_answered_with_how_to_write_one() {
        for (text, answer) in [
            ("", "is empty: write an address and a port, such as \"127.0.0.1:8080\""),
            (
                "localhost:9900",
                "\"localhost\" is a host name, and the admin API binds an IP address: \
                 write an IP address, such as \"127.0.0.1:9900\"",
            ),
            ("9900", "\"9900\" is a port without an address: write \"127.0.0.1:9900\""),
            (
                "http://127.0.0.1:9900/",
                "\"http://127.0.0.1:9900/\" has a scheme: write the address without \"http://\"; \
                 did you mean \"127.0.0.1:9900\"?",
            ),
            (
                "unix:run/a",
                "\"unix:run/a\" is not an absolute path: \
                 write a path that begins with \"/\", as in \"unix:/run/trunkline/admin.sock\"",
            ),
            (
                "unix:/run/",
                "\"unix:/run/\" is a directory: \
                 write the path of a file in it, as in \"unix:/run/trunkline/admin.sock\"",
            ),
            (
                "unix:/a\nb",
                "\"unix:/a\\nb\" has control characters: \
                 write a path without them, as in \"unix:/run/trunkline/admin.sock\"",
            ),
        ] {
            assert_eq!(said(text), answer);
        }
        assert!(said(&format!("unix:/{}", "a".repeat(107))).ends_with(
            "has a path of 108 bytes, and that of a unix socket has at most 107: \
             put the socket into a directory with a shorter path"
        ));
    }

    #[test]
    fn a_host_has_one_form_and_no_port() {
        for (text, normal) in [
            ("Edge.Example.com.", "edge.example.com"),
            ("[2001:DB8::1]", "2001:db8::1"),
            ("10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(host(text).as_deref(), Ok(normal));
        }
        for (text, answer) in [
            (
                "Edge:9900",
                "\"Edge:9900\" has a port: write the host alone, for any port is right; \
                 did you mean \"edge\"?",
            ),
            (
                "*.example.com",
                "\"*.example.com\" is not a host: \
                 write a host name, as in \"edge.example.com\", or an IP address",
            ),
            (
                "10.0.0.256",
                "\"10.0.0.256\" is not a host: \
                 write a host name, as in \"edge.example.com\", or an IP address",
            ),
        ] {
            assert_eq!(host(text).expect_err(text).to_string(), answer);
        }
    }
}
