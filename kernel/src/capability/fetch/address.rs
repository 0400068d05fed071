//! Which addresses are whose: everybody's, this network's, or nobody's to ask. It resolves no name and knows no grant.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To the internet.
    Public,
    /// To this machine or its networks: asked only where a grant names it.
    Inside,
    /// Where no plugin has business: the metadata of clouds, link-local, multicast, what is reserved, and forms of
    /// IPv6 that hide an address of IPv4.
    Never,
}

/// The addresses that start with the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Network {
    first: IpAddr,
    bits: u8,
}

/// The first line that fits an address decides; one that fits none is public.
const V4: &[(&str, Reach)] = &[
    ("168.63.129.16/32", Reach::Never),   // Azure's host, a public number
    ("100.100.100.200/32", Reach::Never), // Alibaba's metadata
    ("127.0.0.0/8", Reach::Inside),
    ("10.0.0.0/8", Reach::Inside),
    ("172.16.0.0/12", Reach::Inside),
    ("192.168.0.0/16", Reach::Inside),
    ("100.64.0.0/10", Reach::Inside), // CGNAT, and overlay networks
    ("198.18.0.0/15", Reach::Inside), // benchmarks, and proxies that make up addresses
    ("0.0.0.0/8", Reach::Never),      // this machine, for Linux
    ("169.254.0.0/16", Reach::Never), // link-local, and most clouds' metadata
    ("192.0.0.0/24", Reach::Never),   // Oracle's metadata is in it
    ("192.0.2.0/24", Reach::Never),
    ("192.88.99.0/24", Reach::Never), // relays of 6to4
    ("198.51.100.0/24", Reach::Never),
    ("203.0.113.0/24", Reach::Never),
    ("224.0.0.0/3", Reach::Never), // multicast, reserved, broadcast
];

/// The same; one that fits none is nobody's: only `2000::/3` is given out.
const V6: &[(&str, Reach)] = &[
    ("fd00:ec2::254/128", Reach::Never), // Amazon's metadata
    ("fd20:ce::254/128", Reach::Never),  // Google's
    ("fd00:42::42/128", Reach::Never),   // Scaleway's
    ("::1/128", Reach::Inside),
    ("fc00::/7", Reach::Inside),
    ("2001::/23", Reach::Never), // Teredo and other experiments
    ("2001:db8::/32", Reach::Never),
    ("2002::/16", Reach::Never), // 6to4
    ("3fff::/20", Reach::Never),
    ("2000::/3", Reach::Public),
];

/// Where it leads.
pub(super) fn reach(address: IpAddr) -> Reach {
    let (table, otherwise) = if address.is_ipv4() { (V4, Reach::Public) } else { (V6, Reach::Never) };
    let has = |network: &str| Network::parse(network).is_some_and(|network| network.contains(address));
    table.iter().find(|(network, _)| has(network)).map_or(otherwise, |(_, reach)| *reach)
}

impl Network {
    /// `10.0.0.0/8`, or one address. Bits behind the first ones have to be zero: what was meant is not guessed.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let first: IpAddr = address.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok()).filter(|bits| *bits <= most)?;
        let network = Self { first, bits };
        (network.masked(first) == first).then_some(network)
    }

    /// Whether it is one of these.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.first.is_ipv4() == address.is_ipv4() && self.masked(address) == self.first
    }

    /// Whether all of those are of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        self.bits <= other.bits && self.contains(other.first)
    }

    /// Whether all of it is inside one of the networks that are inside.
    pub(super) fn is_inside(&self) -> bool {
        let inside = V4.iter().chain(V6).filter(|(_, reach)| *reach == Reach::Inside);
        inside.filter_map(|(network, _)| Self::parse(network)).any(|network| network.covers(self))
    }

    fn masked(&self, address: IpAddr) -> IpAddr {
        let bits = u32::from(self.bits);
        match address {
            IpAddr::V4(it) => Ipv4Addr::from(u32::from(it) & !u32::MAX.checked_shr(bits).unwrap_or(0)).into(),
            IpAddr::V6(it) => Ipv6Addr::from(u128::from(it) & !u128::MAX.checked_shr(bits).unwrap_or(0)).into(),
        }
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_a_network() {
        for (network, _) in V4.iter().chain(V6) {
            assert!(Network::parse(network).is_some(), "{network}");
        }
    }

    #[test]
    fn networks_hold_what_starts_as_they_do() {
        let ten = Network::parse("10.0.0.0/8").expect("a network");
        assert!(ten.contains([10, 255, 0, 1].into()) && !ten.contains([11, 0, 0, 0].into()));
        assert!(ten.covers(&Network::parse("10.1.0.0/16").expect("one")) && ten.is_inside());
        assert!(!Network::parse("10.1.0.0/16").expect("one").covers(&ten));
        for text in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "::1/64", "a/8", "", "010.0.0.0/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
        for text in ["0.0.0.0/0", "172.0.0.0/8", "8.8.8.8", "::/0", "fe80::/10", "169.254.0.0/16"] {
            assert!(!Network::parse(text).expect(text).is_inside(), "{text}");
        }
    }
}
