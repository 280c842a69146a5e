//! The exact bytes that a signature covers.

use alloc::vec::Vec;

use super::key::{SigningKey, VerifyingKey};
use super::{Signature, SignatureError};
use crate::cbor::Encoder;
use crate::object::Message;

/// The exact bytes that a signature covers (§3.5.1).
///
/// Each kind begins with a schema hash or a domain string, or is a digest that begins with one, so that a signature over
/// one cannot be read as a signature over another, as long as no two purposes share a domain string.
#[derive(Clone, PartialEq, Eq)]
pub struct Preimage(Vec<u8>);

impl Preimage {
    /// A transcript that begins with `domain`, such as `FCP2-HELLO-V1`; `parts` follow it.
    ///
    /// The domain string must be of this purpose alone. With an empty one the parts are all that is signed and could mean
    /// anything: that is for test vectors of plain Ed25519, and nothing of the protocol is signed so.
    #[must_use]
    pub fn transcript(domain: &str, parts: &[&[u8]]) -> Self {
        let mut bytes = domain.as_bytes().to_vec();
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        Self(bytes)
    }

    /// The digest BLAKE3-256(`domain` ‖ parts), for what the specification signs by digest.
    #[must_use]
    pub fn digest(domain: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(domain.as_bytes());
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().as_bytes().to_vec())
    }

    /// The unsigned view of a message: its schema hash, then what `write` encodes (§3.5.1).
    #[must_use]
    pub fn view<T: Message>(write: impl FnOnce(&mut Encoder<'_>)) -> Self {
        let mut bytes = T::SCHEMA_HASH.as_bytes().to_vec();
        write(&mut Encoder::new(&mut bytes));
        Self(bytes)
    }

    /// A COSE `Sig_structure` of RFC 9052, which begins with its own context string (§7.5.1, D109).
    #[must_use]
    pub fn cose_sign1(protected: &[u8], payload: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(protected.len().saturating_add(payload.len()).saturating_add(32));
        let mut encoder = Encoder::new(&mut bytes);
        encoder.array(4);
        encoder.text("Signature1");
        encoder.bytes(protected);
        encoder.bytes(&[]);
        encoder.bytes(payload);
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for Preimage {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Preimage({} bytes)", self.0.len())
    }
}

/// The digest that a quorum signs: BLAKE3-256(domain ‖ schema hash ‖ the whole message) (D31).
#[must_use]
pub fn digest_preimage<T: Message>(domain: &str, message: &T) -> Preimage {
    Preimage::digest(domain, &[&message.to_body()])
}

/// A message that one key signs; derived from the field marked `#[fcp(signature)]`.
pub trait Signed: Message {
    /// The key role that signs it.
    type Signer: VerifyingKey;

    /// The signature.
    fn signature(&self) -> &Signature;

    /// The same message with another signature.
    #[must_use]
    fn with_signature(self, signature: Signature) -> Self;

    /// Writes the unsigned view (§3.5.1, D3).
    fn encode_unsigned(&self, encoder: &mut Encoder<'_>);

    /// What the signature covers: the schema hash and the unsigned view.
    fn preimage(&self) -> Preimage {
        Preimage::view::<Self>(|encoder| self.encode_unsigned(encoder))
    }

    /// The draft with its signature made by `key`.
    #[must_use]
    fn signed_by(self, key: &<Self::Signer as VerifyingKey>::Secret) -> Self {
        let signature = key.sign(&self.preimage());
        self.with_signature(signature)
    }

    /// Checks the signature under `key`.
    ///
    /// # Errors
    /// [`SignatureError`].
    fn verify_signature(&self, key: &Self::Signer) -> Result<(), SignatureError> {
        key.verify(&self.preimage(), self.signature())
    }
}
