//! What a node keeps on disk: objects, symbols, and the state that must survive a crash.
//!
//! One `redb` file. Every write is a transaction that is on disk before the call returns, so a node that is killed finds
//! exactly what it had promised.

mod admitted;
mod database;
mod objects;
mod spreading;
mod state;
mod symbols;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(crate) use self::admitted::AdmittedObject;
use self::database::Database;
pub(crate) use spreading::{PlacedRun, Spread};
pub(crate) use state::StateKey;
pub(crate) use symbols::{Holding, StoredSymbol, SymbolShape};

/// Why the disk did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The file cannot be made, or its permissions cannot be changed.
    #[error("cannot use the store `{path}`: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// Another process has the file.
    #[error("another node uses the store `{0}`: stop it, or give this one a data folder of its own")]
    InUse(PathBuf),
    /// The file cannot be opened.
    #[error("cannot open the store `{path}`: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the database says.
        source: Box<redb::DatabaseError>,
    },
    /// The disk is full. Nothing of the transaction counts, and everything before it is intact. The next access tries again.
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
            redb::Error::Io(io) if is_full(&io) => Self::Full,
            error => Self::Database(Box::new(error)),
        }
    }
}

/// Whether there is no room for what was to be written: on the disk, in the user's quota, or below the process's limit.
fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
}

/// A node's store.
pub(crate) struct Store {
    database: Database,
}

impl Store {
    /// Opens the store in `path`, or creates it.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let store = Self { database: Database::open(path)? };
        store.create_tables()?;
        Ok(store)
    }

    /// Refuses every write from now on, as on a full disk, or none.
    #[cfg(test)]
    pub(crate) fn set_full(&self, full: bool) {
        self.database.full.set(full);
    }

    /// Makes every table, so that reading never meets a missing one.
    fn create_tables(&self) -> Result<(), StoreError> {
        let write = self.database.begin_write()?;
        write.open_table(admitted::ADMITTED)?;
        write.open_table(objects::OBJECTS)?;
        write.open_table(objects::ZONES)?;
        write.open_table(symbols::SYMBOLS)?;
        write.open_table(symbols::HOLDINGS)?;
        write.open_table(symbols::SHARES)?;
        write.open_table(spreading::OBJECTS)?;
        write.open_table(spreading::RUNS)?;
        write.open_table(state::STATE)?;
        write.commit()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
