//! Files of a granted directory.

use crate::context::Cx;
use crate::effect::{Effect, EffectResult, FileEntry, FileMetadata, FileScope, MAX_CONTENT, RelativePath, WriteMode};
use crate::error::Error;

/// The files of one granted directory, as [`Cx::files`] gives them.
#[derive(Debug, Clone, Copy)]
pub struct Files<'c> {
    cx: &'c Cx,
    scope: &'c FileScope,
}

impl<'c> Files<'c> {
    pub(crate) const fn new(cx: &'c Cx, scope: &'c FileScope) -> Self {
        Self { cx, scope }
    }

    /// At most `length` bytes of the file from `offset` on, and whether the file ends behind them. A host may return
    /// fewer bytes than there are, but never none before the end.
    ///
    /// # Errors
    /// What the host says, for instance `execution.file_not_found`.
    pub async fn read_part(&self, path: &RelativePath, offset: u64, length: u64) -> Result<(Vec<u8>, bool), Error> {
        let (scope, path) = (self.scope.clone(), path.clone());
        match self.cx.perform(Effect::FileRead { scope, path, offset, length }).await? {
            EffectResult::Content { content, end }
                if content.len() as u64 <= length && (end || !content.is_empty()) =>
            {
                Ok((content, end))
            }
            other => Err(Error::mismatch(&other)),
        }
    }

    /// The whole file, if it has at most `limit` bytes.
    ///
    /// # Errors
    /// `execution.file_too_large` beyond the limit, and what the host says.
    pub async fn read(&self, path: &RelativePath, limit: u64) -> Result<Vec<u8>, Error> {
        let mut whole = Vec::new();
        loop {
            let left = limit.saturating_sub(whole.len() as u64);
            // One byte more than allowed shows that there is more.
            let length = left.saturating_add(1).min(MAX_CONTENT as u64);
            let (content, end) = self.read_part(path, whole.len() as u64, length).await?;
            whole.extend(content);
            if whole.len() as u64 > limit {
                return Err(Error::from(fcp_core::error::Reason::ExecutionFileTooLarge));
            }
            if end {
                return Ok(whole);
            }
        }
    }

    /// Part of the directory's entries, in the bytewise order of their names and after the name `after`, and whether
    /// there are no more.
    ///
    /// # Errors
    /// What the host says, for instance `execution.file_kind` if it is no directory.
    pub async fn list(&self, path: &RelativePath, after: Option<&str>) -> Result<(Vec<FileEntry>, bool), Error> {
        let (scope, path) = (self.scope.clone(), path.clone());
        match self.cx.perform(Effect::FileList { scope, path, after: after.map(str::to_owned) }).await? {
            EffectResult::Listing { entries, end } if end || !entries.is_empty() => Ok((entries, end)),
            other => Err(Error::mismatch(&other)),
        }
    }

    /// What stands at the path.
    ///
    /// # Errors
    /// What the host says, for instance `execution.file_not_found`.
    pub async fn metadata(&self, path: &RelativePath) -> Result<FileMetadata, Error> {
        match self.cx.perform(Effect::FileMetadata { scope: self.scope.clone(), path: path.clone() }).await? {
            EffectResult::Metadata(metadata) => Ok(metadata),
            other => Err(Error::mismatch(&other)),
        }
    }

    /// Writes a file; its directory must be there.
    ///
    /// # Errors
    /// `execution.file_too_large` beyond [`MAX_CONTENT`] (write in parts, by [`WriteMode::Append`]), and what the host
    /// says, for instance `execution.file_exists`.
    pub async fn write(&self, path: &RelativePath, content: Vec<u8>, mode: WriteMode) -> Result<(), Error> {
        if content.len() > MAX_CONTENT {
            return Err(Error::from(fcp_core::error::Reason::ExecutionFileTooLarge));
        }
        let (scope, path) = (self.scope.clone(), path.clone());
        self.cx.done(Effect::FileWrite { scope, path, content, mode }).await
    }

    /// Deletes a file or an empty directory.
    ///
    /// # Errors
    /// What the host says, for instance `execution.file_not_found`.
    pub async fn delete(&self, path: &RelativePath) -> Result<(), Error> {
        self.cx.done(Effect::FileDelete { scope: self.scope.clone(), path: path.clone() }).await
    }
}
