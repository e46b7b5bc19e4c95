//! Networks in CIDR notation, for proxies whose forwarding headers are trusted.

use std::net::IpAddr;
use std::str::FromStr;

/// A network such as `10.0.0.0/8` or `2001:db8::/32`; an address without a length is a network of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    network: IpAddr,
    length: u8,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a network such as 10.0.0.0/8 or 2001:db8::/32")]
pub(crate) struct NotACidr;

impl Cidr {
    /// Returns true if the network contains the address. An IPv4-mapped address (`::ffff:10.0.0.1`) counts as IPv4.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same_prefix(network.to_bits().into(), address.to_bits().into(), 32 - u32::from(self.length))
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), 128 - u32::from(self.length))
            }
            _ => false,
        }
    }
}

fn same_prefix(left: u128, right: u128, host_bits: u32) -> bool {
    // A prefix of length 0 would shift by the whole width; it matches every address.
    (left ^ right).checked_shr(host_bits).unwrap_or(0) == 0
}

impl FromStr for Cidr {
    type Err = NotACidr;

    fn from_str(text: &str) -> Result<Self, NotACidr> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse().map_err(|_| NotACidr)?)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().map_err(|_| NotACidr)?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let length = length.unwrap_or(longest);
        if length > longest { Err(NotACidr) } else { Ok(Self { network, length }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(cidr: &str, address: &str) -> bool {
        cidr.parse::<Cidr>().expect("a network").contains(address.parse().expect("an address"))
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        assert!(holds("10.0.0.0/8", "10.255.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::9"));
        assert!(!holds("2001:db8::/32", "2001:db9::9"));
        assert!(!holds("10.0.0.0/8", "::1"));
    }

    #[test]
    fn length_zero_holds_every_address_of_its_family() {
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(holds("::/0", "2001:db8::1"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
    }

    #[test]
    fn a_bare_address_is_itself_alone() {
        assert!(holds("192.0.2.1", "192.0.2.1"));
        assert!(!holds("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn a_mapped_address_counts_as_ipv4() {
        assert!(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "ten", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8"] {
            assert_eq!(text.parse::<Cidr>(), Err(NotACidr), "{text}");
        }
    }
}
