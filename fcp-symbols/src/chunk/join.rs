//! From chunks to the payload.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use fcp_core::id::ObjectId;
use fcp_core::object::StoredObject;
use fcp_core::sign::Verified;

use super::{ChunkError, ChunkedObjectManifest};

/// Puts a payload together chunk by chunk, in order, and holds one chunk at most.
///
/// The bytes of a chunk are what the manifest's author listed; that all of them are the payload that the author hashed
/// is known only when [`finish`](Self::finish) says so.
#[derive(Debug)]
pub struct Joiner<'m> {
    manifest: &'m ChunkedObjectManifest,
    next: usize,
    payload: blake3::Hasher,
}

impl<'m> Joiner<'m> {
    /// A joiner that waits for the first chunk.
    #[must_use]
    pub fn new(manifest: &'m Verified<ChunkedObjectManifest>) -> Self {
        Self { manifest: manifest.get(), next: 0, payload: blake3::Hasher::new() }
    }

    /// The id of the chunk that comes next; nothing when all were given.
    #[must_use]
    pub fn wants(&self) -> Option<ObjectId> {
        self.manifest.chunks.get(self.next).copied()
    }

    /// Takes the next chunk and returns its bytes, which go where the payload goes.
    ///
    /// # Errors
    /// [`ChunkError`] if it is not that chunk; another object may be tried in its place.
    pub fn take(&mut self, chunk: &StoredObject) -> Result<Vec<u8>, ChunkError> {
        let bytes = self.manifest.open_chunk(self.next, chunk)?;
        self.payload.update(&bytes);
        self.next = self.next.saturating_add(1);
        Ok(bytes)
    }

    /// Whether what was returned is the whole payload.
    ///
    /// # Errors
    /// [`ChunkError::Missing`] if chunks were not given, [`ChunkError::PayloadHash`] if the payload is not the one
    /// that the manifest's author hashed.
    pub fn finish(self) -> Result<(), ChunkError> {
        if self.wants().is_some() {
            return Err(ChunkError::Missing);
        }
        if *self.payload.finalize().as_bytes() != self.manifest.payload_hash {
            return Err(ChunkError::PayloadHash);
        }
        Ok(())
    }
}

/// The payload of `manifest`, at most `max_len` bytes, from chunks in any order.
///
/// A manifest may list one chunk again and again: three megabytes of objects describe a payload of 64 GiB. Whoever joins
/// in memory says how much that may be.
///
/// # Errors
/// [`ChunkError::TooLong`] if the payload is longer than `max_len`; [`ChunkError`] if a chunk is missing, not what it
/// should be, or the payload is not the one that was hashed.
pub fn join<'c>(
    manifest: &Verified<ChunkedObjectManifest>,
    chunks: impl IntoIterator<Item = &'c StoredObject>,
    max_len: u64,
) -> Result<Vec<u8>, ChunkError> {
    if manifest.total_len > max_len {
        return Err(ChunkError::TooLong);
    }
    let chunks: BTreeMap<ObjectId, &StoredObject> = chunks.into_iter().map(|chunk| (chunk.id(), chunk)).collect();
    let mut joiner = Joiner::new(manifest);
    let mut payload = Vec::new();
    while let Some(id) = joiner.wants() {
        payload.extend_from_slice(&joiner.take(chunks.get(&id).ok_or(ChunkError::Missing)?)?);
    }
    joiner.finish()?;
    Ok(payload)
}
