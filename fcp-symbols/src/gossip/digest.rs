//! Digests of sets, which say the same however the sets are kept (D132).

use alloc::vec::Vec;

use fcp_core::cbor::{Decode, DecodeError, Decoder, Encode, Encoder};

use super::{GossipItem, GossipSet};

/// Domain of digests.
const DOMAIN: &[u8] = b"FCP2-FILTER-DIGEST-V1";

/// How many bytes are gathered before they are hashed: many blocks at once are far faster than one.
const GATHERED: usize = 64 * 1024;

/// A set's digest: BLAKE3-256(`FCP2-FILTER-DIGEST-V1` ‖ u32 n ‖ sorted items) (D132).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SetDigest([u8; 32]);

impl SetDigest {
    /// The digest of `count` items of `set`, which come sorted.
    #[must_use]
    pub fn of<'i>(set: GossipSet, count: u32, items: impl Iterator<Item = &'i GossipItem>) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(DOMAIN).update(&count.to_le_bytes());
        let mut gathered = Vec::with_capacity(GATHERED);
        for item in items {
            gathered.extend_from_slice(item.bytes_in(set));
            if gathered.len() > GATHERED.saturating_sub(GossipItem::LEN) {
                hasher.update(&gathered);
                gathered.clear();
            }
        }
        hasher.update(&gathered);
        Self(*hasher.finalize().as_bytes())
    }

    /// The digest of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Encode for SetDigest {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        self.0.encode(encoder);
    }
}

impl<'b> Decode<'b> for SetDigest {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        Decode::decode(decoder).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::{GossipItem, GossipSet, SetDigest};
    use fcp_core::id::ObjectId;

    #[test]
    fn a_digest_is_that_of_the_sorted_items() {
        let id = |byte: u8| ObjectId::from_bytes([byte; 32]);
        let hash = |parts: &[&[u8]]| *blake3::hash(&parts.concat()).as_bytes();

        let objects = [GossipItem::object(&id(1)), GossipItem::object(&id(2))];
        let digest = SetDigest::of(GossipSet::Objects, 2, objects.iter());
        let expected = hash(&[b"FCP2-FILTER-DIGEST-V1", &[2, 0, 0, 0], &[1; 32], &[2; 32]]);
        assert_eq!(digest.as_bytes(), &expected);

        let symbols = [GossipItem::symbol(&id(1), 256).unwrap(), GossipItem::symbol(&id(1), 1).unwrap()];
        assert!(symbols[0] < symbols[1], "numbers are compared as the bytes that they are written in");
        let digest = SetDigest::of(GossipSet::Symbols, 2, symbols.iter());
        let tail = [&[0, 1, 0, 0][..], &[1; 32], &[1, 0, 0, 0]].concat();
        assert_eq!(digest.as_bytes(), &hash(&[b"FCP2-FILTER-DIGEST-V1", &[2, 0, 0, 0], &[1; 32], &tail]));

        let empty = SetDigest::of(GossipSet::Objects, 0, [].iter());
        assert_eq!(empty.as_bytes(), &hash(&[b"FCP2-FILTER-DIGEST-V1", &[0; 4]]));
        let many: Vec<_> = (0..=255).map(|byte| GossipItem::object(&id(byte))).cycle().take(10_000).collect();
        let bytes: Vec<u8> = many.iter().flat_map(|item| *item.object_id().as_bytes()).collect();
        let digest = SetDigest::of(GossipSet::Objects, 10_000, many.iter());
        assert_eq!(digest.as_bytes(), &hash(&[b"FCP2-FILTER-DIGEST-V1", &[16, 39, 0, 0], &bytes]));
    }
}
