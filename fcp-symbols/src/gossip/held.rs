//! What this node holds in a zone: one of its sets, with digest, tables and filters at hand (§8.2, D218).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::filter::BuildError;
use super::iblt::ItemHashes;
use super::{GossipItem, GossipSet, Iblt, IdRange, SetDigest, TableError, XorFilter};

/// The cells of the table that goes with summaries (D219).
pub const SUMMARY_CELLS: u32 = 128;

/// From how many items on larger tables are kept ready, too. Of fewer they are made as fast as they are asked for.
const MANY: usize = 4096;

/// The tables that are kept ready of many items: others fold out of them.
const KEPT: [u32; 2] = [4096, 3072];

#[derive(Debug, Clone, Copy)]
struct Entry {
    check: u64,
    /// The set's serial number when the item came in.
    serial: u64,
}

/// A set of items, sorted, with its digest and with tables that change with it.
///
/// An item costs five hashes when it comes in or goes; the digest is made anew where the set has changed, at about a
/// gigabyte of items a second.
#[derive(Debug, Clone)]
pub struct HeldItems {
    set: GossipSet,
    items: BTreeMap<GossipItem, Entry>,
    summary: Iblt,
    /// Of many items.
    kept: Vec<Iblt>,
    digest: Option<SetDigest>,
    serial: u64,
}

impl HeldItems {
    /// Nothing yet.
    #[must_use]
    pub fn new(set: GossipSet) -> Self {
        let (items, summary) = (BTreeMap::new(), Iblt::of_summary());
        Self { set, items, summary, kept: Vec::new(), digest: None, serial: 0 }
    }

    /// Which set it is.
    #[must_use]
    pub const fn set(&self) -> GossipSet {
        self.set
    }

    /// Adds an item, if it is one of the set and not there; says whether it did.
    pub fn insert(&mut self, item: GossipItem) -> bool {
        if !item.is_of(self.set) || self.items.contains_key(&item) || self.items.len() >= u32::MAX as usize {
            return false;
        }
        let hashes = ItemHashes::of(&item);
        self.serial = self.serial.saturating_add(1);
        self.items.insert(item, Entry { check: hashes.check(), serial: self.serial });
        self.change(&item, &hashes, 1);
        if self.items.len() > MANY && self.kept.is_empty() {
            for cells in KEPT {
                self.kept.extend(self.table_by_items(IdRange::ALL, cells));
            }
        }
        true
    }

    /// Takes an item out; says whether it was there.
    pub fn remove(&mut self, item: &GossipItem) -> bool {
        let Some(entry) = self.items.remove(item) else { return false };
        self.change(item, &ItemHashes::with_check(item, entry.check), -1);
        if self.items.len() < MANY / 2 {
            self.kept.clear();
        }
        true
    }

    fn change(&mut self, item: &GossipItem, hashes: &ItemHashes, count: i32) {
        for table in self.kept.iter_mut().chain([&mut self.summary]) {
            table.change(item, hashes, count);
        }
        self.digest = None;
    }

    /// Whether an item is there.
    #[must_use]
    pub fn contains(&self, item: &GossipItem) -> bool {
        self.items.contains_key(item)
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> u32 {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many items have ever come in.
    #[must_use]
    pub const fn serial(&self) -> u64 {
        self.serial
    }

    /// How many items had come in when this one did, with it.
    #[must_use]
    pub fn serial_of(&self, item: &GossipItem) -> Option<u64> {
        self.items.get(item).map(|entry| entry.serial)
    }

    /// The items of a range, sorted.
    pub fn range(&self, range: IdRange) -> impl Iterator<Item = &GossipItem> {
        self.entries(range).map(|(item, _)| item)
    }

    fn entries(&self, range: IdRange) -> impl Iterator<Item = (&GossipItem, &Entry)> {
        self.items.range(range.start()..).take_while(move |(item, _)| range.contains(item))
    }

    /// How many items of a range there are.
    #[must_use]
    pub fn count(&self, range: IdRange) -> u32 {
        if range == IdRange::ALL {
            return self.len();
        }
        u32::try_from(self.entries(range).count()).unwrap_or(u32::MAX)
    }

    /// The digest (D132).
    pub fn digest(&mut self) -> SetDigest {
        let count = self.len();
        *self.digest.get_or_insert_with(|| SetDigest::of(self.set, count, self.items.keys()))
    }

    /// The table that goes with summaries.
    #[must_use]
    pub const fn summary_table(&self) -> &Iblt {
        &self.summary
    }

    fn at_hand(&self) -> impl Iterator<Item = &Iblt> {
        self.kept.iter().chain([&self.summary])
    }

    /// The table of a range in `cells` cells.
    ///
    /// # Errors
    /// [`TableError`] if no table has so many cells.
    pub fn table(&self, range: IdRange, cells: u32) -> Result<Iblt, TableError> {
        let folded = || self.at_hand().find_map(|kept| kept.fold(cells));
        match Some(range).filter(|range| *range == IdRange::ALL).and_then(|_| folded()) {
            Some(table) => Ok(table),
            None => self.table_by_items(range, cells),
        }
    }

    /// How many items are gone through to make such a table.
    #[must_use]
    pub fn items_for_table(&self, range: IdRange, cells: u32) -> u32 {
        let kept = |kept: &Iblt| kept.size().is_multiple_of(cells);
        if range == IdRange::ALL && self.at_hand().any(kept) { 0 } else { self.count(range) }
    }

    fn table_by_items(&self, range: IdRange, cells: u32) -> Result<Iblt, TableError> {
        let mut table = Iblt::new(cells)?;
        for (item, entry) in self.entries(range) {
            table.change(item, &ItemHashes::with_check(item, entry.check), 1);
        }
        Ok(table)
    }

    /// The filter of a range.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn filter(&self, range: IdRange, seed: u64) -> Result<XorFilter, BuildError> {
        XorFilter::build(self.entries(range).map(|(_, entry)| entry.check).collect(), seed)
    }
}

#[cfg(test)]
mod tests {
    use super::{GossipItem, GossipSet, HeldItems, Iblt, IdRange, MANY, SetDigest};
    use fcp_core::id::ObjectId;
    use proptest::prelude::*;

    fn item(at: usize) -> GossipItem {
        GossipItem::object(&ObjectId::from_bytes(*blake3::hash(&at.to_le_bytes()).as_bytes()))
    }

    #[test]
    fn tables_are_those_of_the_items_however_they_are_made() {
        let mut held = HeldItems::new(GossipSet::Objects);
        for at in 0..MANY {
            assert!(held.insert(item(at)));
        }
        assert_eq!(held.items_for_table(IdRange::ALL, 1536), 4096);
        assert_eq!(held.items_for_table(IdRange::ALL, 64), 0);
        for at in MANY..MANY.saturating_add(50) {
            assert!(held.insert(item(at)) && !held.insert(item(at)));
        }
        for at in 0..100 {
            assert!(held.remove(&item(at)) && !held.remove(&item(at)));
        }
        let all = |cells: u32| {
            let mut table = Iblt::new(cells).unwrap();
            held.range(IdRange::ALL).for_each(|item| table.insert(item));
            table
        };
        for cells in [4, 128, 1024, 1536, 3072, 4096, 100] {
            assert_eq!(held.table(IdRange::ALL, cells), Ok(all(cells)), "{cells}");
        }
        assert_eq!(held.items_for_table(IdRange::ALL, 1536), 0);
        assert_eq!(held.items_for_table(IdRange::ALL, 100), held.len());
        assert!(held.table(IdRange::ALL, 0).is_err() && held.table(IdRange::ALL, 5).is_err());
    }

    #[test]
    fn other_sets_items_stay_out() {
        let symbol = GossipItem::symbol(&ObjectId::from_bytes([1; 32]), 1).unwrap();
        assert!(!HeldItems::new(GossipSet::Objects).insert(symbol));
        assert!(HeldItems::new(GossipSet::Symbols).insert(symbol));
        assert!(!HeldItems::new(GossipSet::Symbols).insert(item(1)));
    }

    proptest! {
        #[test]
        fn everything_follows_from_what_is_held(
            steps in prop::collection::vec((any::<bool>(), 0_usize..40), 0..120),
            bits in 0_u8..5,
            seed: u64,
        ) {
            let mut held = HeldItems::new(GossipSet::Objects);
            let mut model = std::collections::BTreeSet::new();
            for (add, at) in steps {
                let item = item(at);
                if add {
                    prop_assert_eq!(held.insert(item), model.insert(item));
                } else {
                    prop_assert_eq!(held.remove(&item), model.remove(&item));
                }
            }
            let digest = SetDigest::of(GossipSet::Objects, u32::try_from(model.len()).unwrap(), model.iter());
            prop_assert_eq!(held.digest(), digest);
            let mut range = IdRange::first(bits);
            let mut seen = Vec::new();
            while let Some(some) = range {
                let items: Vec<GossipItem> = held.range(some).copied().collect();
                prop_assert_eq!(held.count(some) as usize, items.len());
                let mut table = Iblt::new(8).unwrap();
                items.iter().for_each(|item| table.insert(item));
                prop_assert_eq!(held.table(some, 8), Ok(table));
                let filter = held.filter(some, seed).unwrap();
                prop_assert!(items.iter().all(|item| filter.contains(item.check())));
                prop_assert_eq!(filter.keys() as usize, items.len());
                seen.extend(items);
                range = some.next();
            }
            prop_assert!(seen.iter().eq(model.iter()));
        }
    }
}
