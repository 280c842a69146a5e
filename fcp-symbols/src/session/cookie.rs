//! Stateless cookies (§4.2, D45): who answers a demand has shown that it receives at its address.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use fcp_core::lp;
use fcp_core::rand_core::CryptoRng;
use fcp_core::time::Millis;
use hmac::Mac as _;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::MeshSessionHello;
use crate::hmac::hmac_sha256;

/// How long a cookie key is the current one, in seconds; for as long again it is the previous one (§4.2).
pub const COOKIE_KEY_SECS: u64 = 60;

/// The responder's two cookie keys. They never leave it, so a cookie's bytes are nobody else's business.
pub struct CookieKeys {
    current: Zeroizing<[u8; 32]>,
    previous: Option<Zeroizing<[u8; 32]>>,
    since: Millis,
}

fn draw(rng: &mut impl CryptoRng) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    rng.fill_bytes(&mut key[..]);
    key
}

impl CookieKeys {
    /// A fresh key.
    #[must_use]
    pub fn new(now: Millis, rng: &mut impl CryptoRng) -> Self {
        Self { current: draw(rng), previous: None, since: now }
    }

    /// Draws a new key where the current one has served its time. To be called before keys are used.
    pub fn rotate(&mut self, now: Millis, rng: &mut impl CryptoRng) {
        // A clock that was set back must not make the key live until it has caught up.
        self.since = self.since.min(now);
        let age = now.since(self.since) / 1000;
        if age < COOKIE_KEY_SECS {
            return;
        }
        let outgoing = core::mem::replace(&mut self.current, draw(rng));
        self.previous = (age < COOKIE_KEY_SECS.saturating_mul(2)).then_some(outgoing);
        self.since = now;
    }

    /// The cookie that this hello from this address must come back with (D45).
    #[must_use]
    pub fn bake(&self, hello: &MeshSessionHello, source: SocketAddr) -> [u8; 32] {
        cookie(&self.current, hello, source)
    }

    /// Whether `cookie` was baked for this hello and address, under the current key or the previous one.
    #[must_use]
    pub fn accepts(&self, cookie: &[u8; 32], hello: &MeshSessionHello, source: SocketAddr) -> bool {
        let matches = |key: &[u8; 32]| self::cookie(key, hello, source).ct_eq(cookie);
        let current = matches(&self.current);
        match &self.previous {
            Some(previous) => bool::from(current | matches(previous)),
            None => bool::from(current),
        }
    }
}

impl core::fmt::Debug for CookieKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("CookieKeys(..)")
    }
}

/// HMAC-SHA256(key, `FCP2-COOKIE-V1` ‖ lp(from) ‖ lp(to) ‖ ephemeral key ‖ nonce ‖ time u64 ‖ u8 count ‖ suites ‖
/// opt(limit) ‖ address as 16 bytes of IPv6 ‖ port u16) (D45).
fn cookie(key: &[u8; 32], hello: &MeshSessionHello, source: SocketAddr) -> [u8; 32] {
    let mut bytes = Vec::with_capacity(256);
    bytes.extend_from_slice(b"FCP2-COOKIE-V1");
    lp::push(&mut bytes, hello.from.as_bytes());
    lp::push(&mut bytes, hello.to.as_bytes());
    bytes.extend_from_slice(&hello.eph_pubkey);
    bytes.extend_from_slice(&hello.nonce);
    bytes.extend_from_slice(&hello.timestamp.as_secs().to_le_bytes());
    hello.push_suites_and_limits(&mut bytes);
    let address = match source.ip() {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    bytes.extend_from_slice(&address.octets());
    bytes.extend_from_slice(&source.port().to_le_bytes());
    let mut mac = hmac_sha256(key);
    mac.update(&bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::{CookieKeys, MeshSessionHello};
    use crate::session::{SuiteId, SuiteOffer, TransportLimits};
    use core::net::SocketAddr;
    use fcp_core::id::NodeId;
    use fcp_core::rand_core::SeedableRng as _;
    use fcp_core::sign::Signature;
    use fcp_core::time::Millis;

    fn hello() -> MeshSessionHello {
        let suites = SuiteOffer::new(&[SuiteId::new(1)]).unwrap();
        MeshSessionHello { suites, ..crate::session::messages::tests::hello() }
    }

    // HMAC-SHA256 under 32 times 05 over the fields of D45, computed with Python's hmac.
    #[test]
    fn known_answer() {
        let cookie = super::cookie(&[5; 32], &hello(), "192.0.2.1:4000".parse().unwrap());
        assert_eq!(cookie, hex_literal::hex!("10d2a03b0fe55f788c876627b7716f96a8e3c5469fd87cbd2de5354022fe8172"));
    }

    #[test]
    fn a_cookie_is_bound_to_the_hello_and_the_address() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(5);
        let keys = CookieKeys::new(Millis::from_millis(0), &mut rng);
        let here: SocketAddr = "192.0.2.1:4000".parse().unwrap();
        let hello = hello();
        let cookie = keys.bake(&hello, here);
        assert!(keys.accepts(&cookie, &hello, here));
        // The mapped form is the same address.
        assert!(keys.accepts(&cookie, &hello, "[::ffff:192.0.2.1]:4000".parse().unwrap()));
        assert!(!keys.accepts(&cookie, &hello, "192.0.2.1:4001".parse().unwrap()));
        assert!(!keys.accepts(&cookie, &hello, "192.0.2.2:4000".parse().unwrap()));

        let changes: [fn(&mut MeshSessionHello); 7] = [
            |hello| hello.from = NodeId::new("nLaptoq").unwrap(),
            |hello| hello.to = NodeId::new("nServer02").unwrap(),
            |hello| hello.eph_pubkey[31] ^= 1,
            |hello| hello.nonce[0] ^= 1,
            |hello| hello.timestamp = hello.timestamp.saturating_add(1),
            |hello| hello.suites = SuiteOffer::new(&[SuiteId::new(2)]).unwrap(),
            |hello| hello.transport_limits = Some(TransportLimits::default()),
        ];
        for change in changes {
            let mut other = hello.clone();
            change(&mut other);
            assert!(!keys.accepts(&cookie, &other, here));
        }
        // The retried hello is signed again and carries the cookie: neither is covered.
        let mut retried = hello;
        retried.cookie = Some(cookie);
        retried.signature = Signature::from_bytes([0x44; 64]);
        assert!(keys.accepts(&cookie, &retried, here));
    }

    #[test]
    fn a_cookie_outlives_one_rotation_and_no_more() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(6);
        let here: SocketAddr = "[2001:db8::1]:1".parse().unwrap();
        let at = |seconds: u64| Millis::from_millis(seconds * 1000);
        let mut keys = CookieKeys::new(at(0), &mut rng);
        let hello = hello();
        let cookie = keys.bake(&hello, here);
        keys.rotate(at(59), &mut rng);
        assert_eq!(keys.bake(&hello, here), cookie);
        keys.rotate(at(60), &mut rng);
        assert_ne!(keys.bake(&hello, here), cookie);
        assert!(keys.accepts(&cookie, &hello, here));
        keys.rotate(at(120), &mut rng);
        assert!(!keys.accepts(&cookie, &hello, here));

        let cookie = keys.bake(&hello, here);
        keys.rotate(at(240), &mut rng);
        assert!(!keys.accepts(&cookie, &hello, here), "a key that was current for two terms is gone");
    }

    #[test]
    fn a_clock_that_was_set_back_prolongs_no_key() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(7);
        let here: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let at = |seconds: u64| Millis::from_millis(seconds * 1000);
        let mut keys = CookieKeys::new(at(100_000), &mut rng);
        let hello = hello();
        let cookie = keys.bake(&hello, here);
        keys.rotate(at(5), &mut rng);
        assert_eq!(keys.bake(&hello, here), cookie);
        keys.rotate(at(65), &mut rng);
        assert_ne!(keys.bake(&hello, here), cookie);
        keys.rotate(at(125), &mut rng);
        assert!(!keys.accepts(&cookie, &hello, here));
    }
}
