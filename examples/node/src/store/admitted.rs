//! Objects that were found to belong to their zone, as symbols of which are held here (§8.4.1).

use fcp_core::cbor::{self, Decode, Encode};
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::ObjectPlacementPolicy;
use redb::{ReadableTable as _, TableDefinition};

use super::{Store, StoreError, symbols};

/// Object → its [`AdmittedObject`].
pub(super) const ADMITTED: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("admitted_objects");

/// What is noted of an object that was admitted.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct AdmittedObject {
    /// Its zone.
    pub(crate) zone_id: ZoneId,
    /// How many source symbols it has.
    pub(crate) k: u16,
    /// How its symbols are to be spread, if its author says so.
    pub(crate) placement: Option<ObjectPlacementPolicy>,
}

impl Store {
    /// Notes that an object is admitted.
    pub(crate) fn put_admitted(&self, id: &ObjectId, object: &AdmittedObject) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(ADMITTED)?.insert(*id.as_bytes(), cbor::encode(object).as_slice())?;
        write.commit()?;
        Ok(())
    }

    /// Every object that is admitted.
    pub(crate) fn admitted(&self) -> Result<Vec<(ObjectId, AdmittedObject)>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(ADMITTED)?;
        table
            .iter()?
            .map(|entry| {
                let (id, bytes) = entry?;
                let object = cbor::decode(bytes.value()).map_err(|_| StoreError::Damaged("admitted object"))?;
                Ok((ObjectId::from_bytes(id.value()), object))
            })
            .collect()
    }

    /// Every object of which symbols are held, with the zone that those of the first source are of.
    pub(crate) fn held_objects(&self) -> Result<Vec<(ObjectId, ZoneId)>, StoreError> {
        let read = self.database.begin_read()?;
        let mut found: Vec<(ObjectId, ZoneId)> = Vec::new();
        for entry in read.open_table(symbols::HOLDINGS)?.iter()? {
            let (key, value) = entry?;
            let id = ObjectId::from_bytes(key.value().0);
            if found.last().is_none_or(|(last, _)| *last != id) {
                found.push((id, symbols::zone_of(value.value())?));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{ObjectId, ZoneId};
    use fcp_core::object::ObjectPlacementPolicy;

    use super::AdmittedObject;
    use crate::store::Store;

    #[test]
    fn what_is_admitted_is_so_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let policy = ObjectPlacementPolicy {
            min_nodes: 3,
            max_node_fraction_bps: 3_000,
            preferred_devices: vec![],
            excluded_devices: vec![],
            target_coverage_bps: 15_000,
        };
        let object = AdmittedObject { zone_id: ZoneId::private(), k: 65, placement: Some(policy) };
        let plain = AdmittedObject { zone_id: ZoneId::work(), k: 1, placement: None };
        let [first, second] = [1, 2].map(|byte| ObjectId::from_bytes([byte; 32]));
        let store = Store::open(&path).unwrap();
        store.put_admitted(&first, &object).unwrap();
        store.put_admitted(&second, &plain).unwrap();
        drop(store);
        assert_eq!(Store::open(&path).unwrap().admitted().unwrap(), [(first, object), (second, plain)]);
    }
}
