//! Says which addresses a source may be fetched from. Pure.
//!
//! A URL comes from whoever may write a Function; the pod that fetches it sits inside the cluster's network. So every
//! address is refused that is not a public one, unless the operator has allowed its network by name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use snafu::Snafu;

/// A network that the operator allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u8,
}

/// What is wrong with an allowed network.
#[derive(Clone, Debug, Eq, PartialEq, Snafu)]
#[snafu(display("{text:?} is not a network"))]
pub(crate) struct ParseNetwork {
    text: String,
}

impl std::str::FromStr for Network {
    type Err = ParseNetwork;

    fn from_str(text: &str) -> Result<Self, ParseNetwork> {
        let parsed = || {
            let (address, prefix) = match text.split_once('/') {
                Some((address, prefix)) => (address, Some(prefix)),
                None => (text, None),
            };
            let address: IpAddr = address.trim().parse().ok()?;
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let prefix = match prefix {
                Some(prefix) => prefix.trim().parse().ok().filter(|prefix| *prefix <= longest)?,
                None => longest,
            };
            Some(Self { address, prefix })
        };
        parsed().ok_or_else(|| ParseNetworkSnafu { text }.build())
    }
}

impl Network {
    fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                let high = |address: Ipv4Addr| u64::from(address.to_bits()) >> shift;
                high(network) == high(address)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// The address to connect to, if it may be connected to.
///
/// An IPv4 address in IPv6 clothes is judged, and reached, as what it is.
pub(crate) fn check(address: IpAddr, allowed: &[Network]) -> Option<IpAddr> {
    let address = address.to_canonical();
    let is_allowed = allowed.iter().any(|network| network.contains(address));
    (is_allowed || is_public(address)).then_some(address)
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Everything but the special-purpose registry's networks.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // "This network", private, loopback, link-local, multicast and reserved with broadcast.
        [0 | 10 | 127 | 224..=255, ..] | [169, 254, ..] | [192, 168, ..]
        // Protocol assignments, documentation, 6to4 relays.
        | [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => true,
        // Shared (carrier-grade NAT), private, benchmarks.
        [100, second, ..] => second & 0b1100_0000 == 64,
        [172, second, ..] => second & 0b1111_0000 == 16,
        [198, second, ..] if second & 0b1111_1110 == 18 => true,
        _ => false,
    };
    !special
}

/// Only global unicast, and of that nothing that leads to another address or nowhere.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let special = match segments {
        // Teredo, benchmarks, ORCHID and other protocol assignments: 2001::/23.
        [0x2001, second, ..] if second < 0x0200 => true,
        // Documentation, 6to4.
        [0x2001, 0x0db8, ..] | [0x2002, ..] => true,
        [0x3fff, second, ..] => second & 0xf000 == 0,
        _ => false,
    };
    segments[0] & 0xe000 == 0x2000 && !special
}

#[cfg(test)]
mod tests;
