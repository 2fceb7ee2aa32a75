//! What the hashes hash, as a number.

use std::net::IpAddr;

use siphasher::sip::SipHasher13;

/// The key of some bytes, the same in every process, so that replicas agree (SipHash-1-3 with a key of
/// zeros: not for secrets).
#[must_use]
pub fn key_of(bytes: &[u8]) -> u64 {
    SipHasher13::new().hash(bytes)
}

/// The key of a client's address; an IPv4 address is the same in either form.
#[must_use]
pub fn key_of_address(address: IpAddr) -> u64 {
    match address.to_canonical() {
        IpAddr::V4(address) => key_of(&address.octets()),
        IpAddr::V6(address) => key_of(&address.octets()),
    }
}
