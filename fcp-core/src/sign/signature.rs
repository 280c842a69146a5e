//! Ed25519 signatures as data.

use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use crate::error::Reason;

/// An Ed25519 signature's 64 bytes, R ‖ S (G7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// What a draft carries before it is signed: all zero, which no key verifies (its R has small order).
    pub const ABSENT: Self = Self([0; 64]);

    /// The signature of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The signature's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl core::fmt::Debug for Signature {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Signature(")?;
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…)")
    }
}

impl Encode for Signature {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(&self.0);
    }
}

impl<'b> Decode<'b> for Signature {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        decoder.byte_array().map(Self)
    }
}

/// The empty byte string that stands for the signature in the unsigned view of an attestation (D3).
#[derive(Debug, Clone, Copy)]
pub struct EmptySignature;

impl Encode for EmptySignature {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.bytes(&[]);
    }
}

/// Why a signature is refused (D8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// S is not below the group order, or R is not canonical or has small order.
    #[error("malformed signature")]
    Malformed,
    /// The signature is not this key's over these bytes.
    #[error("signature does not verify")]
    Mismatch,
}

impl SignatureError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Malformed => Reason::SignMalformed,
            Self::Mismatch => Reason::SignBadSignature,
        }
    }
}
