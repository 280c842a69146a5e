//! Identifiers of a fixed number of bytes: hashes and short random or derived ids.

use crate::error::Reason;

/// The text is not the hexadecimal form of the id: the rule that it breaks, and at which byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseHexError {
    /// A byte is no digit.
    #[error("no lower-case hexadecimal digit at byte {offset}")]
    Digit {
        /// The byte's offset.
        offset: usize,
    },
    /// The text ends too early.
    #[error("expected {expected} hexadecimal digits, the text ends at byte {offset}")]
    TooShort {
        /// The text's length.
        offset: usize,
        /// The id's length in digits.
        expected: usize,
    },
    /// The text goes on after the id.
    #[error("expected {expected} hexadecimal digits, and there is more at byte {expected}")]
    TooLong {
        /// The id's length in digits.
        expected: usize,
    },
}

impl ParseHexError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        Reason::IdBadHex
    }

    /// The offset of the byte that breaks the rule; for a length, the text's end or the first byte too many.
    #[must_use]
    pub const fn offset(&self) -> usize {
        match self {
            Self::Digit { offset } | Self::TooShort { offset, .. } => *offset,
            Self::TooLong { expected } => *expected,
        }
    }
}

/// Reads exactly `N` bytes of lower-case hexadecimal.
pub(super) fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseHexError> {
    let expected = N.saturating_mul(2);
    let mut digits = text.bytes().enumerate();
    let mut digit = || match digits.next() {
        Some((_, byte @ b'0'..=b'9')) => Ok(byte & 0x0f),
        Some((_, byte @ b'a'..=b'f')) => Ok((byte & 0x0f).saturating_add(9)),
        Some((offset, _)) => Err(ParseHexError::Digit { offset }),
        None => Err(ParseHexError::TooShort { offset: text.len(), expected }),
    };
    let mut bytes = [0; N];
    for byte in &mut bytes {
        *byte = digit()? << 4 | digit()?;
    }
    if text.len() > expected { Err(ParseHexError::TooLong { expected }) } else { Ok(bytes) }
}

/// An identifier of fixed size: a byte string in CBOR, hexadecimal in text.
macro_rules! fixed_id {
    ($($(#[$doc:meta])* $name:ident [$len:literal];)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The identifier of these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The identifier's bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::id::ParseHexError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::id::fixed::parse_hex(text).map(Self)
            }
        }

        impl $crate::cbor::Encode for $name {
            #[inline]
            fn encode(&self, encoder: &mut $crate::cbor::Encoder<'_>) {
                encoder.bytes(&self.0);
            }
        }

        impl<'b> $crate::cbor::Decode<'b> for $name {
            #[inline]
            fn decode(decoder: &mut $crate::cbor::Decoder<'b>) -> Result<Self, $crate::cbor::DecodeError> {
                decoder.byte_array().map(Self)
            }
        }
    )*};
}

pub(super) use fixed_id;

fixed_id! {
    /// The hash of a [`SchemaId`](super::SchemaId), which begins every object's body (§3.3).
    SchemaHash[32];
    /// The hash of a [`ZoneId`](super::ZoneId), as frames carry it (§3.4).
    ZoneIdHash[32];
    /// A key id: the first 8 bytes of BLAKE3-256(`fcp.kid.v2` ‖ public key) (§2.2 rule 5, D9).
    Kid[8];
    /// The id of a zone key: 8 random bytes (§5.2, D89).
    ZoneKeyId[8];
    /// The id of an object-id key: 8 random bytes (§5.2, D89).
    ObjectIdKeyId[8];
    /// The id of one token: a UUID's 16 bytes (§7.5).
    Jti[16];
}

impl Kid {
    /// The key id of a public key's 32 raw bytes, of whatever role (D9).
    #[must_use]
    pub fn of(public_key: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"fcp.kid.v2");
        hasher.update(public_key);
        let mut kid = [0; 8];
        hasher.finalize_xof().fill(&mut kid);
        Self(kid)
    }
}
