//! A store in memory: for tests, for simulations, and for nodes that keep nothing.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::ops::Bound;

use super::{ListedObject, ObjectStore, Put, Removal, StoredEntry, Usage};
use crate::id::{ObjectId, ZoneId};
use crate::object::{RetentionClass, StorageMeta, StoredObject};

/// An [`ObjectStore`] that forgets everything when it is dropped, and never fails.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    zone_of: BTreeMap<ObjectId, ZoneId>,
    zones: BTreeMap<ZoneId, Zone>,
}

/// The objects of one zone and what they add up to.
#[derive(Debug, Clone, Default)]
struct Zone {
    objects: BTreeMap<ObjectId, Object>,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Object {
    meta: StorageMeta,
    canonical: Vec<u8>,
}

/// A length as the counters have it.
fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub const fn new() -> Self {
        Self { zone_of: BTreeMap::new(), zones: BTreeMap::new() }
    }

    fn object(&self, id: &ObjectId) -> Option<(&ZoneId, &Object)> {
        let zone = self.zone_of.get(id)?;
        Some((zone, self.zones.get(zone)?.objects.get(id)?))
    }

    fn meta_mut(&mut self, id: &ObjectId) -> Option<&mut StorageMeta> {
        let zone = self.zone_of.get(id)?;
        Some(&mut self.zones.get_mut(zone)?.objects.get_mut(id)?.meta)
    }
}

impl ObjectStore for MemoryStore {
    type Error = Infallible;

    fn put(&mut self, object: &StoredObject, meta: StorageMeta) -> Result<Put, Infallible> {
        let id = object.id();
        if self.zone_of.contains_key(&id) {
            return Ok(Put::Present);
        }
        let zone_id = &object.header().zone_id;
        let canonical = object.canonical_bytes().to_vec();
        self.zone_of.insert(id, zone_id.clone());
        let zone = self.zones.entry(zone_id.clone()).or_default();
        zone.bytes = zone.bytes.saturating_add(length(&canonical));
        zone.objects.insert(id, Object { meta, canonical });
        Ok(Put::Stored)
    }

    fn get(&self, id: &ObjectId) -> Result<Option<StoredEntry>, Infallible> {
        Ok(self.object(id).map(|(zone, object)| StoredEntry {
            zone: zone.clone(),
            meta: object.meta,
            canonical: object.canonical.clone(),
        }))
    }

    fn contains(&self, id: &ObjectId) -> Result<bool, Infallible> {
        Ok(self.zone_of.contains_key(id))
    }

    fn remove(&mut self, id: &ObjectId) -> Result<Removal, Infallible> {
        match self.object(id) {
            None => return Ok(Removal::Absent),
            Some((_, object)) if object.meta.retention == RetentionClass::Pinned => return Ok(Removal::Pinned),
            Some(_) => {}
        }
        if let Some(zone_id) = self.zone_of.remove(id)
            && let Some(zone) = self.zones.get_mut(&zone_id)
        {
            if let Some(object) = zone.objects.remove(id) {
                zone.bytes = zone.bytes.saturating_sub(length(&object.canonical));
            }
            if zone.objects.is_empty() {
                self.zones.remove(&zone_id);
            }
        }
        Ok(Removal::Removed)
    }

    fn set_retention(
        &mut self,
        id: &ObjectId,
        retention: RetentionClass,
    ) -> Result<Option<RetentionClass>, Infallible> {
        Ok(self.meta_mut(id).map(|meta| core::mem::replace(&mut meta.retention, retention)))
    }

    fn unpin(&mut self, id: &ObjectId) -> Result<bool, Infallible> {
        Ok(match self.meta_mut(id) {
            Some(meta) if meta.retention == RetentionClass::Pinned => {
                meta.retention = RetentionClass::Ephemeral;
                true
            }
            _ => false,
        })
    }

    fn list(&self, zone: &ZoneId, after: Option<&ObjectId>, limit: usize) -> Result<Vec<ListedObject>, Infallible> {
        let Some(zone) = self.zones.get(zone) else { return Ok(Vec::new()) };
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let listed = zone.objects.range((start, Bound::Unbounded)).take(limit);
        Ok(listed
            .map(|(id, object)| ListedObject { id: *id, meta: object.meta, bytes: length(&object.canonical) })
            .collect())
    }

    fn usage(&self, zone: &ZoneId) -> Result<Usage, Infallible> {
        Ok(self.zones.get(zone).map_or_else(Usage::default, |zone| Usage {
            objects: u64::try_from(zone.objects.len()).unwrap_or(u64::MAX),
            bytes: zone.bytes,
        }))
    }

    fn zones(&self) -> Result<Vec<ZoneId>, Infallible> {
        Ok(self.zones.keys().cloned().collect())
    }
}
