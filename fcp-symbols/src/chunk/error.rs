//! Why chunks or their manifest are refused.

use fcp_core::error::Reason;
use fcp_core::object::ObjectError;

/// Why a payload cannot be chunked, or chunks not be joined (D193).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The chunk size is outside of 1024..=1048576.
    #[error("chunk size is not from 1024 to 1048576")]
    Size,
    /// The payload is longer than 64 GiB, or its manifest would be longer than an object may be, or the payload is longer
    /// than the caller takes.
    #[error("payload is too long")]
    TooLong,
    /// The object is not the chunk that the manifest has at this place.
    #[error("object is not the chunk at this place")]
    Foreign,
    /// A chunk is not as long as its place requires.
    #[error("chunk has the wrong length")]
    Length,
    /// Chunks are missing.
    #[error("chunks are missing")]
    Missing,
    /// The payload's hash is not the manifest's.
    #[error("payload hash does not match")]
    PayloadHash,
    /// A chunk or manifest is not an acceptable object.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

impl ChunkError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Size => Reason::ChunkBadSize,
            Self::TooLong => Reason::ChunkTooLong,
            Self::Foreign => Reason::ChunkForeign,
            Self::Length => Reason::ChunkBadLength,
            Self::Missing => Reason::ChunkMissing,
            Self::PayloadHash => Reason::ChunkPayloadHash,
            Self::Object(error) => error.reason(),
        }
    }
}
