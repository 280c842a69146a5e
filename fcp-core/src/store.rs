//! Where a node keeps its objects (§3.6, §3.7): a trait, and a store in memory.
//!
//! A store holds canonical bytes under their ids, each with the zone it belongs to and the node's own notes on it. It
//! decides nothing: what is reachable, what a quota is and what is evicted first is decided above, and carried out here.

#[cfg(any(feature = "testkit", test))]
mod check;
mod memory;

use alloc::vec::Vec;

use crate::id::{ObjectId, ObjectIdKey, ZoneId};
use crate::object::{ObjectError, RetentionClass, StorageMeta, StoredObject};

#[cfg(any(feature = "testkit", test))]
pub use check::check_object_store;
pub use memory::MemoryStore;

/// A store of objects, keyed by id.
///
/// Contract, beyond what the methods say: an id stands in one zone; what was written is there for each later call, and
/// a durable store has it on disk before the call returns; a pinned object goes only after it was unpinned (§3.7). A
/// store with locks of its own implements the trait for its shared reference. With the feature `testkit`,
/// `check_object_store` runs a store of your own through all of it.
pub trait ObjectStore {
    /// Why the store itself failed, such as a broken disk. Absence is no error.
    type Error: core::error::Error;

    /// Keeps `object` in the zone of its header. If it is there already, nothing changes, also not its notes.
    ///
    /// # Errors
    /// When the store fails.
    fn put(&mut self, object: &StoredObject, meta: StorageMeta) -> Result<Put, Self::Error>;

    /// The entry under `id`, as it was written. The bytes come from a disk: [`StoredEntry::open`] hashes them again.
    ///
    /// # Errors
    /// When the store fails.
    fn get(&self, id: &ObjectId) -> Result<Option<StoredEntry>, Self::Error>;

    /// Whether something stands under `id`.
    ///
    /// # Errors
    /// When the store fails.
    fn contains(&self, id: &ObjectId) -> Result<bool, Self::Error> {
        self.get(id).map(|entry| entry.is_some())
    }

    /// Forgets what stands under `id`, unless it is pinned.
    ///
    /// # Errors
    /// When the store fails.
    fn remove(&mut self, id: &ObjectId) -> Result<Removal, Self::Error>;

    /// Changes how long the object under `id` is kept, and returns how long it was; `None` if it is not there.
    ///
    /// # Errors
    /// When the store fails.
    fn set_retention(
        &mut self,
        id: &ObjectId,
        retention: RetentionClass,
    ) -> Result<Option<RetentionClass>, Self::Error>;

    /// Pins the object under `id`; false if it is not there.
    ///
    /// # Errors
    /// When the store fails.
    fn pin(&mut self, id: &ObjectId) -> Result<bool, Self::Error> {
        self.set_retention(id, RetentionClass::Pinned).map(|before| before.is_some())
    }

    /// Unpins the object under `id`, which then is ephemeral; false if it is not there or was not pinned.
    ///
    /// # Errors
    /// When the store fails.
    fn unpin(&mut self, id: &ObjectId) -> Result<bool, Self::Error>;

    /// At most `limit` objects of `zone` in the order of their ids, those behind `after` only. A shorter answer than
    /// `limit` is the end; so a zone of any size is walked in bounded memory, and may change between two calls.
    ///
    /// # Errors
    /// When the store fails.
    fn list(&self, zone: &ZoneId, after: Option<&ObjectId>, limit: usize) -> Result<Vec<ListedObject>, Self::Error>;

    /// How much a zone holds, for its quota.
    ///
    /// # Errors
    /// When the store fails.
    fn usage(&self, zone: &ZoneId) -> Result<Usage, Self::Error>;

    /// The zones that hold anything, sorted.
    ///
    /// # Errors
    /// When the store fails.
    fn zones(&self) -> Result<Vec<ZoneId>, Self::Error>;
}

/// What [`ObjectStore::put`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is new.
    Stored,
    /// It was there already.
    Present,
}

/// What [`ObjectStore::remove`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// The object is gone.
    Removed,
    /// It was not there.
    Absent,
    /// It is pinned, and still there (§3.7).
    Pinned,
}

/// What stands under an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// The zone that it belongs to.
    pub zone: ZoneId,
    /// The node's notes on it.
    pub meta: StorageMeta,
    /// The bytes that its id is the hash of.
    pub canonical: Vec<u8>,
}

impl StoredEntry {
    /// Hashes the bytes again under the zone's `key` and takes them apart.
    ///
    /// # Errors
    /// [`ObjectError::IdMismatch`] if the store gave other bytes than those of `id`; any other [`ObjectError`] if they
    /// are no object.
    pub fn open(self, id: ObjectId, key: &ObjectIdKey) -> Result<StoredObject, ObjectError> {
        StoredObject::parse_as(id, &self.canonical, key)
    }
}

/// One object of a zone's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListedObject {
    /// Its id.
    pub id: ObjectId,
    /// The node's notes on it.
    pub meta: StorageMeta,
    /// How many canonical bytes it has.
    pub bytes: u64,
}

/// How much a zone holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// How many objects.
    pub objects: u64,
    /// How many canonical bytes they have together.
    pub bytes: u64,
}
