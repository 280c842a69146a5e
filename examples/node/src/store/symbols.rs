//! Symbols that this node holds for objects, whole or not.
//!
//! Symbols stand under whoever sent them: what one source says of an object never replaces what another said (D61). A
//! source has one shape of an object, an object four shapes in all, and a source a share of the disk (§8.4.1).

use std::collections::BTreeMap;

use fcp_core::cbor::{self, Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_symbols::esi::EsiSet;
use fcp_symbols::reassembly::MAX_CONTEXTS_PER_OBJECT;
use redb::{ReadableTable, TableDefinition, WriteTransaction};

use super::{Store, StoreError};

/// (object, source, ESI) → symbol.
pub(super) const SYMBOLS: TableDefinition<'_, ([u8; 32], &str, u32), &[u8]> = TableDefinition::new("held_symbols");
/// (object, source) → the [`Record`] of what the source sent of the object.
pub(super) const HOLDINGS: TableDefinition<'_, ([u8; 32], &str), &[u8]> = TableDefinition::new("holdings");
/// Source → what its symbols cost, in bytes.
pub(super) const SHARES: TableDefinition<'_, &str, u64> = TableDefinition::new("symbol_shares");

/// What a symbol costs beside its bytes.
const SYMBOL_OVERHEAD: u64 = 128;

/// How an object is cut into symbols, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct SymbolShape {
    /// The zone whose members hold it.
    pub(crate) zone_id: ZoneId,
    /// How many source symbols it has.
    pub(crate) k: u16,
    /// How long each symbol is, in bytes.
    pub(crate) symbol_size: u16,
}

/// One symbol to store.
#[derive(Debug, Clone)]
pub(crate) struct StoredSymbol {
    pub(crate) object_id: ObjectId,
    /// Who sent it, or this node itself.
    pub(crate) source: NodeId,
    pub(crate) esi: u32,
    pub(crate) data: Vec<u8>,
    pub(crate) shape: SymbolShape,
}

/// What is held of an object from one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holding {
    pub(crate) source: NodeId,
    pub(crate) shape: SymbolShape,
    /// How many symbols they are.
    pub(crate) symbols: u32,
}

/// Symbols of a source that were not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefusedSymbols {
    pub(crate) source: NodeId,
    pub(crate) reason: Reason,
    /// How many symbols they are.
    pub(crate) symbols: usize,
}

/// What is written of a [`Holding`].
#[derive(Clone, Encode, Decode)]
struct Record {
    shape: SymbolShape,
    /// The how-manieth source of the object this was.
    arrival: u32,
    symbols: u32,
}

fn record(bytes: &[u8]) -> Result<Record, StoreError> {
    cbor::decode(bytes).map_err(|_| StoreError::Damaged("holding"))
}

/// The zone that a record of [`HOLDINGS`] is about.
pub(super) fn zone_of(bytes: &[u8]) -> Result<ZoneId, StoreError> {
    record(bytes).map(|record| record.shape.zone_id)
}

/// What every source sent of an object, in the order in which the sources came.
fn records(
    table: &impl ReadableTable<([u8; 32], &'static str), &'static [u8]>,
    object: [u8; 32],
) -> Result<Vec<(String, Record)>, StoreError> {
    let mut found = Vec::new();
    for entry in table.range((object, "")..)? {
        let (key, value) = entry?;
        let (of, source) = key.value();
        if of != object {
            break;
        }
        found.push((source.to_owned(), record(value.value())?));
    }
    found.sort_by_key(|(_, record)| record.arrival);
    Ok(found)
}

/// Symbols of one object from one source, in the order in which they came.
struct Group<'a> {
    object: [u8; 32],
    source: &'a NodeId,
    symbols: Vec<&'a StoredSymbol>,
}

/// Sorts a batch by object and source.
fn groups(batch: &[StoredSymbol]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places = BTreeMap::new();
    for symbol in batch {
        let object = *symbol.object_id.as_bytes();
        let place = *places.entry((object, &symbol.source)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.symbols.push(symbol),
            None => groups.push(Group { object, source: &symbol.source, symbols: vec![symbol] }),
        }
    }
    groups
}

/// Writes symbols in a transaction; each source but `own` has at most `share` bytes. Nothing that is stored changes.
pub(super) fn put(
    write: &WriteTransaction,
    batch: &[StoredSymbol],
    own: &NodeId,
    share: u64,
) -> Result<Vec<RefusedSymbols>, StoreError> {
    let mut holdings = write.open_table(HOLDINGS)?;
    let mut symbols = write.open_table(SYMBOLS)?;
    let mut shares = write.open_table(SHARES)?;
    let mut refused: BTreeMap<(&NodeId, &str), RefusedSymbols> = BTreeMap::new();
    let mut refuse = |source, reason: Reason| {
        let new = || RefusedSymbols { source: NodeId::clone(source), reason, symbols: 0 };
        let entry = refused.entry((source, reason.code())).or_insert_with(new);
        entry.symbols = entry.symbols.saturating_add(1);
    };
    for Group { object, source, symbols: group } in groups(batch) {
        let known = records(&holdings, object)?;
        let mut held = known.iter().find(|(other, _)| other == source.as_str()).map(|(_, record)| record.clone());
        let mut shapes: Vec<&SymbolShape> = Vec::new();
        for (_, other) in &known {
            if !shapes.contains(&&other.shape) {
                shapes.push(&other.shape);
            }
        }
        let mut used = shares.get(source.as_str())?.map_or(0, |used| used.value());
        for symbol in group {
            let fits = match &held {
                Some(held) => held.shape == symbol.shape,
                None => shapes.len() < MAX_CONTEXTS_PER_OBJECT || shapes.contains(&&symbol.shape),
            };
            if !fits {
                refuse(source, Reason::SymbolContexts);
                continue;
            }
            let key = (object, source.as_str(), symbol.esi);
            if symbols.get(key)?.is_some() {
                continue;
            }
            let cost = u64::try_from(symbol.data.len()).unwrap_or(u64::MAX).saturating_add(SYMBOL_OVERHEAD);
            if source != own && used.saturating_add(cost) > share {
                refuse(source, Reason::SymbolSourceBudget);
                continue;
            }
            used = used.saturating_add(cost);
            symbols.insert(key, symbol.data.as_slice())?;
            let arrival = u32::try_from(known.len()).unwrap_or(u32::MAX);
            let held = held.get_or_insert_with(|| Record { shape: symbol.shape.clone(), arrival, symbols: 0 });
            held.symbols = held.symbols.saturating_add(1);
        }
        if let Some(held) = held {
            holdings.insert((object, source.as_str()), cbor::encode(&held).as_slice())?;
            shares.insert(source.as_str(), used)?;
        }
    }
    Ok(refused.into_values().collect())
}

impl Store {
    /// Writes symbols in one transaction, and tells which were refused. Each source but `own` has at most `share` bytes.
    pub(crate) fn put_symbols(
        &self,
        batch: &[StoredSymbol],
        own: &NodeId,
        share: u64,
    ) -> Result<Vec<RefusedSymbols>, StoreError> {
        let write = self.database.begin_write()?;
        let refused = put(&write, batch, own, share)?;
        write.commit()?;
        Ok(refused)
    }

    /// Gives up symbols of an object, whoever sent them.
    pub(crate) fn drop_symbols(&self, object: &ObjectId, esis: &EsiSet) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            let mut holdings = write.open_table(HOLDINGS)?;
            let mut symbols = write.open_table(SYMBOLS)?;
            let mut shares = write.open_table(SHARES)?;
            for (source, mut record) in records(&holdings, *object.as_bytes())? {
                let mut freed = 0_u64;
                for esi in esis.iter() {
                    if let Some(data) = symbols.remove((*object.as_bytes(), source.as_str(), esi))? {
                        let len = u64::try_from(data.value().len()).unwrap_or(u64::MAX);
                        freed = freed.saturating_add(len).saturating_add(SYMBOL_OVERHEAD);
                        record.symbols = record.symbols.saturating_sub(1);
                    }
                }
                if freed == 0 {
                    continue;
                }
                let used = shares.get(source.as_str())?.map_or(0, |used| used.value());
                shares.insert(source.as_str(), used.saturating_sub(freed))?;
                let key = (*object.as_bytes(), source.as_str());
                if record.symbols == 0 {
                    holdings.remove(key)?;
                } else {
                    holdings.insert(key, cbor::encode(&record).as_slice())?;
                }
            }
        }
        write.commit()?;
        Ok(())
    }

    /// From whom symbols of an object are held: whoever came first stands first.
    pub(crate) fn symbol_holdings(&self, object: &ObjectId) -> Result<Vec<Holding>, StoreError> {
        let read = self.database.begin_read()?;
        let records = records(&read.open_table(HOLDINGS)?, *object.as_bytes())?;
        let holding = |(source, record): (String, Record)| {
            let source = NodeId::new(&source).map_err(|_| StoreError::Damaged("source"))?;
            Ok(Holding { source, shape: record.shape, symbols: record.symbols })
        };
        records.into_iter().map(holding).collect()
    }

    /// How many symbols are held of an object from a source.
    pub(crate) fn symbol_holding(&self, object: &ObjectId, source: &NodeId) -> Result<Option<Holding>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(HOLDINGS)?;
        let Some(bytes) = table.get((*object.as_bytes(), source.as_str()))? else { return Ok(None) };
        let Record { shape, symbols, .. } = record(bytes.value())?;
        Ok(Some(Holding { source: source.clone(), shape, symbols }))
    }

    /// The symbols that are held of an object from a source, by ESI.
    pub(crate) fn symbols(&self, object: &ObjectId, source: &NodeId) -> Result<BTreeMap<u32, Vec<u8>>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(SYMBOLS)?;
        let (object, source) = (*object.as_bytes(), source.as_str());
        let mut found = BTreeMap::new();
        for entry in table.range((object, source, 0)..=(object, source, u32::MAX))? {
            let (key, value) = entry?;
            found.insert(key.value().2, value.value().to_vec());
        }
        Ok(found)
    }

    /// Which symbols are held of an object from a source.
    pub(crate) fn symbol_esis(&self, object: &ObjectId, source: &NodeId) -> Result<Vec<u32>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(SYMBOLS)?;
        let (object, source) = (*object.as_bytes(), source.as_str());
        table.range((object, source, 0)..=(object, source, u32::MAX))?.map(|entry| Ok(entry?.0.value().2)).collect()
    }
}

#[cfg(test)]
mod tests;
