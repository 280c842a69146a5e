//! Sealed boxes (§3.6.1, D36–D38): HPKE (RFC 9180) in base mode, bound to who, where, why and when.
//!
//! ```
//! # use fcp_core::{hpke::{self, Purpose, SealContext}, id::{NodeId, ZoneId}, sign::NodeEncryptionKey, time::Timestamp};
//! # use fcp_core::rand_core::SeedableRng;
//! # let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
//! let laptop = NodeEncryptionKey::generate(&mut rng);
//! let context = SealContext {
//!     purpose: Purpose::ZoneKey,
//!     zone: ZoneId::private().hash(),
//!     recipient: NodeId::new("nLaptop")?,
//!     issued_at: Timestamp::from_secs(1_700_000_000),
//! };
//! let sealed = hpke::seal(&laptop.public(), &context, b"a secret", &mut rng)?;
//! assert_eq!(&sealed.open(&laptop, &context)?[..], b"a secret");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::vec::Vec;

use hpke::{Deserializable as _, OpModeR, OpModeS, Serializable as _};
use zeroize::Zeroizing;

use crate::cbor::{self, Decode, Encode};
use crate::error::Reason;
use crate::id::{NodeId, ZoneIdHash};
use crate::sign::{NodeEncryptionKey, NodeEncryptionPublicKey};
use crate::time::Timestamp;

type Kem = hpke::kem::X25519HkdfSha256;
type Kdf = hpke::kdf::HkdfSha256;
type Aead = hpke::aead::ChaCha20Poly1305;

/// HPKE's `info` (D36).
const INFO: &[u8] = b"FCP2-HPKE";

/// DHKEM(X25519, HKDF-SHA256).
const KEM_ID: u16 = 0x0020;
/// HKDF-SHA256.
const KDF_ID: u16 = 0x0001;
/// ChaCha20-Poly1305.
const AEAD_ID: u16 = 0x0003;

/// What a box is for: a box of one purpose opens for no other (D36).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Purpose {
    /// A zone's symmetric key.
    #[fcp(name = "FCP2-ZONE-KEY")]
    ZoneKey,
    /// A zone's object-id key.
    #[fcp(name = "FCP2-OBJECTID-KEY")]
    ObjectIdKey,
    /// A share of the owner key.
    #[fcp(name = "FCP2-OWNER-SHARE")]
    OwnerShare,
    /// A share of a threshold secret.
    #[fcp(name = "FCP2-SECRET-SHARE")]
    SecretShare,
    /// A round-2 package of the owner key's generation.
    #[fcp(name = "FCP2-DKG")]
    KeyGeneration,
}

/// What a box is bound to: the map that is its associated data (D36).
#[derive(Debug, Clone, PartialEq, Eq, Encode)]
pub struct SealContext {
    /// What it is for.
    pub purpose: Purpose,
    /// The zone that it belongs to.
    #[fcp(name = "zone_id_hash")]
    pub zone: ZoneIdHash,
    /// Who may open it.
    #[fcp(name = "recipient_node_id")]
    pub recipient: NodeId,
    /// When it was sealed.
    pub issued_at: Timestamp,
}

impl SealContext {
    /// The associated data: canonical CBOR.
    #[must_use]
    pub fn aad(&self) -> Vec<u8> {
        cbor::encode(self)
    }
}

/// Why a box was not sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The box is not for this key and context, or was changed.
    #[error("sealed box does not open")]
    Open,
    /// The sender's key is of small order (D38).
    #[error("encapsulated key has small order")]
    LowOrder,
    /// The recipient's key cannot be used.
    #[error("recipient key is unusable")]
    Recipient,
}

impl SealError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Open => Reason::HpkeOpenFailed,
            Self::LowOrder | Self::Recipient => Reason::HpkeLowOrder,
        }
    }
}

/// A sealed box on the wire: `HpkeSealedBox` (§3.6.1, D38). Other algorithms are refused when it is decoded.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[fcp(check = baseline)]
pub struct SealedBox {
    kem_id: u16,
    kdf_id: u16,
    aead_id: u16,
    enc: [u8; 32],
    ct: Vec<u8>,
}

fn baseline(sealed: &SealedBox) -> Result<(), Reason> {
    match (sealed.kem_id, sealed.kdf_id, sealed.aead_id) {
        (KEM_ID, KDF_ID, AEAD_ID) => Ok(()),
        _ => Err(Reason::HpkeUnsupportedSuite),
    }
}

/// Seals `plaintext` so that only `recipient` opens it, and only under the same `context`.
///
/// # Errors
/// [`SealError::Recipient`] if the key cannot be used.
pub fn seal(
    recipient: &NodeEncryptionPublicKey,
    context: &SealContext,
    plaintext: &[u8],
    rng: &mut impl rand_core::CryptoRng,
) -> Result<SealedBox, SealError> {
    let public = <Kem as hpke::Kem>::PublicKey::from_bytes(recipient.as_bytes()).map_err(|_| SealError::Recipient)?;
    let (enc, ct) = hpke::single_shot_seal_with_rng::<Aead, Kdf, Kem>(
        &OpModeS::Base,
        &public,
        INFO,
        plaintext,
        &context.aad(),
        rng,
    )
    .map_err(|_| SealError::Recipient)?;
    Ok(SealedBox { kem_id: KEM_ID, kdf_id: KDF_ID, aead_id: AEAD_ID, enc: enc.to_bytes().into(), ct })
}

impl SealedBox {
    /// Opens the box.
    ///
    /// # Errors
    /// [`SealError::Open`] if it was sealed to another key or under another context, or was changed;
    /// [`SealError::LowOrder`] if the exchange gives zero (D38).
    pub fn open(&self, key: &NodeEncryptionKey, context: &SealContext) -> Result<Zeroizing<Vec<u8>>, SealError> {
        NodeEncryptionPublicKey::from_bytes(&self.enc).map_err(|_| SealError::LowOrder)?;
        let secret = <Kem as hpke::Kem>::PrivateKey::from_bytes(&*key.expose_bytes()).map_err(|_| SealError::Open)?;
        let enc = <Kem as hpke::Kem>::EncappedKey::from_bytes(&self.enc).map_err(|_| SealError::Open)?;
        hpke::single_shot_open::<Aead, Kdf, Kem>(&OpModeR::Base, &secret, &enc, INFO, &self.ct, &context.aad())
            .map(Zeroizing::new)
            .map_err(|_| SealError::Open)
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, SealContext, SealError, SealedBox, seal};
    use crate::cbor;
    use crate::id::{NodeId, ZoneId};
    use crate::sign::NodeEncryptionKey;
    use crate::time::Timestamp;
    use rand_core::SeedableRng as _;

    fn context() -> SealContext {
        SealContext {
            purpose: Purpose::ZoneKey,
            zone: ZoneId::work().hash(),
            recipient: NodeId::new("node-1").unwrap(),
            issued_at: Timestamp::from_secs(1_700_000_000),
        }
    }

    #[test]
    fn opens_only_under_the_same_context() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let key = NodeEncryptionKey::generate(&mut rng);
        let sealed = seal(&key.public(), &context(), b"secret", &mut rng).unwrap();
        assert_eq!(sealed.open(&key, &context()).unwrap().as_slice(), b"secret");

        let others = [
            SealContext { purpose: Purpose::ObjectIdKey, ..context() },
            SealContext { zone: ZoneId::owner().hash(), ..context() },
            SealContext { recipient: NodeId::new("node-2").unwrap(), ..context() },
            SealContext { issued_at: Timestamp::from_secs(1_700_000_001), ..context() },
        ];
        for other in others {
            assert_eq!(sealed.open(&key, &other), Err(SealError::Open));
        }
        let stranger = NodeEncryptionKey::generate(&mut rng);
        assert_eq!(sealed.open(&stranger, &context()), Err(SealError::Open));
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(2);
        let key = NodeEncryptionKey::generate(&mut rng);
        let bytes = cbor::encode(&seal(&key.public(), &context(), b"secret", &mut rng).unwrap());
        for index in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[index] ^= 1;
            let opened = cbor::decode::<SealedBox>(&changed).map(|sealed| sealed.open(&key, &context()).is_ok());
            assert_ne!(opened, Ok(true), "byte {index}");
        }
    }

    #[test]
    fn other_suites_and_small_order_keys_are_refused() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(3);
        let key = NodeEncryptionKey::generate(&mut rng);
        let mut sealed = seal(&key.public(), &context(), b"secret", &mut rng).unwrap();
        sealed.enc = [0; 32];
        assert_eq!(sealed.open(&key, &context()), Err(SealError::LowOrder));
        sealed.kem_id = 0x0010;
        let error = cbor::decode::<SealedBox>(&cbor::encode(&sealed)).unwrap_err();
        assert_eq!(error.reason().code(), "hpke.unsupported_suite");
    }
}
