//! Content addresses (§3.1).

use super::fixed::fixed_id;
use super::{SchemaHash, ZoneId};

fixed_id! {
    /// A content address that binds an object's bytes to its zone and schema (§3.1).
    ObjectId[32];
}

impl ObjectId {
    /// All zero: the id of nothing, which heads carry before their chain has begun (D34).
    pub const ZERO: Self = Self([0; 32]);

    /// The id of `content` (§3.1, D12): BLAKE3 keyed with the zone's key over
    /// `FCP2-OBJECT-V2` ‖ zone ‖ schema hash ‖ content.
    #[must_use]
    pub fn new(content: &[u8], zone: &ZoneId, schema: &SchemaHash, key: &ObjectIdKey) -> Self {
        Self::of_parts(&[content], zone, schema, key)
    }

    /// As [`new`](Self::new), for content that lies in several parts.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]], zone: &ZoneId, schema: &SchemaHash, key: &ObjectIdKey) -> Self {
        let mut hasher = blake3::Hasher::new_keyed(&key.0);
        hasher.update(b"FCP2-OBJECT-V2");
        hasher.update(zone.as_bytes());
        hasher.update(schema.as_bytes());
        for part in parts {
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// Whether this is [`ZERO`](Self::ZERO).
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The first six hexadecimal digits, for people.
    #[must_use]
    pub fn short(&self) -> alloc::string::String {
        let [first, second, third, ..] = self.0;
        alloc::format!("{first:02x}{second:02x}{third:02x}")
    }
}

/// A zone's secret key for object ids (§3.1): without it nobody can test a guess of an object's content.
#[derive(Clone, PartialEq, Eq, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct ObjectIdKey([u8; 32]);

impl ObjectIdKey {
    /// The key of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh random key.
    #[must_use]
    pub fn generate(rng: &mut impl rand_core::CryptoRng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// The public constant BLAKE3-256(`FCP2-PUBLIC-OBJECTID-KEY-V1`), under which attestations and enrollments have
    /// their ids, so that every peer can compute them (D4).
    #[must_use]
    pub fn public() -> Self {
        Self(*blake3::hash(b"FCP2-PUBLIC-OBJECTID-KEY-V1").as_bytes())
    }

    /// The key's bytes, to be sealed to a member.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl core::fmt::Debug for ObjectIdKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ObjectIdKey(..)")
    }
}
