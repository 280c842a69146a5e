//! What a node keeps on disk: objects, symbols, and the state that must survive a crash.
//!
//! One `redb` file. Every write is a transaction that is on disk before the call returns, so a node that is killed finds
//! exactly what it had promised.

mod objects;
mod state;
mod symbols;

use std::path::{Path, PathBuf};

use redb::Database;

pub(crate) use state::StateKey;
pub(crate) use symbols::{StoredSymbol, SymbolShape};

/// Why the disk did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The file cannot be opened, most often because another process has it.
    #[error("cannot open the store `{path}`: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the database says.
        source: Box<redb::DatabaseError>,
    },
    /// The disk is full. Nothing of the transaction was written, and everything before it is intact.
    #[error("the disk is full: nothing was written, and nothing is lost; make room and try again")]
    Full,
    /// The database failed otherwise.
    #[error("the store failed: {0}")]
    Database(Box<redb::Error>),
    /// What was read is not what was written.
    #[error("the store holds a damaged entry: {0}")]
    Damaged(&'static str),
}

impl<E: Into<redb::Error>> From<E> for StoreError {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => Self::Full,
            error => Self::Database(Box::new(error)),
        }
    }
}

/// A node's store.
pub(crate) struct Store {
    database: Database,
}

impl Store {
    /// Opens the store in `path`, or creates it.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let database = Database::create(path)
            .map_err(|source| StoreError::Open { path: path.to_owned(), source: Box::new(source) })?;
        let store = Self { database };
        store.create_tables()?;
        Ok(store)
    }

    /// Makes every table, so that reading never meets a missing one.
    fn create_tables(&self) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(objects::OBJECTS)?;
        write.open_table(objects::ZONES)?;
        write.open_table(symbols::SYMBOLS)?;
        write.open_table(symbols::SHAPES)?;
        write.open_table(state::STATE)?;
        write.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Store;

    #[test]
    fn keeps_the_contract_of_an_object_store() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(&folder.path().join("store.redb")).unwrap();
        fcp_core::store::check_object_store(&mut store).unwrap();
    }
}
