//! Addresses that belong together: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.1`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::Deserialize;

use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

/// Bits before the IPv4 address in an IPv4-mapped one (RFC 4291, section 2.5.5.2).
const MAPPED: u8 = 96;

pub(crate) static RULE: TextRule = TextRule {
    noun: "a network",
    describe: "an IP address or a network, such as \"10.0.0.0/8\" or \"::1\"",
    check: |text| read(text).map(|network| network.to_string()),
};

/// Addresses with the same beginning, or only one.
///
/// An IPv4-mapped IPv6 address is its IPv4 address, here and in what is looked for: a socket on
/// `[::]` shows IPv4 clients so.
///
/// ```
/// let network: trunkline_config::Network = "10.0.0.0/8".parse().expect("a network");
/// assert!(network.contains("::ffff:10.1.2.3".parse().expect("an address")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

impl Network {
    /// Whether the address is one of these.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

/// `10.0.0.0/8`; of a single address without its length.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() {
            self.0.addr().fmt(f)
        } else {
            self.0.fmt(f)
        }
    }
}

/// A text that is not a network; says why and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError(String);

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NetworkError {}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).map_err(|problem| NetworkError(problem.to_string()))
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

fn read(text: &str) -> Result<Network, Problem> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(Network(address.to_canonical().into()));
    }
    let Ok(network) = text.parse::<IpNet>() else {
        return Err(Problem::new(format!("{} is not a network", quote(text)))
            .remedy(format!("write {}", RULE.describe)));
    };
    let network = unmapped(network);
    // Which of the two was meant decides who is trusted.
    if network.trunc() != network {
        let message = format!("{} has an address beyond its length", quote(text));
        return Err(Problem::new(message).remedy(format!(
            "write \"{}\" for the network, or \"{}\" for the address alone",
            network.trunc(),
            network.addr()
        )));
    }
    Ok(Network(network))
}

/// A network of IPv4-mapped addresses as the one of IPv4 that it is.
fn unmapped(network: IpNet) -> IpNet {
    let mapped = |network: IpNet| {
        let IpAddr::V4(address) = network.addr().to_canonical() else { return None };
        Ipv4Net::new(address, network.prefix_len().checked_sub(MAPPED)?).ok()
    };
    match network {
        IpNet::V4(_) => network,
        IpNet::V6(_) => mapped(network).map_or(network, IpNet::V4),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        text.parse().expect("a network")
    }

    #[test]
    fn a_network_is_printed_as_it_would_be_written() {
        for (text, printed) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("::1", "::1"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:10.0.0.1", "10.0.0.1"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(network(text).to_string(), printed);
        }
    }

    #[test]
    fn what_is_no_network_is_answered_with_how_to_write_one() {
        for wrong in ["", "*", "10.0.0.0/33", "10.0.0", "10.0.0.0/", "localhost", "[::1]", "::1%lo"]
        {
            let answer = wrong.parse::<Network>().expect_err(wrong).to_string();
            assert!(
                answer.ends_with(
                    "write an IP address or a network, such as \"10.0.0.0/8\" or \"::1\""
                )
            );
        }
        assert_eq!(
            "10.0.0.1/8".parse::<Network>().expect_err("two meanings").to_string(),
            "\"10.0.0.1/8\" has an address beyond its length: \
             write \"10.0.0.0/8\" for the network, or \"10.0.0.1\" for the address alone"
        );
    }

    #[test]
    fn all_of_ipv6_is_not_all_of_ipv4() {
        assert!(!network("::/0").contains("::ffff:10.0.0.1".parse().expect("an address")));
        assert!(network("::/0").contains("2001:db8::1".parse().expect("an address")));
    }

    proptest! {
        #[test]
        fn a_network_has_the_addresses_that_begin_as_it_does(
            bits: u32, length in 0..=32_u32, other: u32, flipped in 0..32_u32,
        ) {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            let network = network(&format!("{}/{length}", Ipv4Addr::from(bits & mask)));
            for candidate in [other, bits, bits ^ (1 << flipped)] {
                let address = Ipv4Addr::from(candidate);
                let within = candidate & mask == bits & mask;
                prop_assert_eq!(network.contains(address.into()), within);
                prop_assert_eq!(network.contains(address.to_ipv6_mapped().into()), within);
            }
        }

        #[test]
        fn a_network_is_read_back_as_it_is_printed(bits: u128, length in 0..=128_u32) {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            let address = Ipv6Addr::from(bits & mask);
            let once = network(&format!("{address}/{length}"));
            prop_assert_eq!(network(&once.to_string()), once);
        }
    }
}
