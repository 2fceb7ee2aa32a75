//! The ports that the kernel gives to sockets that connect.

use std::fs;
use std::ops::RangeInclusive;
use std::sync::OnceLock;

/// Of both IPv4 and IPv6.
const SETTING: &str = "/proc/sys/net/ipv4/ip_local_port_range";

/// Whether the kernel may give `port` to a socket that connects; read once for the process.
pub(super) fn contains(port: u16) -> bool {
    static RANGE: OnceLock<RangeInclusive<u16>> = OnceLock::new();
    let range = RANGE.get_or_init(|| {
        // Any port, where it cannot be known.
        fs::read_to_string(SETTING).ok().and_then(|text| parse(&text)).unwrap_or(0..=u16::MAX)
    });
    range.contains(&port)
}

fn parse(text: &str) -> Option<RangeInclusive<u16>> {
    let mut ports = text.split_ascii_whitespace().map(str::parse);
    Some(ports.next()?.ok()?..=ports.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_read_as_the_kernel_writes_it() {
        assert_eq!(parse("32768\t60999\n"), Some(32768..=60999));
        assert_eq!(parse("32768"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn a_port_that_was_given_is_in_the_range() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert!(contains(socket.local_addr().unwrap().port()));
    }
}
