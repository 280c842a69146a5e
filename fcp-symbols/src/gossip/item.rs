//! What gossip is about: objects, and symbols of objects (§8.2, D132, D218).

use fcp_core::cbor::{Decode, Encode};
use fcp_core::id::ObjectId;

use crate::raptor::MAX_ESI;

/// The symbol number of an item that names an object only (D132).
const NO_ESI: u32 = u32::MAX;

/// Domain of the hashes of items (D132).
const DOMAIN: &[u8; 12] = b"FCP2-IBLT-V1";

/// In how many parts of a table an item stands (D132).
pub(super) const PARTS: usize = 4;

/// The set that a message speaks of (D218).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum GossipSet {
    /// The objects of which a node holds the whole or a symbol.
    Objects,
    /// The symbols that a node holds of objects which it does not hold whole.
    Symbols,
}

impl GossipSet {
    /// How long an item of this set is in digests and lists: the object's id, and the symbol's number.
    #[must_use]
    pub const fn item_len(self) -> usize {
        match self {
            Self::Objects => 32,
            Self::Symbols => GossipItem::LEN,
        }
    }
}

/// An item of a set: object id ‖ u32 ESI, which is `0xFFFFFFFF` for an object (D132).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GossipItem([u8; Self::LEN]);

impl GossipItem {
    /// The length in tables, in bytes.
    pub const LEN: usize = 36;

    /// An object.
    #[must_use]
    pub const fn object(id: &ObjectId) -> Self {
        Self::of(id, NO_ESI)
    }

    /// A symbol of an object, unless no coding has that number (D61).
    #[must_use]
    pub const fn symbol(id: &ObjectId, esi: u32) -> Option<Self> {
        if esi > MAX_ESI { None } else { Some(Self::of(id, esi)) }
    }

    const fn of(id: &ObjectId, esi: u32) -> Self {
        let mut item = [0; Self::LEN];
        let (head, tail) = item.split_at_mut(32);
        head.copy_from_slice(id.as_bytes());
        tail.copy_from_slice(&esi.to_le_bytes());
        Self(item)
    }

    /// The item of these 32 or 36 bytes, if it is one of `set`.
    #[must_use]
    pub fn parse(set: GossipSet, bytes: &[u8]) -> Option<Self> {
        match set {
            GossipSet::Objects => bytes.try_into().ok().map(|id| Self::object(&ObjectId::from_bytes(id))),
            GossipSet::Symbols => bytes.try_into().ok().map(Self).filter(|item| item.is_of(set)),
        }
    }

    /// The item that these 36 bytes of a table may be.
    pub(super) const fn from_table(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Whether the item is one of `set`.
    #[must_use]
    pub fn is_of(&self, set: GossipSet) -> bool {
        match set {
            GossipSet::Objects => self.esi_bytes() == NO_ESI,
            GossipSet::Symbols => self.esi_bytes() <= MAX_ESI,
        }
    }

    /// The object.
    #[must_use]
    pub fn object_id(&self) -> ObjectId {
        let id = self.0.first_chunk().copied();
        ObjectId::from_bytes(id.unwrap_or_default())
    }

    /// The symbol's number, if the item is a symbol.
    #[must_use]
    pub fn esi(&self) -> Option<u32> {
        Some(self.esi_bytes()).filter(|esi| *esi <= MAX_ESI)
    }

    fn esi_bytes(&self) -> u32 {
        self.0.last_chunk().copied().map_or(NO_ESI, u32::from_le_bytes)
    }

    /// The 36 bytes that stand in tables.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The 32 or 36 bytes that stand in digests and lists of `set`.
    #[must_use]
    pub fn bytes_in(&self, set: GossipSet) -> &[u8] {
        self.0.get(..set.item_len()).unwrap_or(&self.0)
    }

    /// The first eight bytes of BLAKE3(`FCP2-IBLT-V1` ‖ `number` ‖ item), little-endian (D132).
    fn hash(&self, number: u8) -> u64 {
        let mut input = [0; 49];
        let (domain, rest) = input.split_at_mut(DOMAIN.len());
        domain.copy_from_slice(DOMAIN);
        if let Some((first, item)) = rest.split_first_mut() {
            *first = number;
            item.copy_from_slice(&self.0);
        }
        blake3::hash(&input).as_bytes().first_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    /// The hash that filters go by and that checks a table's cell (D132, D218).
    #[must_use]
    pub fn check(&self) -> u64 {
        self.hash(0xff)
    }

    /// The hashes that say where in each part of a table the item stands (D132).
    pub(super) fn places(&self) -> [u64; PARTS] {
        [self.hash(0), self.hash(1), self.hash(2), self.hash(3)]
    }
}

#[cfg(test)]
mod tests {
    use super::{GossipItem, GossipSet};
    use fcp_core::id::ObjectId;

    #[test]
    fn items_are_of_one_set() {
        let id = ObjectId::from_bytes([7; 32]);
        let object = GossipItem::object(&id);
        assert!(object.is_of(GossipSet::Objects) && !object.is_of(GossipSet::Symbols));
        assert_eq!((object.object_id(), object.esi()), (id, None));
        assert_eq!(object.bytes_in(GossipSet::Objects), [7; 32]);

        let symbol = GossipItem::symbol(&id, 0x0001_0203).unwrap();
        assert!(symbol.is_of(GossipSet::Symbols) && !symbol.is_of(GossipSet::Objects));
        assert_eq!((symbol.object_id(), symbol.esi()), (id, Some(0x0001_0203)));
        assert_eq!(symbol.as_bytes()[32..], [3, 2, 1, 0]);
        assert_eq!(GossipItem::symbol(&id, 0x0100_0000), None);

        for (set, bytes, expected) in [
            (GossipSet::Objects, &[7; 32][..], Some(object)),
            (GossipSet::Objects, &[7; 31], None),
            (GossipSet::Objects, object.as_bytes(), None),
            (GossipSet::Symbols, symbol.as_bytes(), Some(symbol)),
            (GossipSet::Symbols, object.as_bytes(), None),
            (GossipSet::Symbols, &[7; 32], None),
        ] {
            assert_eq!(GossipItem::parse(set, bytes), expected, "{set:?} {}", bytes.len());
        }
    }
}
