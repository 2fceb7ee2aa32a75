//! Addresses.

use std::io::Write;
use std::net::SocketAddr;

/// Appends `address` as its `Display` writes it, without the machinery of `fmt` for IPv4.
#[inline]
pub(super) fn address(out: &mut Vec<u8>, address: SocketAddr) {
    let SocketAddr::V4(v4) = address else {
        // Writing to memory cannot fail.
        let _always = write!(out, "{address}");
        return;
    };
    let mut digits = itoa::Buffer::new();
    for (octet, after) in v4.ip().octets().into_iter().zip(*b"...:") {
        out.extend_from_slice(digits.format(octet).as_bytes());
        out.push(after);
    }
    out.extend_from_slice(digits.format(v4.port()).as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_address_is_written_as_the_library_does(of: SocketAddr) {
            let mut out = Vec::new();
            address(&mut out, of);
            prop_assert_eq!(String::from_utf8(out).unwrap(), of.to_string());
        }
    }
}
