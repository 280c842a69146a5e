//! What every store must do, as a function that any store can be put through.

use alloc::string::String;
use alloc::vec::Vec;

use super::{ObjectStore, Put, Removal, Usage};
use crate::id::{ObjectId, ObjectIdKey, SchemaId, ZoneId};
use crate::object::{Message, ObjectError, ObjectHeader, Provenance, RetentionClass, StorageMeta, StoredObject};
use crate::time::Timestamp;

/// What the checks store.
#[derive(Message)]
#[fcp(schema = "fcp.test:Sample@1.0.0")]
struct Sample {
    text: String,
}

fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

fn sample(zone: &ZoneId, text: &str) -> StoredObject {
    let provenance = Provenance::of_zone(zone.clone(), 50, 50, Timestamp::from_secs(1_700_000_000));
    let header = ObjectHeader::new(SchemaId::of::<Sample>(), provenance);
    StoredObject::from_parts(header, &Sample { text: text.into() }.to_body(), &key())
}

fn bytes(object: &StoredObject) -> u64 {
    u64::try_from(object.canonical_bytes().len()).unwrap_or(u64::MAX)
}

/// Puts `store`, which must be empty, through the contract of [`ObjectStore`], and leaves it empty.
///
/// # Errors
/// When the store itself fails.
///
/// # Panics
/// At the first thing that the store does otherwise than the contract says.
pub fn check_object_store<S: ObjectStore>(store: &mut S) -> Result<(), S::Error> {
    assert!(store.zones()?.is_empty(), "the store must be empty");
    keeps_what_it_is_given(store)?;
    never_removes_what_is_pinned(store)?;
    lists_a_zone_page_by_page(store)?;
    assert!(store.zones()?.is_empty(), "an emptied zone is still listed");
    Ok(())
}

fn meta(retention: RetentionClass, received_at: u64) -> StorageMeta {
    StorageMeta { retention, received_at: Timestamp::from_secs(received_at) }
}

fn keeps_what_it_is_given<S: ObjectStore>(store: &mut S) -> Result<(), S::Error> {
    let object = sample(&ZoneId::work(), "milk");
    let (id, first) = (object.id(), meta(RetentionClass::Ephemeral, 1));
    assert!(store.get(&id)?.is_none() && !store.contains(&id)?, "an object is there before it was put");
    assert_eq!(store.remove(&id)?, Removal::Absent);
    assert_eq!(store.set_retention(&id, RetentionClass::Pinned)?, None);
    assert!(!store.pin(&id)? && !store.unpin(&id)?, "an absent object was pinned");

    assert_eq!(store.put(&object, first)?, Put::Stored);
    assert_eq!(store.put(&object, meta(RetentionClass::Pinned, 2))?, Put::Present);
    assert!(store.contains(&id)?, "an object is not there after it was put");
    let entry = store.get(&id)?;
    assert_eq!(entry.as_ref().map(|entry| (&entry.zone, entry.meta)), Some((&ZoneId::work(), first)), "notes changed");
    let opened = entry.map(|entry| entry.open(id, &key()));
    assert_eq!(opened, Some(Ok(object.clone())), "other bytes came back");
    let wrong = store.get(&id)?.map(|entry| entry.open(ObjectId::ZERO, &key()));
    assert_eq!(wrong, Some(Err(ObjectError::IdMismatch)));

    assert_eq!(store.usage(&ZoneId::work())?, Usage { objects: 1, bytes: bytes(&object) });
    assert_eq!(store.usage(&ZoneId::private())?, Usage::default());
    assert_eq!(store.remove(&id)?, Removal::Removed);
    assert_eq!(store.remove(&id)?, Removal::Absent);
    assert_eq!(store.usage(&ZoneId::work())?, Usage::default());
    Ok(())
}

fn never_removes_what_is_pinned<S: ObjectStore>(store: &mut S) -> Result<(), S::Error> {
    let object = sample(&ZoneId::work(), "bread");
    let id = object.id();
    let lease = RetentionClass::Lease { expires_at: Timestamp::from_secs(9) };
    store.put(&object, meta(lease, 1))?;
    assert!(!store.unpin(&id)?, "unpinned what was not pinned");
    assert!(store.pin(&id)?, "a stored object cannot be pinned");
    assert_eq!(store.remove(&id)?, Removal::Pinned);
    assert!(store.contains(&id)?, "a pinned object was removed");
    assert!(store.unpin(&id)?, "a pinned object cannot be unpinned");
    assert_eq!(store.set_retention(&id, lease)?, Some(RetentionClass::Ephemeral));
    let entry = store.get(&id)?;
    assert_eq!(entry.map(|entry| entry.meta), Some(meta(lease, 1)), "the notes are not those that were set");
    assert_eq!(store.remove(&id)?, Removal::Removed);
    Ok(())
}

fn lists_a_zone_page_by_page<S: ObjectStore>(store: &mut S) -> Result<(), S::Error> {
    let mut ids = Vec::new();
    for number in 0..10_u8 {
        for zone in [ZoneId::work(), ZoneId::private()] {
            let object = sample(&zone, &alloc::format!("note {number}"));
            store.put(&object, meta(RetentionClass::Ephemeral, u64::from(number)))?;
            if zone == ZoneId::work() {
                ids.push((object.id(), bytes(&object)));
            }
        }
    }
    ids.sort_unstable();
    assert_eq!(store.zones()?, [ZoneId::private(), ZoneId::work()]);
    let mut listed = Vec::new();
    loop {
        let page = store.list(&ZoneId::work(), listed.last().map(|(id, _)| id), 3)?;
        assert!(page.len() <= 3, "a page is longer than its limit");
        let last = page.len() < 3;
        listed.extend(page.into_iter().map(|object| (object.id, object.bytes)));
        if last {
            break;
        }
    }
    assert_eq!(listed, ids, "the pages do not make up the zone");
    assert!(store.list(&ZoneId::public(), None, 3)?.is_empty());
    for zone in [ZoneId::work(), ZoneId::private()] {
        while let Some(object) = store.list(&zone, None, 1)?.first() {
            assert_eq!(store.remove(&object.id)?, Removal::Removed);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_object_store;
    use crate::store::MemoryStore;

    #[test]
    fn memory() {
        let mut store = MemoryStore::new();
        check_object_store(&mut store).unwrap();
        check_object_store(&mut store).unwrap();
    }
}
