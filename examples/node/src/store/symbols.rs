//! Symbols that this node holds for objects, whole or not.

use std::collections::BTreeMap;

use fcp_core::cbor::{self, Decode, Encode};
use fcp_core::id::{ObjectId, ZoneId};
use redb::{ReadableTable as _, TableDefinition};

use super::{Store, StoreError};

/// (object, ESI) → symbol.
pub(super) const SYMBOLS: TableDefinition<'_, ([u8; 32], u32), &[u8]> = TableDefinition::new("symbols");
/// Object → its [`SymbolShape`].
pub(super) const SHAPES: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("shapes");

/// How an object is cut into symbols.
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
pub(crate) struct StoredSymbol {
    pub(crate) object_id: ObjectId,
    pub(crate) esi: u32,
    pub(crate) data: Vec<u8>,
    pub(crate) shape: SymbolShape,
}

impl Store {
    /// Writes symbols in one transaction. An object keeps the shape that came first; symbols of another shape are left.
    pub(crate) fn put_symbols(&self, batch: &[StoredSymbol]) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            let mut shapes = write.open_table(SHAPES)?;
            let mut symbols = write.open_table(SYMBOLS)?;
            for symbol in batch {
                let object = *symbol.object_id.as_bytes();
                let shape = cbor::encode(&symbol.shape);
                let known = shapes.get(object)?.map(|known| known.value() == shape);
                match known {
                    Some(false) => continue,
                    Some(true) => {}
                    None => {
                        shapes.insert(object, shape.as_slice())?;
                    }
                }
                symbols.insert((object, symbol.esi), symbol.data.as_slice())?;
            }
        }
        write.commit()?;
        Ok(())
    }

    /// The shape of an object of which any symbol is held.
    pub(crate) fn symbol_shape(&self, object: &ObjectId) -> Result<Option<SymbolShape>, StoreError> {
        let read = self.database.begin_read()?;
        let Some(bytes) = read.open_table(SHAPES)?.get(*object.as_bytes())? else { return Ok(None) };
        cbor::decode(bytes.value()).map(Some).map_err(|_| StoreError::Damaged("shape"))
    }

    /// The symbols that are held of an object, by ESI.
    pub(crate) fn symbols(&self, object: &ObjectId) -> Result<BTreeMap<u32, Vec<u8>>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(SYMBOLS)?;
        let object = *object.as_bytes();
        let mut found = BTreeMap::new();
        for entry in table.range((object, 0)..=(object, u32::MAX))? {
            let (key, value) = entry?;
            found.insert(key.value().1, value.value().to_vec());
        }
        Ok(found)
    }

    /// Which symbols are held of an object.
    pub(crate) fn symbol_esis(&self, object: &ObjectId) -> Result<Vec<u32>, StoreError> {
        let read = self.database.begin_read()?;
        let table = read.open_table(SYMBOLS)?;
        let object = *object.as_bytes();
        table.range((object, 0)..=(object, u32::MAX))?.map(|entry| Ok(entry?.0.value().1)).collect()
    }
}
