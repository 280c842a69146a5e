//! Whole objects: the trait of `fcp-core` on disk.

use fcp_core::cbor::{self, Decode, Encode};
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::{RetentionClass, StorageMeta, StoredObject};
use fcp_core::store::{ListedObject, ObjectStore, Put, Removal, StoredEntry, Usage};
use redb::{ReadableTable as _, TableDefinition};

use super::{Store, StoreError};

/// Id → zone, notes and bytes.
pub(super) const OBJECTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("objects");
/// (zone, id) → length of the canonical bytes: a zone's list and its usage.
pub(super) const ZONES: TableDefinition<'_, (&str, [u8; 32]), u64> = TableDefinition::new("zones");

/// What stands under an id.
#[derive(Encode, Decode)]
struct Record {
    zone: ZoneId,
    meta: StorageMeta,
    canonical: Vec<u8>,
}

fn record(bytes: &[u8]) -> Result<Record, StoreError> {
    cbor::decode(bytes).map_err(|_| StoreError::Damaged("object"))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

impl Store {
    fn record(&self, id: &ObjectId) -> Result<Option<Record>, StoreError> {
        let read = self.database.begin_read()?;
        let Some(bytes) = read.open_table(OBJECTS)?.get(*id.as_bytes())? else { return Ok(None) };
        record(bytes.value()).map(Some)
    }

    /// Changes the notes on an object and returns how long it was kept before.
    fn change_retention(
        &self,
        id: &ObjectId,
        change: impl FnOnce(RetentionClass) -> RetentionClass,
    ) -> Result<Option<RetentionClass>, StoreError> {
        let Some(mut own) = self.record(id)? else { return Ok(None) };
        let before = own.meta.retention;
        own.meta.retention = change(before);
        let write = self.database.begin_write()?;
        write.open_table(OBJECTS)?.insert(*id.as_bytes(), cbor::encode(&own).as_slice())?;
        write.commit()?;
        Ok(Some(before))
    }

    /// Overwrites stored bytes without any check, as a failing disk or an intruder would. For proving that it is found.
    pub(crate) fn damage(&self, id: &ObjectId, offset: usize) -> Result<bool, StoreError> {
        let Some(mut own) = self.record(id)? else { return Ok(false) };
        let Some(byte) = own.canonical.get_mut(offset) else { return Ok(false) };
        *byte ^= 1;
        let write = self.database.begin_write()?;
        write.open_table(OBJECTS)?.insert(*id.as_bytes(), cbor::encode(&own).as_slice())?;
        write.commit()?;
        Ok(true)
    }
}

impl ObjectStore for Store {
    type Error = StoreError;

    fn put(&mut self, object: &StoredObject, meta: StorageMeta) -> Result<Put, StoreError> {
        let id = *object.id().as_bytes();
        let own = Record { zone: object.header().zone_id.clone(), meta, canonical: object.canonical_bytes().to_vec() };
        let write = self.database.begin_write()?;
        {
            let mut objects = write.open_table(OBJECTS)?;
            if objects.get(id)?.is_some() {
                return Ok(Put::Present);
            }
            objects.insert(id, cbor::encode(&own).as_slice())?;
            write.open_table(ZONES)?.insert((own.zone.as_str(), id), length(&own.canonical))?;
        }
        write.commit()?;
        Ok(Put::Stored)
    }

    fn get(&self, id: &ObjectId) -> Result<Option<StoredEntry>, StoreError> {
        let own = self.record(id)?;
        Ok(own.map(|own| StoredEntry { zone: own.zone, meta: own.meta, canonical: own.canonical }))
    }

    fn remove(&mut self, id: &ObjectId) -> Result<Removal, StoreError> {
        let Some(own) = self.record(id)? else { return Ok(Removal::Absent) };
        if own.meta.retention == RetentionClass::Pinned {
            return Ok(Removal::Pinned);
        }
        let write = self.database.begin_write()?;
        write.open_table(OBJECTS)?.remove(*id.as_bytes())?;
        write.open_table(ZONES)?.remove((own.zone.as_str(), *id.as_bytes()))?;
        write.commit()?;
        Ok(Removal::Removed)
    }

    fn set_retention(
        &mut self,
        id: &ObjectId,
        retention: RetentionClass,
    ) -> Result<Option<RetentionClass>, StoreError> {
        self.change_retention(id, |_| retention)
    }

    fn unpin(&mut self, id: &ObjectId) -> Result<bool, StoreError> {
        let before = self.change_retention(id, |before| match before {
            RetentionClass::Pinned => RetentionClass::Ephemeral,
            other => other,
        })?;
        Ok(before == Some(RetentionClass::Pinned))
    }

    fn list(&self, zone: &ZoneId, after: Option<&ObjectId>, limit: usize) -> Result<Vec<ListedObject>, StoreError> {
        let read = self.database.begin_read()?;
        let (zones, objects) = (read.open_table(ZONES)?, read.open_table(OBJECTS)?);
        let first = after.map_or([0; 32], |after| *after.as_bytes());
        let mut listed = Vec::new();
        for entry in zones.range((zone.as_str(), first)..=(zone.as_str(), [0xff; 32]))? {
            if listed.len() >= limit {
                break;
            }
            let (key, bytes) = entry?;
            let (_, id) = key.value();
            if after.is_some_and(|after| *after.as_bytes() == id) {
                continue;
            }
            let own = objects.get(id)?.ok_or(StoreError::Damaged("zone list"))?;
            let meta = record(own.value())?.meta;
            listed.push(ListedObject { id: ObjectId::from_bytes(id), meta, bytes: bytes.value() });
        }
        Ok(listed)
    }

    fn usage(&self, zone: &ZoneId) -> Result<Usage, StoreError> {
        let read = self.database.begin_read()?;
        let zones = read.open_table(ZONES)?;
        let mut usage = Usage::default();
        for entry in zones.range((zone.as_str(), [0; 32])..=(zone.as_str(), [0xff; 32]))? {
            usage.objects = usage.objects.saturating_add(1);
            usage.bytes = usage.bytes.saturating_add(entry?.1.value());
        }
        Ok(usage)
    }

    fn zones(&self) -> Result<Vec<ZoneId>, StoreError> {
        let read = self.database.begin_read()?;
        let mut found: Vec<ZoneId> = Vec::new();
        for entry in read.open_table(ZONES)?.iter()? {
            let (key, _) = entry?;
            let (zone, _) = key.value();
            if found.last().is_none_or(|last| last.as_str() != zone) {
                found.push(ZoneId::new(zone).map_err(|_| StoreError::Damaged("zone id"))?);
            }
        }
        Ok(found)
    }
}
