//! Where a call may connect to (§7.3), as data.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use fcp_core::cbor::{Decode, Encode};

/// Bounds on outgoing connections (§7.3). Every field is always present; [`closed`](Self::closed) has the
/// specification's defaults.
///
/// ```cddl
/// network-constraints = { host_allow: [* tstr], port_allow: [* 0..65535], ip_allow: [* tstr], cidr_deny: [* tstr],
///   deny_localhost: bool, deny_private_ranges: bool, deny_tailnet_ranges: bool, require_sni: bool,
///   spki_pins: [* tstr], deny_ip_literals: bool, require_host_canonicalization: bool, dns_max_ips: 0..65535,
///   max_redirects: 0..255, connect_timeout_ms: uint, total_timeout_ms: uint, max_response_bytes: uint }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct NetworkConstraints {
    /// Allowed hosts: exact, or `*.` and a suffix (D124). Empty allows none.
    pub host_allow: Vec<String>,
    /// Allowed ports. Empty allows none.
    pub port_allow: Vec<u16>,
    /// If not empty, every resolved address must be one of these. It never overrides a deny (D125).
    pub ip_allow: Vec<IpAddr>,
    /// Denied ranges, beside those that the flags deny.
    pub cidr_deny: Vec<String>,
    /// Whether this host's own addresses are denied.
    pub deny_localhost: bool,
    /// Whether private and special ranges are denied.
    pub deny_private_ranges: bool,
    /// Whether the mesh's own ranges are denied.
    pub deny_tailnet_ranges: bool,
    /// Whether the TLS server name must be the host.
    pub require_sni: bool,
    /// Base64 of the SHA-256 of acceptable public keys. Empty accepts any that the chain vouches for.
    pub spki_pins: Vec<String>,
    /// Whether a host that is an address is refused.
    pub deny_ip_literals: bool,
    /// Whether a host must be in its canonical form.
    pub require_host_canonicalization: bool,
    /// The most addresses that one name may resolve to.
    pub dns_max_ips: u16,
    /// The most redirects that are followed.
    pub max_redirects: u8,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u32,
    /// How long the whole request may take, in milliseconds.
    pub total_timeout_ms: u32,
    /// The most bytes of a response's body.
    pub max_response_bytes: u64,
}

impl NetworkConstraints {
    /// The specification's defaults: no host and no port allowed, everything deniable denied.
    #[must_use]
    pub const fn closed() -> Self {
        Self {
            host_allow: Vec::new(),
            port_allow: Vec::new(),
            ip_allow: Vec::new(),
            cidr_deny: Vec::new(),
            deny_localhost: true,
            deny_private_ranges: true,
            deny_tailnet_ranges: true,
            require_sni: true,
            spki_pins: Vec::new(),
            deny_ip_literals: true,
            require_host_canonicalization: true,
            dns_max_ips: 16,
            max_redirects: 5,
            connect_timeout_ms: 10_000,
            total_timeout_ms: 60_000,
            max_response_bytes: 10_485_760,
        }
    }

    /// Whether everything that these bounds let pass, `wider` lets pass too, as far as the lists and limits say.
    ///
    /// Denied ranges and pins need no look: both sides' apply to a call.
    #[must_use]
    pub fn restricts(&self, wider: &Self) -> bool {
        let hosts = self.host_allow.iter().all(|host| wider.host_allow.iter().any(|other| host_covers(other, host)));
        let ports = self.port_allow.iter().all(|port| wider.port_allow.contains(port));
        let addresses = wider.ip_allow.is_empty()
            || (!self.ip_allow.is_empty() && self.ip_allow.iter().all(|address| wider.ip_allow.contains(address)));
        // A flag that is set on the wider side must be set here.
        let flags = [
            (wider.deny_localhost, self.deny_localhost),
            (wider.deny_private_ranges, self.deny_private_ranges),
            (wider.deny_tailnet_ranges, self.deny_tailnet_ranges),
            (wider.require_sni, self.require_sni),
            (wider.deny_ip_literals, self.deny_ip_literals),
            (wider.require_host_canonicalization, self.require_host_canonicalization),
        ];
        let limits = self.dns_max_ips <= wider.dns_max_ips
            && self.max_redirects <= wider.max_redirects
            && self.connect_timeout_ms <= wider.connect_timeout_ms
            && self.total_timeout_ms <= wider.total_timeout_ms
            && self.max_response_bytes <= wider.max_response_bytes;
        hosts && ports && addresses && flags.iter().all(|(wide, narrow)| *narrow || !*wide) && limits
    }
}

/// Whether every host that `narrow` allows, `wide` allows too: the same text, or below the same suffix (D124).
fn host_covers(wide: &str, narrow: &str) -> bool {
    let hosts = narrow.strip_prefix('*').unwrap_or(narrow);
    let below = |suffix: &str| hosts.strip_suffix(suffix).is_some_and(|labels| !labels.is_empty());
    wide == narrow || wide.strip_prefix('*').is_some_and(|suffix| suffix.starts_with('.') && below(suffix))
}

#[cfg(test)]
mod tests {
    use super::{NetworkConstraints, host_covers};

    #[test]
    fn suffixes_cover_what_is_below_them_and_not_the_apex() {
        for (wide, narrow, covers) in [
            ("api.example.com", "api.example.com", true),
            ("*.example.com", "api.example.com", true),
            ("*.example.com", "a.b.example.com", true),
            ("*.example.com", "*.b.example.com", true),
            ("*.example.com", "*.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", "evilexample.com", false),
            ("*.b.example.com", "*.example.com", false),
            ("api.example.com", "*.example.com", false),
            ("example.com", "api.example.com", false),
        ] {
            assert_eq!(host_covers(wide, narrow), covers, "{wide} {narrow}");
        }
    }

    #[test]
    fn each_dimension_alone_can_widen() {
        let mut wide = NetworkConstraints::closed();
        wide.host_allow = vec!["*.example.com".into()];
        wide.port_allow = vec![443, 8443];
        wide.ip_allow = vec!["192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()];
        let mut narrow = wide.clone();
        narrow.host_allow = vec!["api.example.com".into()];
        narrow.port_allow = vec![443];
        narrow.max_redirects = 0;
        assert!(narrow.restricts(&wide) && wide.restricts(&wide));
        let widenings: [fn(&mut NetworkConstraints); 9] = [
            |own| own.host_allow.push("example.org".into()),
            |own| own.port_allow.push(80),
            |own| own.ip_allow.clear(),
            |own| own.ip_allow.push("198.51.100.1".parse().unwrap()),
            |own| own.deny_localhost = false,
            |own| own.require_sni = false,
            |own| own.dns_max_ips = 17,
            |own| own.total_timeout_ms = 60_001,
            |own| own.max_response_bytes += 1,
        ];
        for (index, widen) in widenings.into_iter().enumerate() {
            let mut wider = narrow.clone();
            widen(&mut wider);
            assert!(!wider.restricts(&wide), "{index}");
        }
    }
}
