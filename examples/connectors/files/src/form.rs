//! Inputs and outputs, as the manifest's schemas have them.

use data_encoding::BASE64;
use fcp_connector_sdk::Error;
use fcp_connector_sdk::effect::{FileEntry, FileKind, RelativePath};
use fcp_core::cbor::{Decode, Encode};
use fcp_core::time::Timestamp;

/// The connector's settings.
#[derive(Debug, Decode)]
pub(crate) struct Settings {
    pub(crate) scope: String,
}

#[derive(Debug, Decode)]
pub(crate) struct List {
    pub(crate) path: Option<RelativePath>,
    pub(crate) after: Option<String>,
}

#[derive(Debug, Encode)]
pub(crate) struct Listed {
    pub(crate) entries: Vec<Entry>,
    pub(crate) next: Option<String>,
}

#[derive(Debug, Encode)]
pub(crate) struct Entry {
    name: String,
    kind: FileKind,
    size: u64,
    modified: Option<Timestamp>,
}

impl From<FileEntry> for Entry {
    fn from(entry: FileEntry) -> Self {
        let metadata = entry.metadata;
        Self { name: entry.name, kind: metadata.kind, size: metadata.size, modified: metadata.modified }
    }
}

#[derive(Debug, Decode)]
pub(crate) struct Read {
    pub(crate) path: RelativePath,
    pub(crate) offset: Option<u64>,
    pub(crate) length: Option<u64>,
}

#[derive(Debug, Encode)]
pub(crate) struct Content {
    encoding: Encoding,
    content: String,
    end: bool,
}

/// How bytes stand in text.
#[derive(Debug, Clone, Copy, Encode, Decode)]
pub(crate) enum Encoding {
    Utf8,
    Base64,
}

impl Content {
    /// Bytes as they are, if they are UTF-8, or else in base64.
    pub(crate) fn new(bytes: Vec<u8>, end: bool) -> Self {
        match String::from_utf8(bytes) {
            Ok(content) => Self { encoding: Encoding::Utf8, content, end },
            Err(error) => Self { encoding: Encoding::Base64, content: BASE64.encode(error.as_bytes()), end },
        }
    }
}

#[derive(Debug, Decode)]
pub(crate) struct Write {
    pub(crate) path: RelativePath,
    content: String,
    encoding: Option<Encoding>,
    pub(crate) replace: Option<bool>,
}

impl Write {
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, Error> {
        match self.encoding {
            None | Some(Encoding::Utf8) => Ok(self.content.clone().into_bytes()),
            Some(Encoding::Base64) => {
                BASE64.decode(self.content.as_bytes()).map_err(|_| Error::bad_input("`content` is not base64"))
            }
        }
    }
}

#[derive(Debug, Encode)]
pub(crate) struct Written {
    pub(crate) size: u64,
}

#[derive(Debug, Decode)]
pub(crate) struct Delete {
    pub(crate) path: RelativePath,
}

#[derive(Debug, Encode)]
pub(crate) struct Deleted {
    pub(crate) deleted: bool,
}
