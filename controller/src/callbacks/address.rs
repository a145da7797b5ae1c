//! Which addresses callbacks may reach: those of the public internet, and the networks that the operator has named. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// A network, as `10.1.0.0/16` or as one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// The bits that all of it has in common.
    prefix: u8,
}

/// A text that names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no network: write it as 10.1.0.0/16, fd00:1::/32 or one address, with no bit set behind the prefix"
)]
pub struct NoNetwork(String);

/// What is not the public internet, by the registries of special addresses (RFC 6890), and where clouds answer their
/// own machines at a public address.
const RESERVED_V4: [Network; 18] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([168, 63, 129, 16], 32),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 31, 196, 0], 24),
    v4([192, 52, 193, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([192, 175, 48, 0], 24),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 3),
];

/// All that is handed out to the public of version 6.
const PUBLIC_V6: Network = v6([0x2000, 0], 3);

/// What of that is something else: the protocols' own (Teredo, benchmarking, ORCHID), documentation, 6to4.
const RESERVED_V6: [Network; 4] =
    [v6([0x2001, 0], 23), v6([0x2001, 0xdb8], 32), v6([0x2002, 0], 16), v6([0x3fff, 0], 20)];

/// Where version 4 is behind a translator (NAT64).
const TRANSLATED: Network = v6([0x64, 0xff9b], 96);

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Network {
    Network { address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix }
}

const fn v6([a, b]: [u16; 2], prefix: u8) -> Network {
    Network { address: IpAddr::V6(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0)), prefix }
}

impl Network {
    /// Whether this address is in it, by its own version alone.
    fn holds(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let differs = u32::from(ours) ^ u32::from(other);
                differs.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let differs = u128::from(ours) ^ u128::from(other);
                differs.checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    /// Whether no bit is set behind the prefix, and the prefix is possible.
    fn is_sound(self) -> bool {
        match self.address {
            IpAddr::V4(address) => {
                let host = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                self.prefix <= 32 && u32::from(address) & host == 0
            }
            IpAddr::V6(address) => {
                let host = u128::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
                self.prefix <= 128 && u128::from(address) & host == 0
            }
        }
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let wrong = || NoNetwork(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let prefix = prefix.unwrap_or(if address.is_ipv4() { 32 } else { 128 });
        Some(Self { address, prefix }).filter(|network| network.is_sound()).ok_or_else(wrong)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether callbacks may reach this address, where these networks are allowed beside the public internet.
pub fn may_reach(address: IpAddr, allowed: &[Network]) -> bool {
    may_reach_from(&[], address, allowed)
}

/// The same on a host that has these addresses itself: what listens there is no more the public internet's than what is
/// behind it.
pub fn may_reach_from(own: &[IpAddr], address: IpAddr, allowed: &[Network]) -> bool {
    let address = plain(address);
    allowed.iter().any(|network| network.holds(address)) || (is_public(address) && !own.contains(&address))
}

/// An address of version 4 that is written as one of version 6, as what it is.
fn plain(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(translated) if TRANSLATED.holds(translated.into()) => {
            let [.., a, b, c, d] = translated.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        plain => plain,
    }
}

fn is_public(address: IpAddr) -> bool {
    let among = |networks: &[Network]| networks.iter().any(|network| network.holds(address));
    match address {
        IpAddr::V4(_) => !among(&RESERVED_V4),
        IpAddr::V6(_) => PUBLIC_V6.holds(address) && !among(&RESERVED_V6),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_reached(address: &str) -> bool {
        may_reach(address.parse().unwrap(), &[])
    }

    #[test]
    fn the_public_internet_is_reached() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
        ] {
            assert!(is_reached(address), "{address}");
        }
    }

    #[test]
    fn what_is_private_or_special_is_not_however_it_is_written() {
        for address in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "100::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:2::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_reached(address), "{address}");
        }
    }

    #[test]
    fn networks_that_the_operator_names_are_reached_beside() {
        let allowed = ["10.1.0.0/16", "fd00:1::/32", "127.0.0.2"].map(|text| text.parse().unwrap());
        let is_reached = |address: &str| may_reach(address.parse().unwrap(), &allowed);
        for address in
            ["10.1.255.1", "::ffff:10.1.0.1", "64:ff9b::10.1.0.1", "fd00:1:2::", "127.0.0.2", "8.8.8.8"]
        {
            assert!(is_reached(address), "{address}");
        }
        for address in ["10.2.0.1", "10.0.255.255", "fd00:2::", "127.0.0.1", "127.0.0.3", "::1"] {
            assert!(!is_reached(address), "{address}");
        }
        let everything = ["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        assert!(may_reach("127.0.0.1".parse().unwrap(), &everything));
        assert!(may_reach("::1".parse().unwrap(), &everything));
    }

    #[test]
    fn the_hosts_own_public_addresses_are_reached_only_where_the_operator_names_them() {
        let own = ["8.8.8.8", "2606:4700:4700::1111"].map(|text| text.parse().unwrap());
        let is_reached =
            |address: &str, allowed: &[Network]| may_reach_from(&own, address.parse().unwrap(), allowed);
        for address in ["8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700:4700::1111"] {
            assert!(!is_reached(address, &[]), "{address}");
            assert!(is_reached(address, &["8.8.8.0/24", "2606::/16"].map(|text| text.parse().unwrap())));
        }
        assert!(is_reached("8.8.4.4", &[]));
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        for text in
            ["", "10", "10.0.0.0/33", "10.0.0.1/8", "fd00::/129", "fd00::1/64", "10.0.0.0/", "a/8", "::/-1"]
        {
            let error = text.parse::<Network>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
        assert_eq!("10.1.0.0/16".parse::<Network>().unwrap().to_string(), "10.1.0.0/16");
    }

    proptest! {
        #[test]
        fn version_4_is_judged_alike_in_every_form(bits: u32) {
            let plain = Ipv4Addr::from(bits);
            let reached = may_reach(plain.into(), &[]);
            let mapped = IpAddr::V6(plain.to_ipv6_mapped());
            prop_assert_eq!(may_reach(mapped, &[]), reached);
            let translated = Ipv6Addr::from(0x64_ff9b_u128 << 96 | u128::from(bits));
            prop_assert_eq!(may_reach(translated.into(), &[]), reached);
            // Nobody offers anything at these.
            for first in [0x2002_u128 << 112 | u128::from(bits) << 80, 0x2001_u128 << 112 | u128::from(!bits), bits.into()] {
                prop_assert!(!may_reach(Ipv6Addr::from(first).into(), &[]));
            }
        }

        #[test]
        fn nothing_is_reached_that_the_standard_library_calls_special(bits: u32, six: u128) {
            let four = Ipv4Addr::from(bits);
            if may_reach(four.into(), &[]) {
                prop_assert!(!four.is_private() && !four.is_loopback() && !four.is_link_local());
                prop_assert!(!four.is_multicast() && !four.is_broadcast() && !four.is_documentation());
                prop_assert!(!four.is_unspecified());
            }
            let six = Ipv6Addr::from(six);
            if may_reach(six.into(), &[]) {
                prop_assert!(!six.is_loopback() && !six.is_unspecified() && !six.is_multicast());
                prop_assert!(!six.is_unique_local() && !six.is_unicast_link_local());
            }
        }

        #[test]
        fn a_network_holds_what_shares_its_prefix(bits: u32, prefix in 0_u8..=32, other: u32) {
            let host = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
            let network = Network { address: Ipv4Addr::from(bits & !host).into(), prefix };
            prop_assert_eq!(network.to_string().parse::<Network>(), Ok(network));
            let shares = (bits ^ other) & !host == 0;
            prop_assert_eq!(network.holds(Ipv4Addr::from(other).into()), shares);
        }
    }
}
