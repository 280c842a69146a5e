//! Content addresses (§3.1).

use alloc::vec::Vec;

use subtle::ConstantTimeEq as _;

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
        let len = parts.iter().fold(0, |sum: usize, part| sum.saturating_add(part.len()));
        let mut preimage = IdPreimage::with_capacity(zone, schema, len);
        for part in parts {
            preimage.content_mut().extend_from_slice(part);
        }
        preimage.id(key)
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

/// What an id is the hash of, in one piece: `FCP2-OBJECT-V2` ‖ zone ‖ schema hash ‖ content (§3.1, D12).
///
/// BLAKE3 takes whole groups of chunks at once only where they lie in one piece, so content that is written straight
/// behind the prefix is hashed at full speed and never copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPreimage {
    bytes: Vec<u8>,
    content_at: usize,
}

impl IdPreimage {
    /// The prefix, with room for `capacity` bytes of content.
    #[must_use]
    pub fn with_capacity(zone: &ZoneId, schema: &SchemaHash, capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity.saturating_add(128));
        bytes.extend_from_slice(b"FCP2-OBJECT-V2");
        bytes.extend_from_slice(zone.as_bytes());
        bytes.extend_from_slice(schema.as_bytes());
        Self { content_at: bytes.len(), bytes }
    }

    /// The buffer behind the prefix, to append content to.
    pub const fn content_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The content.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        self.bytes.get(self.content_at..).unwrap_or_default()
    }

    /// The content's id under the zone's `key`.
    #[must_use]
    pub fn id(&self, key: &ObjectIdKey) -> ObjectId {
        ObjectId(*blake3::keyed_hash(&key.0, &self.bytes).as_bytes())
    }
}

/// A zone's secret key for object ids (§3.1): without it nobody can test a guess of an object's content.
///
/// Erased when dropped; compared in constant time.
#[derive(Clone, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct ObjectIdKey([u8; 32]);

impl PartialEq for ObjectIdKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for ObjectIdKey {}

impl ObjectIdKey {
    /// The key of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A fresh random key.
    #[must_use]
    pub fn generate(rng: &mut impl rand_core::CryptoRng) -> Self {
        let mut key = Self([0; 32]);
        rng.fill_bytes(&mut key.0);
        key
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

#[cfg(test)]
mod tests {
    use super::{ObjectId, ObjectIdKey};
    use crate::id::{SchemaHash, ZoneId};

    #[test]
    fn keys_are_equal_iff_all_bytes_are() {
        let key = |bytes| ObjectIdKey::from_bytes(bytes);
        assert_eq!(key([7; 32]), key([7; 32]));
        for index in 0..32 {
            let mut other = [7; 32];
            other[index] ^= 0x80;
            assert_ne!(key([7; 32]), key(other));
        }
        assert_eq!(format!("{:?}", key([7; 32])), "ObjectIdKey(..)");
    }

    #[test]
    fn is_the_keyed_hash_of_the_concatenation_however_it_is_cut() {
        let (zone, schema, key) = (ZoneId::work(), SchemaHash::from_bytes([3; 32]), ObjectIdKey::from_bytes([7; 32]));
        for len in [0, 1, 1000, 1024, 70_000] {
            let content: Vec<u8> = (0..len).map(|index: u32| index.to_le_bytes()[0]).collect();
            let whole = [b"FCP2-OBJECT-V2".as_slice(), b"z:work", &[3; 32], &content].concat();
            let expected = ObjectId::from_bytes(*blake3::keyed_hash(&[7; 32], &whole).as_bytes());
            assert_eq!(ObjectId::new(&content, &zone, &schema, &key), expected, "{len}");
            let (left, right) = content.split_at(content.len() / 3);
            assert_eq!(ObjectId::of_parts(&[left, right], &zone, &schema, &key), expected, "{len} in two parts");
        }
    }
}
