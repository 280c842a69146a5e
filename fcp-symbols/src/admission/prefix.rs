//! Which addresses share an account.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::AdmissionLimits;

/// The leading bits of an address, the rest zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Prefix(IpAddr);

impl Prefix {
    /// The prefix that `address` has an account under. An IPv4 address is the same in its IPv6 form.
    pub(super) fn of(address: IpAddr, limits: &AdmissionLimits) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => {
                let rest = u32::from(limits.ipv4_prefix.min(32)).abs_diff(32);
                IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & u32::MAX.checked_shl(rest).unwrap_or(0)))
            }
            IpAddr::V6(address) => {
                let rest = u32::from(limits.ipv6_prefix.min(128)).abs_diff(128);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & u128::MAX.checked_shl(rest).unwrap_or(0)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Prefix;
    use crate::admission::AdmissionLimits;
    use core::net::IpAddr;

    #[test]
    fn neighbors_share_an_account() {
        let same = |limits: AdmissionLimits, left: &str, right: &str| {
            let of = |text: &str| Prefix::of(text.parse::<IpAddr>().unwrap(), &limits);
            of(left) == of(right)
        };
        let default = AdmissionLimits::default();
        assert!(!same(default, "192.0.2.1", "192.0.2.2"));
        assert!(same(default, "192.0.2.1", "::ffff:192.0.2.1"));
        assert!(same(default, "2001:db8:0:1::1", "2001:db8:0:1:ffff::"));
        assert!(!same(default, "2001:db8:0:1::1", "2001:db8:0:2::1"));
        let wide = AdmissionLimits { ipv4_prefix: 24, ipv6_prefix: 0, ..default };
        assert!(same(wide, "192.0.2.1", "192.0.2.254") && !same(wide, "192.0.2.1", "192.0.3.1"));
        assert!(same(wide, "2001:db8::1", "fe80::1") && !same(wide, "192.0.2.1", "fe80::1"));
        let odd = AdmissionLimits { ipv4_prefix: 255, ipv6_prefix: 255, ..default };
        assert!(!same(odd, "192.0.2.1", "192.0.2.0") && !same(odd, "2001:db8::1", "2001:db8::"));
    }
}
