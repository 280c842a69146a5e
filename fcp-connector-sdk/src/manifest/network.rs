//! Network constraints as manifests write them (§7.3, §11.1).

use core::net::IpAddr;

use data_encoding::BASE64;
use fcp_caps::grant::NetworkConstraints;
use fcp_core::error::Reason;

use super::reader::{Item, Section};

/// Reads constraints; what is left out has the specification's default.
pub(super) fn read(section: Section<'_, '_>) -> NetworkConstraints {
    let mut constraints = NetworkConstraints::closed();
    macro_rules! read {
        ($($field:ident: $how:expr;)*) => {$(
            if let Some(item) = section.optional(stringify!($field))
                && let Some(value) = $how(&item)
            {
                constraints.$field = value;
            }
        )*};
    }
    // Empty lists would deny everything (D124), which nobody means who writes constraints.
    if let Some(hosts) = section.required("host_allow").and_then(|item| not_empty(&item, host)) {
        constraints.host_allow = hosts;
    }
    if let Some(ports) =
        section.required("port_allow").and_then(|item| not_empty(&item, |port| port.integer(1, 65_535)))
    {
        constraints.port_allow = ports;
    }
    read! {
        ip_allow: |item: &Item<'_, '_>| item.list(address);
        cidr_deny: |item: &Item<'_, '_>| item.list(range);
        deny_localhost: Item::boolean;
        deny_private_ranges: Item::boolean;
        deny_tailnet_ranges: Item::boolean;
        require_sni: Item::boolean;
        spki_pins: |item: &Item<'_, '_>| item.list(pin);
        deny_ip_literals: Item::boolean;
        require_host_canonicalization: Item::boolean;
        dns_max_ips: |item: &Item<'_, '_>| item.integer(1, 65_535);
        max_redirects: |item: &Item<'_, '_>| item.integer(0, 255);
        connect_timeout_ms: |item: &Item<'_, '_>| item.integer(1, i64::from(u32::MAX));
        total_timeout_ms: |item: &Item<'_, '_>| item.integer(1, i64::from(u32::MAX));
        max_response_bytes: |item: &Item<'_, '_>| item.integer(1, i64::MAX);
    }
    section.finish();
    constraints
}

fn not_empty<T: PartialEq>(item: &Item<'_, '_>, read: impl Fn(&Item<'_, '_>) -> Option<T>) -> Option<Vec<T>> {
    let list = item.list(read)?;
    if list.is_empty() {
        item.fault(Reason::ManifestBadValue, "an empty list denies everything");
    }
    Some(list)
}

/// A host in canonical form: exact, or `*.` before a suffix of at least two labels (D124, D125).
fn host(item: &Item<'_, '_>) -> Option<String> {
    let text = item.text()?;
    let (wildcard, name) = text.strip_prefix("*.").map_or((false, text), |suffix| (true, suffix));
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    let literal = !wildcard && name.parse::<IpAddr>().is_ok_and(|address| address.to_string() == name);
    let named = name.len() <= 253 && name.split('.').all(label) && (!wildcard || name.contains('.'));
    if literal || named {
        return Some(text.to_owned());
    }
    item.fault(Reason::ManifestBadValue, "expected a host in lower-case ASCII, or `*.` before one with a dot");
    None
}

fn address(item: &Item<'_, '_>) -> Option<IpAddr> {
    let text = item.text()?;
    let parsed = text.parse().ok().filter(|address: &IpAddr| address.to_string() == text);
    if parsed.is_none() {
        item.fault(Reason::ManifestBadValue, "expected an address in its canonical text form");
    }
    parsed
}

fn range(item: &Item<'_, '_>) -> Option<String> {
    let text = item.text()?;
    let valid = text.split_once('/').is_some_and(|(address, length)| {
        let longest = match address.parse() {
            Ok(IpAddr::V4(_)) => 32_u8,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        length.parse::<u8>().is_ok_and(|bits| bits <= longest && bits.to_string() == length)
    });
    if valid {
        return Some(text.to_owned());
    }
    item.fault(Reason::ManifestBadValue, "expected an address range such as `10.0.0.0/8`");
    None
}

/// The base64 of a SHA-256; `base64:` may stand before it, as in the specification's sample, and is dropped.
fn pin(item: &Item<'_, '_>) -> Option<String> {
    let text = item.text()?;
    let digits = text.strip_prefix("base64:").unwrap_or(text);
    if BASE64.decode(digits.as_bytes()).is_ok_and(|hash| hash.len() == 32) {
        return Some(digits.to_owned());
    }
    item.fault(Reason::ManifestBadValue, "expected the base64 of a SHA-256");
    None
}
