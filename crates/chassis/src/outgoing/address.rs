//! Which addresses may be called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks that may be reached although they lie in a refused range.
#[derive(Debug, Clone, Default)]
pub struct Allowed(Vec<Network>);

#[derive(Debug, Clone, Copy)]
struct Network {
    /// Both families as 128 bits; IPv4 as mapped.
    bits: u128,
    length: u32,
}

impl Allowed {
    /// Reads networks: `10.0.0.0/8`, `fd00::/8`, or a single address.
    ///
    /// # Errors
    /// The text that is no network.
    pub fn parse(texts: &[String]) -> Result<Self, String> {
        texts
            .iter()
            .map(|text| Network::parse(text).ok_or_else(|| text.clone()))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether the address may be called: it is public, or allowed all the same.
    #[must_use]
    pub fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.0.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (most, shift) = match address {
            IpAddr::V4(_) => (32, 96),
            IpAddr::V6(_) => (128, 0),
        };
        let length = length.unwrap_or(most);
        (length <= most).then_some(Self {
            bits: bits(address),
            length: length + shift,
        })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let apart = self.bits ^ bits(address);
        self.length == 0 || apart.leading_zeros() >= self.length
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// Whether an address belongs to the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| is_public_v6(v6), is_public_v4),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let refused = address.is_unspecified()
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        // "This network", carrier-grade NAT, protocol assignments, benchmarks, reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !refused
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only 2000::/3 is given out; of it documentation, benchmarks and ORCHID are refused.
    let given_out = first & 0xe000 == 0x2000;
    let documentation = (first == 0x2001 && second == 0x0db8) || (first & 0xfff0 == 0x3ff0);
    let special = first == 0x2001 && second < 0x0200;
    given_out && !documentation && !special
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64 or 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let pair = |high: u16, low: u16| Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(pair(high, low))
        }
        // `::` and `::1` are what they are.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(pair(high, low)),
        [0x2002, high, low, ..] => Some(pair(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        text.parse().is_ok_and(is_public)
    }

    #[test]
    fn refuses_what_is_not_the_public_internet() {
        for refused in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:7f00:1::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(!public(refused), "{refused}");
        }
        for fine in [
            "1.1.1.1",
            "100.128.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
        ] {
            assert!(public(fine), "{fine}");
        }
    }

    #[test]
    fn allows_what_it_is_told() {
        let networks = ["127.0.0.0/8", "fd00::/8", "10.1.2.3"].map(str::to_owned);
        let allowed = Allowed::parse(&networks).unwrap_or_default();
        for (address, expected) in [
            ("127.0.0.1", true),
            ("::ffff:127.9.9.9", true),
            ("10.1.2.3", true),
            ("10.1.2.4", false),
            ("fd12::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(
                address
                    .parse()
                    .is_ok_and(|address| allowed.permits(address)),
                expected,
                "{address}"
            );
        }
        for wrong in ["10.0.0.0/33", "x/8", "", "::/129"] {
            assert!(Allowed::parse(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
