//! The operations.

use fcp_connector_sdk::effect::{FileScope, RelativePath, WriteMode};
use fcp_connector_sdk::{Cx, Error, Health, Reason, connector};

use crate::form::{Content, Delete, Deleted, List, Listed, Read, Settings, Write, Written};

/// The most bytes that one read gives.
const MAX_READ: u64 = 1024 * 1024;

/// The files of one granted directory.
#[derive(Debug)]
pub struct Files {
    scope: FileScope,
}

#[connector(manifest = "../manifest.toml")]
impl Files {
    #[configure]
    async fn configure(_: &Cx, settings: Settings) -> Result<Self, Error> {
        let refuse = |error| Error::new(Reason::ExecutionBadConfiguration, format!("`scope`: {error}"));
        FileScope::new(&settings.scope).map(|scope| Self { scope }).map_err(refuse)
    }

    #[operation("files.list")]
    async fn list(&self, cx: &Cx, input: List) -> Result<Listed, Error> {
        let path = input.path.unwrap_or_else(RelativePath::root);
        let (entries, end) = cx.files(&self.scope).list(&path, input.after.as_deref()).await?;
        let next = entries.last().filter(|_| !end).map(|entry| entry.name.clone());
        Ok(Listed { entries: entries.into_iter().map(Into::into).collect(), next })
    }

    #[operation("files.read")]
    async fn read(&self, cx: &Cx, input: Read) -> Result<Content, Error> {
        let (offset, length) = (input.offset.unwrap_or(0), input.length.unwrap_or(MAX_READ));
        let (bytes, end) = cx.files(&self.scope).read_part(&input.path, offset, length).await?;
        Ok(Content::new(bytes, end))
    }

    /// Writing the same content once more changes nothing, so an attempt that was cut short can be repeated: a file that
    /// must be new and has this very content already was written by that attempt.
    #[operation("files.write")]
    async fn write(&self, cx: &Cx, input: Write) -> Result<Written, Error> {
        let files = cx.files(&self.scope);
        let bytes = input.bytes()?;
        let size = bytes.len() as u64;
        let mode = if input.replace == Some(true) { WriteMode::Replace } else { WriteMode::CreateNew };
        match files.write(&input.path, bytes.clone(), mode).await {
            Err(error) if error.reason() == Some(Reason::ExecutionFileExists) => {
                match files.read(&input.path, size).await {
                    Ok(own) if own == bytes => Ok(Written { size }),
                    _ => Err(error.with_hint("choose another name, or read the file and set `replace`")),
                }
            }
            other => other.map(|()| Written { size }),
        }
    }

    /// What is gone already is as good as deleted, so an attempt that was cut short can be repeated.
    #[operation("files.delete")]
    async fn delete(&self, cx: &Cx, input: Delete) -> Result<Deleted, Error> {
        match cx.files(&self.scope).delete(&input.path).await {
            Ok(()) => Ok(Deleted { deleted: true }),
            Err(error) if error.reason() == Some(Reason::ExecutionFileNotFound) => Ok(Deleted { deleted: false }),
            Err(error) => Err(error),
        }
    }

    #[health]
    async fn health(&self, cx: &Cx) -> Result<Health, Error> {
        Ok(match cx.files(&self.scope).metadata(&RelativePath::root()).await {
            Ok(_) => Health::Ready,
            Err(error) => Health::Failing { message: format!("the directory `{}`: {}", self.scope, error.message()) },
        })
    }
}

#[cfg(test)]
mod tests;
