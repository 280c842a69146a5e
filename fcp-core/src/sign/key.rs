//! Keys by role (§2.2.1 "Key Role Separation"): a key of one role does not fit where another is expected.

use ed25519_dalek as dalek;
use zeroize::{Zeroize, Zeroizing};

use super::{Preimage, Signature, SignatureError};
use crate::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};
use crate::error::Reason;
use crate::id::Kid;

/// The bytes are no acceptable public key: not a canonical point, or one of small order (D8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed public key")]
pub struct KeyError;

impl KeyError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::SignMalformed
    }
}

/// A public key that checks signatures.
pub trait VerifyingKey: Clone {
    /// The secret half.
    type Secret: SigningKey;

    /// Checks `signature` over `preimage`: RFC 8032 without cofactor, refusing S ≥ L, non-canonical R and small-order
    /// R (D8).
    ///
    /// # Errors
    /// [`SignatureError`].
    fn verify(&self, preimage: &Preimage, signature: &Signature) -> Result<(), SignatureError>;
}

/// A secret key that signs.
pub trait SigningKey {
    /// Signs `preimage`.
    fn sign(&self, preimage: &Preimage) -> Signature;
}

/// Whether the 255-bit y coordinate is below 2^255 − 19.
fn is_canonical_point(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    *last & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff) || *first < 0xed
}

/// A strict Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Ed25519Public(dalek::VerifyingKey);

impl Ed25519Public {
    fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        if !is_canonical_point(bytes) {
            return Err(KeyError);
        }
        let key = dalek::VerifyingKey::from_bytes(bytes).map_err(|_| KeyError)?;
        if key.is_weak() { Err(KeyError) } else { Ok(Self(key)) }
    }

    fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let (r, s) = signature.as_bytes().split_at(32);
        let (Some(r), Some(s)) = (r.first_chunk::<32>(), s.first_chunk::<32>()) else {
            return Err(SignatureError::Malformed);
        };
        if !is_canonical_point(r) || !is_below_order(s) || is_small_order(r) {
            return Err(SignatureError::Malformed);
        }
        let parsed = dalek::Signature::from_bytes(signature.as_bytes());
        self.0.verify_strict(message, &parsed).map_err(|_| SignatureError::Mismatch)
    }
}

/// The order of the prime subgroup, little-endian: 2^252 + 27742317777372353535851937790883648493.
const GROUP_ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

fn is_below_order(scalar: &[u8; 32]) -> bool {
    scalar.iter().rev().lt(GROUP_ORDER.iter().rev())
}

/// Whether a canonical encoding is one of the points of order 1, 2, 4 or 8 (RFC 8032's curve has eight of them).
fn is_small_order(point: &[u8; 32]) -> bool {
    /// y coordinates: of order 1 and 2 (1, −1), of order 4 (0), of order 8 (two more).
    const SMALL: [[u8; 32]; 5] = [
        [0; 32],
        [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        [
            0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
        ],
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
            0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
            0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
    ];
    let mut unsigned = *point;
    let [.., last] = &mut unsigned;
    *last &= 0x7f;
    SMALL.contains(&unsigned)
}

/// A secret Ed25519 key; erased when dropped, printed as `(..)`, never cloned.
struct Ed25519Secret(dalek::SigningKey);

impl Ed25519Secret {
    fn from_seed(mut seed: [u8; 32]) -> Self {
        let key = Self(dalek::SigningKey::from_bytes(&seed));
        seed.zeroize();
        key
    }

    fn sign(&self, preimage: &Preimage) -> Signature {
        use dalek::Signer as _;
        Signature::from_bytes(self.0.sign(preimage.as_bytes()).to_bytes())
    }
}

/// The traits that every public key shares: equality by bytes, order, kid, text, CBOR.
macro_rules! public_key_traits {
    ($public:ident) => {
        impl $public {
            /// The key id (§2.2 rule 5, D9).
            #[must_use]
            pub fn kid(&self) -> Kid {
                Kid::of(self.as_bytes())
            }
        }

        impl core::fmt::Debug for $public {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($public), "({})"), self.kid())
            }
        }

        impl core::hash::Hash for $public {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.as_bytes().hash(state);
            }
        }

        impl Encode for $public {
            fn encode(&self, encoder: &mut Encoder<'_>) {
                encoder.bytes(self.as_bytes());
            }
        }

        impl<'b> Decode<'b> for $public {
            fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
                let offset = decoder.position();
                let bytes = decoder.byte_array()?;
                Self::from_bytes(&bytes).map_err(|error| Decoder::invalid(offset, error.reason()))
            }
        }
    };
}

macro_rules! signing_role {
    ($($(#[$doc:meta])* $secret:ident / $public:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub struct $public(Ed25519Public);

        impl $public {
            /// The key of these bytes.
            ///
            /// # Errors
            /// [`KeyError`] unless they are the canonical encoding of a point that has not small order (D8).
            pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
                Ed25519Public::from_bytes(bytes).map(Self)
            }

            /// The key's bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 32] {
                self.0.0.as_bytes()
            }
        }

        public_key_traits!($public);

        impl VerifyingKey for $public {
            type Secret = $secret;

            fn verify(&self, preimage: &Preimage, signature: &Signature) -> Result<(), SignatureError> {
                self.0.verify(preimage.as_bytes(), signature)
            }
        }

        #[doc = concat!("The secret half of [`", stringify!($public), "`]: erased when dropped, never cloned.")]
        pub struct $secret(Ed25519Secret);

        impl $secret {
            /// The key of this 32-byte seed (RFC 8032).
            #[must_use]
            pub fn from_seed(seed: [u8; 32]) -> Self {
                Self(Ed25519Secret::from_seed(seed))
            }

            /// A fresh random key.
            #[must_use]
            pub fn generate(rng: &mut impl rand_core::CryptoRng) -> Self {
                let mut seed = Zeroizing::new([0; 32]);
                rng.fill_bytes(&mut seed[..]);
                Self::from_seed(*seed)
            }

            /// The seed, to be stored.
            #[must_use]
            pub fn expose_seed(&self) -> Zeroizing<[u8; 32]> {
                Zeroizing::new(self.0.0.to_bytes())
            }

            /// The public half.
            #[must_use]
            pub fn public(&self) -> $public {
                $public(Ed25519Public(self.0.0.verifying_key()))
            }
        }

        impl SigningKey for $secret {
            fn sign(&self, preimage: &Preimage) -> Signature {
                self.0.sign(preimage)
            }
        }

        impl core::fmt::Debug for $secret {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($secret), "(..)"))
            }
        }
    )*};
}

signing_role! {
    /// The owner's key: the root of all trust. Its secret half should exist only as FROST shares (§2.2.1).
    OwnerKey / OwnerPublicKey;
    /// A node's signing key: frames, gossip, receipts, checkpoints.
    NodeSigningKey / NodeSigningPublicKey;
    /// A node's issuance key: mints capability tokens and nothing else.
    NodeIssuanceKey / NodeIssuancePublicKey;
    /// The key of an approver that a zone's policy lists (D84).
    ApproverKey / ApproverPublicKey;
}

#[cfg(feature = "threshold")]
impl OwnerKey {
    /// The secret scalar, below the group order, to be split into shares (D202).
    pub(crate) fn expose_scalar(&self) -> Zeroizing<[u8; 32]> {
        let mut scalar = self.0.0.to_scalar();
        let bytes = Zeroizing::new(scalar.to_bytes());
        scalar.zeroize();
        bytes
    }
}

/// Where no approver is listed, the owner approves (D84).
impl From<OwnerPublicKey> for ApproverPublicKey {
    fn from(owner: OwnerPublicKey) -> Self {
        Self(owner.0)
    }
}

/// The u coordinates of the points of order 1, 2, 4 and 8 on Curve25519 and its twist, and their forms above the field's
/// prime: every exchange with them gives zero (RFC 7748 §6.1).
const SMALL_ORDER_U: [[u8; 32]; 7] = {
    const fn near_prime(first: u8) -> [u8; 32] {
        let mut bytes = [0xff; 32];
        let [low, .., high] = &mut bytes;
        *low = first;
        *high = 0x7f;
        bytes
    }
    let mut one = [0; 32];
    let [low, ..] = &mut one;
    *low = 1;
    [
        [0; 32],
        one,
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
            0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44,
            0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
        ],
        near_prime(0xec),
        near_prime(0xed),
        near_prime(0xee),
    ]
};

/// A node's encryption key (X25519): receives sealed zone keys and secret shares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NodeEncryptionPublicKey([u8; 32]);

impl NodeEncryptionPublicKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`KeyError`] if every exchange with it would give zero (a point of small order, D38).
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let mut unsigned = *bytes;
        let [.., last] = &mut unsigned;
        *last &= 0x7f;
        if SMALL_ORDER_U.contains(&unsigned) { Err(KeyError) } else { Ok(Self(*bytes)) }
    }

    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

public_key_traits!(NodeEncryptionPublicKey);

/// The secret half of [`NodeEncryptionPublicKey`]: erased when dropped, never cloned.
pub struct NodeEncryptionKey(x25519_dalek::StaticSecret);

impl NodeEncryptionKey {
    /// The key of these 32 bytes.
    #[must_use]
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let key = Self(x25519_dalek::StaticSecret::from(bytes));
        bytes.zeroize();
        key
    }

    /// A fresh random key.
    #[must_use]
    pub fn generate(rng: &mut impl rand_core::CryptoRng) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut bytes[..]);
        Self::from_bytes(*bytes)
    }

    /// The secret bytes, to be stored.
    #[must_use]
    pub fn expose_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> NodeEncryptionPublicKey {
        NodeEncryptionPublicKey(x25519_dalek::PublicKey::from(&self.0).to_bytes())
    }
}

impl core::fmt::Debug for NodeEncryptionKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NodeEncryptionKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::{NodeEncryptionPublicKey, OwnerKey, OwnerPublicKey, VerifyingKey as _, is_small_order};
    use crate::sign::{Preimage, Signature, SignatureError, SigningKey as _};
    use curve25519_points::SMALL_ORDER;

    /// The eight torsion points and their non-canonical encodings, from RFC 8032's curve equation.
    mod curve25519_points {
        use hex_literal::hex;

        pub(super) const SMALL_ORDER: [[u8; 32]; 8] = [
            hex!("0100000000000000000000000000000000000000000000000000000000000000"),
            hex!("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
            hex!("0000000000000000000000000000000000000000000000000000000000000080"),
            hex!("0000000000000000000000000000000000000000000000000000000000000000"),
            hex!("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
            hex!("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"),
            hex!("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
            hex!("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
        ];
    }

    #[test]
    fn small_order_and_non_canonical_keys_are_refused() {
        for point in SMALL_ORDER {
            assert!(is_small_order(&point));
            assert!(OwnerPublicKey::from_bytes(&point).is_err());
        }
        let non_canonical = hex_literal::hex!("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
        assert!(OwnerPublicKey::from_bytes(&non_canonical).is_err());
    }

    #[test]
    fn the_small_order_table_is_what_x25519_maps_to_zero() {
        for u in super::SMALL_ORDER_U {
            assert_eq!(x25519_dalek::x25519([0x55; 32], u), [0; 32]);
            assert!(NodeEncryptionPublicKey::from_bytes(&u).is_err());
            let mut high_bit = u;
            high_bit[31] |= 0x80;
            assert!(NodeEncryptionPublicKey::from_bytes(&high_bit).is_err());
        }
    }

    #[test]
    fn signatures_are_strict() {
        let key = OwnerKey::from_seed([7; 32]);
        let preimage = Preimage::transcript("test", &[b"message"]);
        let good = key.sign(&preimage);
        assert_eq!(key.public().verify(&preimage, &good), Ok(()));
        let other = Preimage::transcript("test", &[b"massage"]);
        assert_eq!(key.public().verify(&other, &good), Err(SignatureError::Mismatch));
        assert_eq!(key.public().verify(&preimage, &Signature::ABSENT), Err(SignatureError::Malformed));

        let mut above_order = *good.as_bytes();
        let mut carry = 0_u16;
        for (byte, order) in above_order[32..].iter_mut().zip(super::GROUP_ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            *byte = sum.to_le_bytes()[0];
            carry = sum >> 8;
        }
        let malleable = Signature::from_bytes(above_order);
        assert_eq!(key.public().verify(&preimage, &malleable), Err(SignatureError::Malformed));
    }
}
