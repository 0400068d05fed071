//! A part of the address space, as it is written in settings and grants. What it is for is not its business.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The addresses that start with the same bits, written `"10.0.0.0/8"`; or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// `10.0.0.0/8`, or one address. Bits behind the first ones have to be zero: what was meant is not guessed.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let first: IpAddr = address.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok()).filter(|bits| *bits <= most)?;
        let network = Self { first, bits };
        (network.masked(first) == first).then_some(network)
    }

    /// The network of so many bits around an address.
    pub fn around(address: IpAddr, bits: u8) -> Self {
        let bits = bits.min(if address.is_ipv4() { 32 } else { 128 });
        let wide = Self { first: address, bits };
        Self { first: wide.masked(address), bits }
    }

    /// Whether it is one of these.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && self.masked(address) == self.first
    }

    /// Whether all of those are of these.
    pub fn covers(&self, other: &Self) -> bool {
        self.bits <= other.bits && self.contains(other.first)
    }

    fn masked(&self, address: IpAddr) -> IpAddr {
        let bits = u32::from(self.bits);
        match address {
            IpAddr::V4(it) => Ipv4Addr::from(u32::from(it) & !u32::MAX.checked_shr(bits).unwrap_or(0)).into(),
            IpAddr::V6(it) => Ipv6Addr::from(u128::from(it) & !u128::MAX.checked_shr(bits).unwrap_or(0)).into(),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom(format!("{text:?} is no network like \"10.0.0.0/8\"")))
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_what_starts_as_they_do() {
        let ten = Network::parse("10.0.0.0/8").expect("a network");
        assert!(ten.contains([10, 255, 0, 1].into()) && !ten.contains([11, 0, 0, 0].into()));
        assert!(ten.covers(&Network::parse("10.1.0.0/16").expect("one")));
        assert!(!Network::parse("10.1.0.0/16").expect("one").covers(&ten));
        assert_eq!(Network::around([10, 1, 2, 3].into(), 8), ten);
        for text in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::1/64", "a/8", "", "010.0.0.0/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
