//! State that must survive a crash: one value under one name.

use fcp_core::cbor::{self, Decode, Encode};
use redb::TableDefinition;

use super::{Store, StoreError};

pub(super) const STATE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("state");

/// What a value is, and of what: `vote/z:work`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StateKey(String);

impl StateKey {
    /// The key of `kind` for `subject`.
    pub(crate) fn new(kind: &str, subject: impl std::fmt::Display) -> Self {
        Self(format!("{kind}/{subject}"))
    }
}

impl Store {
    /// Writes `value`; it is on disk when this returns.
    pub(crate) fn put_state<T: Encode>(&self, key: &StateKey, value: &T) -> Result<(), StoreError> {
        self.put_states([(key, value)])
    }

    /// Writes all of these or none; they are on disk when this returns.
    pub(crate) fn put_states<'v, T: Encode + 'v>(
        &self,
        values: impl IntoIterator<Item = (&'v StateKey, &'v T)>,
    ) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        {
            let mut table = write.open_table(STATE)?;
            for (key, value) in values {
                table.insert(key.0.as_str(), cbor::encode(value).as_slice())?;
            }
        }
        write.commit()?;
        Ok(())
    }

    /// Forgets a value.
    pub(crate) fn remove_state(&self, key: &StateKey) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(STATE)?.remove(key.0.as_str())?;
        write.commit()?;
        Ok(())
    }

    /// Reads what was written last.
    pub(crate) fn state<T: for<'b> Decode<'b>>(&self, key: &StateKey) -> Result<Option<T>, StoreError> {
        let read = self.database.begin_read()?;
        let Some(bytes) = read.open_table(STATE)?.get(key.0.as_str())? else { return Ok(None) };
        cbor::decode(bytes.value()).map(Some).map_err(|_| StoreError::Damaged("state"))
    }

    /// Every value of `kind`, in the order of the subjects.
    pub(crate) fn states<T: for<'b> Decode<'b>>(&self, kind: &str) -> Result<Vec<(String, T)>, StoreError> {
        let prefix = format!("{kind}/");
        let read = self.database.begin_read()?;
        let table = read.open_table(STATE)?;
        let mut found = Vec::new();
        for entry in table.range(prefix.as_str()..)? {
            let (key, value) = entry?;
            let Some(subject) = key.value().strip_prefix(&prefix) else { break };
            let value = cbor::decode(value.value()).map_err(|_| StoreError::Damaged("state"))?;
            found.push((subject.to_owned(), value));
        }
        Ok(found)
    }
}
