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

/// Another key from a key and what it is for: the finalizer of SplitMix64 (Steele, Lea and Flood,
/// 2014), which makes of any two that differ in one bit two that differ in half of them.
pub(crate) fn mixed(key: u64, with: u64) -> u64 {
    let mut mixed = key ^ with;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
