//! Files beneath one granted directory (§10.1).
//!
//! The directory is held by a handle. Each path is walked from there, one part at a time, and no part is followed if it
//! is a symbolic link: what a link leads to is not granted, wherever it leads. A [`RelativePath`] has no `..`, so no
//! path leaves the directory, whatever else happens in it meanwhile.
//!
//! A write is on the disk when it returns, and a new or replaced file is there as a whole or not at all: it is written
//! beside its place, under a name that connectors do not get to see, and then moved there. A node that is killed in
//! between leaves that file behind, as `.fcp-….tmp`.

use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use fcp_connector_sdk::effect::{
    EffectResult, FileEntry, FileKind, FileMetadata, MAX_CONTENT, RelativePath, WriteMode,
};
use fcp_core::error::Reason;
use fcp_core::time::Timestamp;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::params::hex;

/// How many entries a listing has at most.
const PAGE: usize = 256;

/// How a directory is opened.
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// How a file is opened, beside the direction: without waiting for the other end of a pipe, should it be one.
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// The directory that a connector is granted.
#[derive(Debug)]
pub(super) struct Directory {
    root: OwnedFd,
}

impl Directory {
    /// Takes hold of the directory. The path itself is the operator's and may lead over links.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = FOLDER.difference(OFlags::NOFOLLOW);
        Ok(Self { root: rustix::fs::open(path, flags, Mode::empty())? })
    }

    /// At most `length` bytes of a file, from `offset` on.
    pub(super) fn read(&self, path: &RelativePath, offset: u64, length: u64) -> Result<EffectResult, Reason> {
        let (folder, name) = self.locate(path)?;
        only(FileType::RegularFile, &look(&folder, name)?)?;
        let file = open_file(&folder, name, OFlags::RDONLY)?;
        let size = file.metadata().map_err(|error| io_refusal(&error))?.len();
        let wanted = length.min(MAX_CONTENT as u64).min(size.saturating_sub(offset));
        let mut content = vec![0; usize::try_from(wanted).unwrap_or(MAX_CONTENT)];
        let mut filled = 0;
        while let Some(rest) = content.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, offset.saturating_add(filled as u64)) {
                Ok(0) => break,
                Ok(count) => filled = filled.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(io_refusal(&error)),
            }
        }
        // A file that became shorter in the meantime ends where nothing more came.
        let end = filled < content.len() || offset.saturating_add(filled as u64) >= size;
        content.truncate(filled);
        Ok(EffectResult::Content { content, end })
    }

    /// Part of a directory, in the bytewise order of the names, after the name `after`. A name that no path can have,
    /// such as one that is not UTF-8, is left out.
    pub(super) fn list(&self, path: &RelativePath, after: Option<&str>) -> Result<EffectResult, Reason> {
        let folder = self.folder(path)?;
        let mut after = after.map(str::to_owned);
        loop {
            let (names, end) = page(&folder, after.as_deref())?;
            let last = names.last().cloned();
            let entry = |name: String| {
                let metadata = metadata(&look(&folder, &name)?);
                Ok(FileEntry { name, metadata })
            };
            // What was deleted in the meantime is not there.
            let found = names.into_iter().map(entry).filter(|entry| *entry != Err(Reason::ExecutionFileNotFound));
            let entries = found.collect::<Result<Vec<_>, _>>()?;
            if end || !entries.is_empty() {
                return Ok(EffectResult::Listing { entries, end });
            }
            after = last;
        }
    }

    /// What stands at the path; a link is not followed.
    pub(super) fn metadata(&self, path: &RelativePath) -> Result<EffectResult, Reason> {
        let stat = match self.locate(path) {
            Ok((folder, name)) => look(&folder, name)?,
            Err(Reason::ExecutionFileKind) if path.as_str().is_empty() => {
                rustix::fs::fstat(&self.root).map_err(refusal)?
            }
            Err(reason) => return Err(reason),
        };
        Ok(EffectResult::Metadata(metadata(&stat)))
    }

    /// Writes a whole file, or appends to one. `token` makes the name under which it is written first.
    pub(super) fn write(
        &self,
        path: &RelativePath,
        content: &[u8],
        mode: WriteMode,
        token: [u8; 8],
    ) -> Result<EffectResult, Reason> {
        let (folder, name) = self.locate(path)?;
        let existing = match look(&folder, name) {
            Ok(stat) => {
                only(FileType::RegularFile, &stat)?;
                Some(stat)
            }
            Err(Reason::ExecutionFileNotFound) => None,
            Err(reason) => return Err(reason),
        };
        match (mode, existing) {
            (WriteMode::CreateNew, Some(_)) => Err(Reason::ExecutionFileExists),
            (WriteMode::Append, _) => append(&folder, name, content),
            (_, existing) => place(&folder, name, content, existing.as_ref(), token),
        }?;
        sync_folder(folder)?;
        Ok(EffectResult::Done)
    }

    /// Deletes a file or an empty directory.
    pub(super) fn delete(&self, path: &RelativePath) -> Result<EffectResult, Reason> {
        let (folder, name) = self.locate(path)?;
        let flags = match kind(&look(&folder, name)?) {
            FileType::RegularFile => AtFlags::empty(),
            FileType::Directory => AtFlags::REMOVEDIR,
            other => return Err(wrong_kind(other)),
        };
        rustix::fs::unlinkat(&folder, name, flags).map_err(refusal)?;
        sync_folder(folder)?;
        Ok(EffectResult::Done)
    }

    /// The directory at the path.
    fn folder(&self, path: &RelativePath) -> Result<OwnedFd, Reason> {
        match self.locate(path) {
            Ok((folder, name)) => enter(&folder, name, Reason::ExecutionFileKind),
            Err(Reason::ExecutionFileKind) if path.as_str().is_empty() => self.again(),
            Err(reason) => Err(reason),
        }
    }

    /// The directory that the path's last part is in, and that part. The granted directory itself is in none.
    fn locate<'p>(&self, path: &'p RelativePath) -> Result<(OwnedFd, &'p str), Reason> {
        if path.parts().any(is_reserved) {
            return Err(Reason::ExecutionFileDenied);
        }
        let mut folder = self.again()?;
        let mut parts = path.parts();
        let mut name = parts.next().ok_or(Reason::ExecutionFileKind)?;
        for next in parts {
            folder = enter(&folder, name, Reason::ExecutionFileNotFound)?;
            name = next;
        }
        Ok((folder, name))
    }

    fn again(&self) -> Result<OwnedFd, Reason> {
        self.root.try_clone().map_err(|error| io_refusal(&error))
    }
}

/// Whether it is the name of a file that is being written.
fn is_reserved(name: &str) -> bool {
    name.strip_prefix(".fcp-").is_some_and(|rest| rest.ends_with(".tmp"))
}

/// Opens a directory; anything else is refused, with `otherwise` if it is no link.
fn enter(folder: &OwnedFd, name: &str, otherwise: Reason) -> Result<OwnedFd, Reason> {
    rustix::fs::openat(folder, name, FOLDER, Mode::empty()).map_err(|error| match error {
        // Which of the two a link gives depends on the system.
        Errno::LOOP | Errno::NOTDIR => match look(folder, name) {
            Ok(stat) if kind(&stat) != FileType::Symlink => otherwise,
            _ => Reason::ExecutionFileDenied,
        },
        error => refusal(error),
    })
}

fn open_file(folder: &OwnedFd, name: &str, direction: OFlags) -> Result<File, Reason> {
    let file = rustix::fs::openat(folder, name, direction.union(FILE), Mode::from_raw_mode(0o666)).map_err(refusal)?;
    // What stood there a moment ago may have been replaced.
    only(FileType::RegularFile, &rustix::fs::fstat(&file).map_err(refusal)?)?;
    Ok(File::from(file))
}

fn look(folder: &OwnedFd, name: &str) -> Result<Stat, Reason> {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).map_err(refusal)
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

fn only(wanted: FileType, stat: &Stat) -> Result<(), Reason> {
    if kind(stat) == wanted { Ok(()) } else { Err(wrong_kind(kind(stat))) }
}

/// A link may lead anywhere, so it is not granted; anything else is merely not what was asked for.
const fn wrong_kind(found: FileType) -> Reason {
    match found {
        FileType::Symlink => Reason::ExecutionFileDenied,
        _ => Reason::ExecutionFileKind,
    }
}

fn metadata(stat: &Stat) -> FileMetadata {
    let (kind, size) = match kind(stat) {
        FileType::RegularFile => (FileKind::File, u64::try_from(stat.st_size).unwrap_or_default()),
        FileType::Directory => (FileKind::Directory, 0),
        _ => (FileKind::Other, 0),
    };
    FileMetadata { kind, size, modified: u64::try_from(stat.st_mtime).ok().map(Timestamp::from_secs) }
}

/// The first names after `after`, and whether there are no more. However long the directory is, no more is held.
fn page(folder: &OwnedFd, after: Option<&str>) -> Result<(Vec<String>, bool), Reason> {
    let mut first = BinaryHeap::new();
    let mut end = true;
    for entry in Dir::read_from(folder).map_err(refusal)? {
        let entry = entry.map_err(refusal)?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        if is_reserved(name) || RelativePath::new(name).is_err() || after.is_some_and(|after| name <= after) {
            continue;
        }
        first.push(name.to_owned());
        if first.len() > PAGE {
            first.pop();
            end = false;
        }
    }
    Ok((first.into_sorted_vec(), end))
}

/// Puts a whole file in its place: beside an existing one under another name, and then over it.
fn place(folder: &OwnedFd, name: &str, content: &[u8], existing: Option<&Stat>, token: [u8; 8]) -> Result<(), Reason> {
    let temporary = format!(".fcp-{}.tmp", hex(&token));
    let flags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(FILE);
    let file = rustix::fs::openat(folder, &temporary, flags, Mode::from_raw_mode(0o666)).map_err(refusal)?;
    let placed = fill(File::from(file), content, existing).and_then(|()| {
        let moved = match existing {
            Some(_) => rustix::fs::renameat(folder, &temporary, folder, name),
            // A link fails where something stands, a move would replace it.
            None => rustix::fs::linkat(folder, &temporary, folder, name, AtFlags::empty()),
        };
        moved.map_err(refusal)
    });
    if existing.is_none() || placed.is_err() {
        let _ = rustix::fs::unlinkat(folder, &temporary, AtFlags::empty());
    }
    placed
}

/// Writes the content to the disk, under the permissions of the file that it replaces.
fn fill(mut file: File, content: &[u8], existing: Option<&Stat>) -> Result<(), Reason> {
    if let Some(stat) = existing {
        let permissions = Mode::from_raw_mode(stat.st_mode).intersection(Mode::RWXU | Mode::RWXG | Mode::RWXO);
        rustix::fs::fchmod(&file, permissions).map_err(refusal)?;
    }
    file.write_all(content).and_then(|()| file.sync_all()).map_err(|error| io_refusal(&error))
}

/// Writes behind the end of a file. What fails leaves the file as long as it was.
fn append(folder: &OwnedFd, name: &str, content: &[u8]) -> Result<(), Reason> {
    let mut file = open_file(folder, name, OFlags::WRONLY.union(OFlags::APPEND).union(OFlags::CREATE))?;
    let before = file.metadata().map_err(|error| io_refusal(&error))?.len();
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.map_err(|error| match file.set_len(before) {
        Ok(()) => io_refusal(&error),
        Err(_) => Reason::ExecutionStorageFailed,
    })
}

/// Makes sure that the directory's new entries survive a crash.
fn sync_folder(folder: OwnedFd) -> Result<(), Reason> {
    File::from(folder).sync_all().map_err(|_| Reason::ExecutionStorageFailed)
}

fn io_refusal(error: &io::Error) -> Reason {
    Errno::from_io_error(error).map_or(Reason::ExecutionStorageFailed, refusal)
}

/// What an error of the operating system means to a connector.
fn refusal(error: Errno) -> Reason {
    match error {
        Errno::NOENT | Errno::NOTDIR => Reason::ExecutionFileNotFound,
        Errno::EXIST => Reason::ExecutionFileExists,
        // A socket or pipe without another end, and a directory that is not empty.
        Errno::ISDIR | Errno::NXIO | Errno::NOTEMPTY => Reason::ExecutionFileKind,
        Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::LOOP => Reason::ExecutionFileDenied,
        Errno::NAMETOOLONG | Errno::ILSEQ => Reason::ExecutionFilePath,
        Errno::NOSPC | Errno::DQUOT => Reason::ExecutionStorageFull,
        Errno::FBIG => Reason::ExecutionFileTooLarge,
        _ => Reason::ExecutionStorageFailed,
    }
}

#[cfg(test)]
mod tests;
