//! Objects that this node spreads: whole, until everybody who is to hold symbols of them says so.

use std::ops::Range;

use fcp_core::cbor::{self, Decode, Encode};
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use redb::{ReadableTable as _, TableDefinition};

use super::symbols::{self, StoredSymbol};
use super::{Store, StoreError};

/// Object → its canonical bytes.
pub(super) const OBJECTS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("spreading_objects");
/// (object, holder) → the [`Record`] of the holder's run.
pub(super) const RUNS: TableDefinition<'_, ([u8; 32], &str), &[u8]> = TableDefinition::new("spreading_runs");

/// A run of an object's symbols that a node is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PlacedRun {
    pub(crate) object_id: ObjectId,
    pub(crate) holder: NodeId,
    pub(crate) zone_id: ZoneId,
    pub(crate) esis: Range<u32>,
}

/// What is written of a [`PlacedRun`].
#[derive(Encode, Decode)]
struct Record {
    zone_id: ZoneId,
    first: u32,
    end: u32,
}

/// What is to be spread: objects as canonical bytes, who is to hold what, and this node's own symbols.
#[derive(Debug, Default)]
pub(crate) struct Spread {
    pub(crate) objects: Vec<(ObjectId, Vec<u8>)>,
    pub(crate) runs: Vec<PlacedRun>,
    pub(crate) own: Vec<StoredSymbol>,
}

impl Store {
    /// Writes everything of a spread in one transaction: after this, nothing of it can be lost here.
    pub(crate) fn begin_spread(&self, spread: &Spread, own: &NodeId) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            let mut objects = write.open_table(OBJECTS)?;
            for (id, canonical) in &spread.objects {
                objects.insert(*id.as_bytes(), canonical.as_slice())?;
            }
            let mut runs = write.open_table(RUNS)?;
            for PlacedRun { object_id, holder, zone_id, esis } in &spread.runs {
                let record = Record { zone_id: zone_id.clone(), first: esis.start, end: esis.end };
                runs.insert((*object_id.as_bytes(), holder.as_str()), cbor::encode(&record).as_slice())?;
            }
            symbols::put(&write, &spread.own, own, u64::MAX)?;
        }
        write.commit()?;
        Ok(())
    }

    /// The runs that nobody has confirmed.
    pub(crate) fn unconfirmed_runs(&self) -> Result<Vec<PlacedRun>, StoreError> {
        let read = self.database.begin_read()?;
        let mut found = Vec::new();
        for entry in read.open_table(RUNS)?.iter()? {
            let (key, value) = entry?;
            let (object, holder) = key.value();
            let holder = NodeId::new(holder).map_err(|_| StoreError::Damaged("holder"))?;
            let Record { zone_id, first, end } = cbor::decode(value.value()).map_err(|_| StoreError::Damaged("run"))?;
            found.push(PlacedRun { object_id: ObjectId::from_bytes(object), holder, zone_id, esis: first..end });
        }
        Ok(found)
    }

    /// The canonical bytes of an object that is being spread.
    pub(crate) fn spread_object(&self, id: &ObjectId) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(OBJECTS)?;
        Ok(table.get(*id.as_bytes())?.map(|bytes| bytes.value().to_vec()))
    }

    /// Forgets runs that their holders confirmed, and the objects that no run is left of; tells how many those were.
    pub(crate) fn confirm_runs(&self, confirmed: &[(ObjectId, NodeId)]) -> Result<usize, StoreError> {
        let write = self.database.begin_write()?;
        let mut released = 0_usize;
        {
            let (mut objects, mut runs) = (write.open_table(OBJECTS)?, write.open_table(RUNS)?);
            for (id, holder) in confirmed {
                let object = *id.as_bytes();
                runs.remove((object, holder.as_str()))?;
                let left = runs.range((object, "")..)?.next().transpose()?;
                let done = left.is_none_or(|(key, _)| key.value().0 != object);
                if done && objects.remove(object)?.is_some() {
                    released = released.saturating_add(1);
                }
            }
        }
        write.commit()?;
        Ok(released)
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{NodeId, ObjectId, ZoneId};

    use super::{PlacedRun, Spread};
    use crate::store::{Store, StoredSymbol, SymbolShape};

    const OBJECT: ObjectId = ObjectId::from_bytes([1; 32]);

    fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    fn run(holder: &str, esis: std::ops::Range<u32>) -> PlacedRun {
        PlacedRun { object_id: OBJECT, holder: node(holder), zone_id: ZoneId::private(), esis }
    }

    #[test]
    fn an_object_stays_until_its_last_run_is_confirmed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let shape = SymbolShape { zone_id: ZoneId::private(), k: 2, symbol_size: 256 };
        let own = StoredSymbol { object_id: OBJECT, source: node("nA"), esi: 0, data: vec![3; 256], shape };
        let runs = vec![run("nB", 1..2), run("nC", 2..3)];
        let spread = Spread { objects: vec![(OBJECT, vec![7; 300])], runs: runs.clone(), own: vec![own] };
        Store::open(&path).unwrap().begin_spread(&spread, &node("nA")).unwrap();

        // Whoever was killed here finds everything again.
        let store = Store::open(&path).unwrap();
        assert_eq!(store.unconfirmed_runs().unwrap(), runs);
        assert_eq!(store.spread_object(&OBJECT).unwrap(), Some(vec![7; 300]));
        assert_eq!(store.symbol_esis(&OBJECT, &node("nA")).unwrap(), [0]);

        assert_eq!(store.confirm_runs(&[(OBJECT, node("nB"))]).unwrap(), 0);
        assert_eq!(store.unconfirmed_runs().unwrap(), [run("nC", 2..3)]);
        assert!(store.spread_object(&OBJECT).unwrap().is_some());
        drop(store);

        let store = Store::open(&path).unwrap();
        assert_eq!(store.confirm_runs(&[(OBJECT, node("nC")), (OBJECT, node("nC"))]).unwrap(), 1);
        assert_eq!(store.unconfirmed_runs().unwrap(), []);
        assert_eq!(store.spread_object(&OBJECT).unwrap(), None);
        assert_eq!(store.symbol_esis(&OBJECT, &node("nA")).unwrap(), [0]);
    }

    #[test]
    fn an_object_is_not_kept_by_the_runs_of_its_neighbor() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.redb")).unwrap();
        let next = ObjectId::from_bytes([2; 32]);
        let runs = vec![run("nB", 0..1), PlacedRun { object_id: next, ..run("nB", 0..1) }];
        let objects = vec![(OBJECT, vec![1]), (next, vec![2])];
        store.begin_spread(&Spread { objects, runs, own: vec![] }, &node("nA")).unwrap();
        assert_eq!(store.confirm_runs(&[(OBJECT, node("nB"))]).unwrap(), 1);
        assert_eq!(store.spread_object(&next).unwrap(), Some(vec![2]));
    }
}
