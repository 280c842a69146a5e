//! The file itself, which is opened again after a failed write.
//!
//! `redb` trusts nothing after an input or output error: every later access fails until the file is opened again. A disk
//! that was full has room again some day, and the node is to go on then without a restart.

use std::cell::{Cell, RefCell};
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use redb::{DatabaseError, ReadTransaction, ReadableDatabase as _, StorageError, TransactionError, WriteTransaction};

use super::{StoreError, is_full};

/// A `redb` file that outlives its own failures. It is used by one thread, one transaction at a time.
pub(super) struct Database {
    path: PathBuf,
    /// Nothing, while the file could not be opened again.
    open: RefCell<Option<redb::Database>>,
    /// Whether a write began since the file was last known to work: nobody says here how it ended.
    wrote: Cell<bool>,
    /// Whether every write is refused, as on a full disk.
    #[cfg(test)]
    pub(super) full: Cell<bool>,
}

impl Database {
    /// Opens the file, or creates it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let open = RefCell::new(Some(open(path)?));
        Ok(Self {
            path: path.to_owned(),
            open,
            wrote: Cell::new(false),
            #[cfg(test)]
            full: Cell::new(false),
        })
    }

    /// Begins to read what was committed last.
    pub(super) fn begin_read(&self) -> Result<ReadTransaction, StoreError> {
        // Reading begins in a file that failed, too, and then fails half-way. Writing does not.
        if self.wrote.take() {
            self.begin(|database| database.try_begin_write().map(drop))?;
        }
        self.begin(redb::Database::begin_read)
    }

    /// Begins to write. What is not committed is not written.
    pub(super) fn begin_write(&self) -> Result<WriteTransaction, StoreError> {
        #[cfg(test)]
        if self.full.get() {
            return Err(StoreError::Full);
        }
        let begun = self.begin(redb::Database::begin_write);
        self.wrote.set(true);
        begun
    }

    /// Begins, and if something failed before, opens the file again and begins once more.
    fn begin<T>(&self, begin: impl Fn(&redb::Database) -> Result<T, TransactionError>) -> Result<T, StoreError> {
        let mut own = self.open.borrow_mut();
        if let Some(database) = &*own {
            match begin(database) {
                Err(TransactionError::Storage(StorageError::PreviousIo)) => {}
                begun => return Ok(begun?),
            }
        }
        // The old handle goes first: it holds the lock on the file.
        *own = None;
        let database = own.insert(open(&self.path)?);
        Ok(begin(database)?)
    }
}

/// Opens the file, or makes one that only its user may read.
fn open(path: &Path) -> Result<redb::Database, StoreError> {
    close_to_others(path).map_err(|source| match source {
        full if is_full(&full) => StoreError::Full,
        source => StoreError::File { path: path.to_owned(), source },
    })?;
    redb::Database::create(path).map_err(|source| match source {
        DatabaseError::Storage(StorageError::Io(error)) if is_full(&error) => StoreError::Full,
        DatabaseError::DatabaseAlreadyOpen => StoreError::InUse(path.to_owned()),
        source => StoreError::Open { path: path.to_owned(), source: Box::new(source) },
    })
}

/// Makes the file for its user alone, before anything is in it. One that is there is the node's own and nobody else's
/// business, so looser permissions are taken back.
fn close_to_others(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}
