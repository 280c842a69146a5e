//! What a host says about files.

use fcp_core::cbor::{Decode, Encode};
use fcp_core::time::Timestamp;

/// What to do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum WriteMode {
    /// Fail (`execution.file_exists`).
    CreateNew,
    /// Replace it as a whole: a reader sees the old bytes or the new ones.
    Replace,
    /// Write behind its end.
    Append,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// Something else, such as a symbolic link or a device. It can be listed and nothing more.
    Other,
}

/// What is known of a file or directory without opening it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FileMetadata {
    /// What it is.
    pub kind: FileKind,
    /// How many bytes a file has; 0 for anything else.
    pub size: u64,
    /// When it was changed last, if the host tells.
    pub modified: Option<Timestamp>,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct FileEntry {
    /// Its name: one part of a path.
    pub name: String,
    /// What it is.
    pub metadata: FileMetadata,
}
