//! The key schedule (§4.2, D40, D41).

use fcp_core::error::Reason;
use fcp_core::id::NodeId;
use fcp_core::lp;
use fcp_core::rand_core::CryptoRng;
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::SessionId;

/// The exchange gives zero: the other key is a point of small order (D47).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key exchange gives zero")]
pub struct ZeroSharedSecret;

impl ZeroSharedSecret {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::SessionZeroSharedSecret
    }
}

/// An X25519 key for one handshake: consumed by the exchange, erased when dropped.
pub(super) struct EphemeralKey(x25519_dalek::StaticSecret);

impl EphemeralKey {
    pub(super) fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        let key = Self(x25519_dalek::StaticSecret::from(bytes));
        bytes.zeroize();
        key
    }

    pub(super) fn public(&self) -> [u8; 32] {
        x25519_dalek::PublicKey::from(&self.0).to_bytes()
    }

    /// The shared secret with the peer's key, which must not be zero.
    pub(super) fn agree(&self, peer: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, ZeroSharedSecret> {
        let shared = self.0.diffie_hellman(&x25519_dalek::PublicKey::from(*peer));
        if shared.was_contributory() { Ok(Zeroizing::new(shared.to_bytes())) } else { Err(ZeroSharedSecret) }
    }
}

/// What a handshake agreed on, as both ends know it.
#[derive(Debug, Clone, Copy)]
pub struct KeyContext<'a> {
    /// The session's id.
    pub session_id: &'a SessionId,
    /// Who said hello.
    pub initiator: &'a NodeId,
    /// Who answered.
    pub responder: &'a NodeId,
    /// The hello's nonce.
    pub hello_nonce: &'a [u8; 16],
    /// The answer's nonce.
    pub ack_nonce: &'a [u8; 16],
}

/// The three keys of a session (§4.2). Erased when dropped.
pub struct SessionKeys(Zeroizing<[u8; 96]>);

impl SessionKeys {
    /// Derives the keys (D40, D41): prk = HKDF-SHA256(salt = session id, ikm = shared secret, info = `FCP2-SESSION-V1` ‖
    /// lp(initiator) ‖ lp(responder) ‖ hello nonce ‖ ack nonce, 32); keys = HKDF-Expand(prk, `FCP2-SESSION-KEYS-V1`, 96).
    #[must_use]
    pub fn derive(shared_secret: &[u8; 32], context: KeyContext<'_>) -> Self {
        let (initiator, responder) = (context.initiator.as_bytes(), context.responder.as_bytes());
        let info: [&[u8]; 7] = [
            b"FCP2-SESSION-V1",
            &lp::prefix(initiator),
            initiator,
            &lp::prefix(responder),
            responder,
            context.hello_nonce,
            context.ack_nonce,
        ];
        let mut prk = Zeroizing::new([0; 32]);
        let extracted = hkdf::Hkdf::<Sha256>::new(Some(context.session_id.as_bytes()), shared_secret);
        let expanded = extracted.expand_multi_info(&info, &mut prk[..]);
        debug_assert!(expanded.is_ok(), "32 bytes are within the limit of HKDF-SHA256");

        let mut keys = Zeroizing::new([0; 96]);
        let expanded = hkdf::Hkdf::<Sha256>::from_prk(&prk[..])
            .map(|expander| expander.expand(b"FCP2-SESSION-KEYS-V1", &mut keys[..]));
        debug_assert!(matches!(expanded, Ok(Ok(()))), "96 bytes are within the limit of HKDF-SHA256");
        Self(keys)
    }

    fn part(&self, index: usize) -> &[u8; 32] {
        let (parts, _) = self.0.as_chunks::<32>();
        parts.get(index).unwrap_or(&[0; 32])
    }

    /// The MAC key of datagrams from initiator to responder.
    #[must_use]
    pub fn mac_i2r(&self) -> &[u8; 32] {
        self.part(0)
    }

    /// The MAC key of datagrams from responder to initiator.
    #[must_use]
    pub fn mac_r2i(&self) -> &[u8; 32] {
        self.part(1)
    }

    /// The AEAD key of control-plane frames (§9.4).
    #[must_use]
    pub fn context(&self) -> &[u8; 32] {
        self.part(2)
    }
}

impl core::fmt::Debug for SessionKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SessionKeys(..)")
    }
}
