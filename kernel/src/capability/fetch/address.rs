//! Which addresses are whose: everybody's, this network's, or nobody's to ask. It resolves no name and knows no grant.

use std::net::IpAddr;

use crate::config::Network;

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

/// Whether all of a network is inside one of those that are inside.
pub(super) fn is_inside(network: &Network) -> bool {
    let inside = V4.iter().chain(V6).filter(|(_, reach)| *reach == Reach::Inside);
    inside.filter_map(|(inside, _)| Network::parse(inside)).any(|inside| inside.covers(network))
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
    fn inside_is_what_lies_in_a_network_of_ones_own() {
        let of = |text| is_inside(&Network::parse(text).expect(text));
        assert!(of("10.0.0.0/8") && of("10.1.0.0/16") && of("::1/128"));
        for text in ["0.0.0.0/0", "172.0.0.0/8", "8.8.8.8", "::/0", "fe80::/10", "169.254.0.0/16"] {
            assert!(!of(text), "{text}");
        }
    }
}
