//! What a node can still read when it is alone (§21.1), in basis points.
//!
//! ```
//! use fcp_core::id::ObjectId;
//! use fcp_symbols::offline::{OfflineAccess, OfflineCapability};
//!
//! let [note, film] = [1, 2].map(|byte| ObjectId::from_bytes([byte; 32]));
//! let here = OfflineCapability::from_iter([OfflineAccess::new(note, 12, 10), OfflineAccess::new(film, 30, 64)]);
//! assert!(here.can_access(&note) && !here.can_access(&film));
//! assert_eq!(here.get(&film).map(OfflineAccess::coverage_bps), Some(4687));
//! assert_eq!(here.summary().accessible_bps(), 5000);
//! ```

use alloc::collections::BTreeMap;

use fcp_core::id::ObjectId;

use crate::coverage::bps;

/// How much of an object is on this node (§21.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfflineAccess {
    /// The object.
    pub object_id: ObjectId,
    /// How many different symbols of it this node holds.
    pub local_symbols: u32,
    /// How many source symbols it has.
    pub k: u16,
}

impl OfflineAccess {
    /// So many different symbols of an object of `k` source symbols are here.
    #[must_use]
    pub const fn new(object_id: ObjectId, local_symbols: u32, k: u16) -> Self {
        Self { object_id, local_symbols, k }
    }

    /// Whether the object can be read without anybody else: at least K symbols are here (§21.1). An object of no symbols
    /// cannot (D184).
    #[must_use]
    pub const fn can_access(&self) -> bool {
        self.k > 0 && self.local_symbols >= self.k as u32
    }

    /// Local symbols over source symbols, rounded down: 10000 are K symbols (D27, D184).
    #[must_use]
    pub fn coverage_bps(&self) -> u32 {
        bps(u64::from(self.local_symbols), u64::from(self.k))
    }

    /// How many symbols are lacking.
    #[must_use]
    pub fn lacking(&self) -> u32 {
        u32::from(self.k).saturating_sub(self.local_symbols)
    }
}

/// What of a set of objects a node can read alone (§21.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OfflineCapability {
    accesses: BTreeMap<ObjectId, OfflineAccess>,
}

/// A set of objects, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OfflineSummary {
    /// All of them.
    pub objects: u64,
    /// Those that can be read alone.
    pub accessible: u64,
    /// The symbols that the others lack, together.
    pub lacking_symbols: u64,
}

impl OfflineSummary {
    /// Which part of the objects can be read alone, rounded down; 0 of nothing.
    #[must_use]
    pub fn accessible_bps(&self) -> u32 {
        bps(self.accessible, self.objects)
    }
}

impl OfflineCapability {
    /// What is known of an object.
    #[must_use]
    pub fn get(&self, id: &ObjectId) -> Option<&OfflineAccess> {
        self.accesses.get(id)
    }

    /// Whether an object can be read alone; not, if nothing is known of it.
    #[must_use]
    pub fn can_access(&self, id: &ObjectId) -> bool {
        self.get(id).is_some_and(OfflineAccess::can_access)
    }

    /// Notes how much of an object is here now.
    pub fn note(&mut self, access: OfflineAccess) {
        self.accesses.insert(access.object_id, access);
    }

    /// Forgets an object.
    pub fn forget(&mut self, id: &ObjectId) -> Option<OfflineAccess> {
        self.accesses.remove(id)
    }

    /// All objects, by id.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &OfflineAccess> {
        self.accesses.values()
    }

    /// The objects, counted.
    #[must_use]
    pub fn summary(&self) -> OfflineSummary {
        self.iter().fold(OfflineSummary::default(), |sum, access| OfflineSummary {
            objects: sum.objects.saturating_add(1),
            accessible: sum.accessible.saturating_add(u64::from(access.can_access())),
            lacking_symbols: sum.lacking_symbols.saturating_add(u64::from(access.lacking())),
        })
    }
}

impl FromIterator<OfflineAccess> for OfflineCapability {
    fn from_iter<I: IntoIterator<Item = OfflineAccess>>(accesses: I) -> Self {
        Self { accesses: accesses.into_iter().map(|access| (access.object_id, access)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{OfflineAccess, OfflineCapability, OfflineSummary};
    use fcp_core::id::ObjectId;

    #[test]
    fn k_symbols_are_enough_and_nothing_is_not() {
        let access = |local, k| OfflineAccess::new(ObjectId::ZERO, local, k);
        for (local, k, readable, coverage, lacking) in [
            (9, 10, false, 9_000, 1),
            (10, 10, true, 10_000, 0),
            (15, 10, true, 15_000, 0),
            (2, 3, false, 6_666, 1),
            (0, 0, false, 0, 0),
            (7, 0, false, 0, 0),
            (u32::MAX, 1, true, u32::MAX, 0),
        ] {
            let access = access(local, k);
            assert_eq!((access.can_access(), access.coverage_bps(), access.lacking()), (readable, coverage, lacking));
        }
    }

    #[test]
    fn the_last_word_on_an_object_counts() {
        let id = ObjectId::from_bytes([1; 32]);
        let mut here = OfflineCapability::default();
        assert_eq!((here.summary(), here.summary().accessible_bps()), (OfflineSummary::default(), 0));
        here.note(OfflineAccess::new(id, 1, 4));
        assert_eq!(here.summary(), OfflineSummary { objects: 1, accessible: 0, lacking_symbols: 3 });
        here.note(OfflineAccess::new(id, 4, 4));
        assert!(here.can_access(&id));
        assert_eq!(here.forget(&id).map(|access| access.local_symbols), Some(4));
        assert!(!here.can_access(&id));
        assert_eq!(here.iter().len(), 0);
    }
}
