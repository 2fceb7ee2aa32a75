//! Addresses with a port: where a listener binds, and where a backend is.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::Deserialize;

use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

pub(crate) static SRV: TextRule = TextRule {
    noun: "the name of a service",
    describe: "a name with SRV records, such as \"_http._tcp.web.local\"",
    check: srv,
};

pub(crate) static SERVER: TextRule = TextRule {
    noun: "the address of a server",
    describe: "an IP address and a port, such as \"10.0.0.53:53\"",
    check: |text| server(text).map(|address| address.to_string()),
};

/// Where a backend is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub enum BackendAddress {
    /// An IP address.
    Socket(SocketAddr),
    /// A host name, to be resolved.
    Name {
        /// In lower case, without a dot at its end.
        host: String,
        /// Never zero.
        port: u16,
    },
    /// A name whose SRV records (RFC 2782) say where backends are; in lower case, without a dot at
    /// its end. It is read from a key of its own, never from the text of an address.
    Srv(String),
}

/// As it is written in a file: `10.0.0.1:80`, `[::1]:80`, `web.local:80`, `_http._tcp.web.local`.
impl fmt::Display for BackendAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Name { host, port } => write!(f, "{host}:{port}"),
            Self::Srv(name) => f.write_str(name),
        }
    }
}

/// A text that is not the address of a backend; says why and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackendAddressError(String);

impl fmt::Display for BackendAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BackendAddressError {}

impl FromStr for BackendAddress {
    type Err = BackendAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        backend(text).map_err(|problem| BackendAddressError(problem.to_string()))
    }
}

impl TryFrom<String> for BackendAddress {
    type Error = BackendAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Reads the address that a listener binds.
pub(crate) fn bind(text: &str) -> Result<SocketAddr, Problem> {
    bind_as(text, "a listener", "0.0.0.0")
}

/// Reads the address that `who` binds. `example` is an address to suggest.
pub(crate) fn bind_as(text: &str, who: &str, example: &str) -> Result<SocketAddr, Problem> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    match split(text, example)? {
        (Host::Ip(ip), port) => Ok(SocketAddr::new(ip, port)),
        (Host::Name("*"), port) => Err(Problem::new(format!("{} names no address", quote(text)))
            .remedy(format!(
                "write \"0.0.0.0:{port}\" for every IPv4 address, \"[::]:{port}\" for IPv6 too"
            ))),
        (Host::Name(name), port) => {
            let written =
                if name.eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { example };
            Err(Problem::new(format!(
                "{} is a host name, and {who} binds an IP address",
                quote(name)
            ))
            .remedy(format!("write an IP address, such as \"{written}:{port}\"")))
        }
    }
}

/// Reads the address of a backend.
pub(crate) fn backend(text: &str) -> Result<BackendAddress, Problem> {
    if let Some((scheme, rest)) = text.split_once("://") {
        let rest = rest.trim_end_matches('/');
        // Not where there is one more: a text may have as many as the stack has no room for.
        let nearest = (!rest.contains("://") && backend(rest).is_ok()).then_some(rest);
        return Err(Problem::new(format!("{} has a scheme", quote(text)))
            .remedy(format!("write the address without {}", quote(&format!("{scheme}://"))))
            .nearest(nearest));
    }
    let (host, port) = match text.parse::<SocketAddr>() {
        Ok(address) if address.port() != 0 => return Ok(BackendAddress::Socket(address)),
        Ok(address) => (Host::Ip(address.ip()), 0),
        Err(_) => split(text, "10.0.0.1")?,
    };
    if port == 0 {
        return Err(Problem::new(format!(
            "{} has port 0, where nothing can be reached",
            quote(text)
        ))
        .remedy("write a port from 1 to 65535"));
    }
    let name = match host {
        Host::Ip(ip) => return Ok(BackendAddress::Socket(SocketAddr::new(ip, port))),
        Host::Name(name) => name.strip_suffix('.').unwrap_or(name),
    };
    if is_host_name(name) {
        return Ok(BackendAddress::Name { host: name.to_ascii_lowercase(), port });
    }
    Err(Problem::new(format!("{} is not a host name", quote(name))).remedy(
        "write letters, digits and hyphens between dots, as in \"web.local:80\", or an IP address",
    ))
}

/// Reads a name that has SRV records. Not all that do begin with a service and a protocol, as RFC
/// 2782 has it: those of service registries are often plain names.
fn srv(text: &str) -> Result<String, Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    let name = text.strip_suffix('.').unwrap_or(text);
    if let Some((before, port)) = name.rsplit_once(':')
        && is_host_name(before)
        && port.bytes().all(|byte| byte.is_ascii_digit())
    {
        let problem = refused("has a port, and SRV records bring their own");
        return Err(problem.remedy("write the name alone").nearest(Some(before)));
    }
    if name.parse::<IpAddr>().is_ok() {
        let remedy = "write it with a port under the key address";
        return Err(refused("is an IP address, not a name").remedy(remedy));
    }
    if !is_host_name(name) {
        let remedy = "write letters, digits, hyphens and underscores between dots, as in \"_http._tcp.web.local\"";
        return Err(refused("is not the name of a service").remedy(remedy));
    }
    Ok(name.to_ascii_lowercase())
}

/// Reads the address of a name server, which no name server can resolve.
fn server(text: &str) -> Result<SocketAddr, Problem> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        let with_port = SocketAddr::new(ip, 53).to_string();
        let problem = Problem::new(format!("{} has no port", quote(text)));
        return Err(problem.remedy("write the port after it").nearest(Some(&with_port)));
    }
    match backend(text)? {
        BackendAddress::Socket(address) => Ok(address),
        BackendAddress::Name { host: name, .. } | BackendAddress::Srv(name) => {
            Err(Problem::new(format!("{} is a host name, and nothing resolves it", quote(&name)))
                .remedy("write an IP address, such as \"10.0.0.53:53\""))
        }
    }
}

/// The part before the port.
enum Host<'t> {
    Ip(IpAddr),
    Name(&'t str),
}

/// Parts a text at its port. `example` is an address to suggest in front of a port that has none.
fn split<'t>(text: &'t str, example: &str) -> Result<(Host<'t>, u16), Problem> {
    let quoted = quote(text);
    if text.is_empty() {
        return Err(Problem::new("is empty")
            .remedy(format!("write an address and a port, such as \"{example}:8080\"")));
    }
    if let Some(rest) = text.strip_prefix('[') {
        let Some((inside, after)) = rest.split_once(']') else {
            return Err(Problem::new(format!("{quoted} has no closing bracket"))
                .remedy("write \"[::1]:8080\""));
        };
        let Ok(ip) = inside.parse::<Ipv6Addr>() else {
            return Err(Problem::new(format!("{} is not an IPv6 address", quote(inside)))
                .remedy("write an IPv6 address between the brackets, as in \"[::1]:8080\""));
        };
        let Some(digits) = after.strip_prefix(':') else {
            return Err(no_port(&quoted, &format!("[{ip}]")));
        };
        return Ok((Host::Ip(ip.into()), port(digits, &quoted, &format!("[{ip}]"))?));
    }
    if let Ok(ip) = text.parse::<Ipv6Addr>() {
        return Err(Problem::new(format!("{quoted} is an IPv6 address without brackets")).remedy(
            format!("write the address in brackets and then the port, as in \"[{ip}]:8080\""),
        ));
    }
    let Some((host, digits)) = text.rsplit_once(':') else {
        return Err(if text.bytes().all(|byte| byte.is_ascii_digit()) {
            Problem::new(format!("{quoted} is a port without an address"))
                .remedy(format!("write \"{example}:{text}\""))
        } else {
            no_port(&quoted, text)
        });
    };
    if host.contains(':') {
        return Err(Problem::new(format!("{quoted} has more than one colon"))
            .remedy("write an IPv6 address in brackets, as in \"[::1]:8080\""));
    }
    let port = port(digits, &quoted, host)?;
    if host.is_empty() {
        return Err(Problem::new(format!("{quoted} has a port and no address"))
            .remedy(format!("write \"{example}:{port}\"")));
    }
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Ok((Host::Ip(ip.into()), port));
    }
    if host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(Problem::new(format!("{} is not an IPv4 address", quote(host)))
            .remedy(format!("write four numbers from 0 to 255, as in \"{example}:{port}\"")));
    }
    Ok((Host::Name(host), port))
}

fn port(digits: &str, quoted: &str, host: &str) -> Result<u16, Problem> {
    if digits.is_empty() {
        return Err(no_port(quoted, host));
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::new(format!("{} is not a port", quote(digits)))
            .remedy("write a number from 0 to 65535"));
    }
    digits.parse().map_err(|_| {
        Problem::new(format!("port {} is above 65535", quote(digits)))
            .remedy("write a number from 0 to 65535")
    })
}

fn no_port(quoted: &str, host: &str) -> Problem {
    Problem::new(format!("{quoted} has no port"))
        .remedy(format!("write the port after a colon, as in {}", quote(&format!("{host}:8080"))))
}

/// RFC 1123, section 2.1, with the underscore that service names in private zones use.
pub(crate) fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests;
