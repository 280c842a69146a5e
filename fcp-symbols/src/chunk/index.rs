//! Chunks that are there already, within a payload and from earlier ones.

use alloc::collections::{BTreeMap, VecDeque};
use core::convert::Infallible;

use fcp_core::id::{ObjectId, ObjectIdKey};
use fcp_core::object::{MeshObject as _, ObjectError};
use fcp_core::time::Timestamp;

use super::RawChunk;

/// What makes two chunks interchangeable: their bytes and their headers but for the time (D224).
///
/// It is the id that the chunk would have if it had been made at the beginning of time: local to a node, and as secret as
/// the zone's key for ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkFingerprint(ObjectId);

impl ChunkFingerprint {
    /// The fingerprint of a chunk in the zone of `key`.
    ///
    /// # Errors
    /// As sealing.
    pub fn of(chunk: &RawChunk, key: &ObjectIdKey) -> Result<Self, ObjectError> {
        let mut timeless = chunk.clone();
        timeless.header.created_at = Timestamp::from_secs(0);
        timeless.header.provenance.created_at = Timestamp::from_secs(0);
        Ok(Self(timeless.seal(key)?.id()))
    }

    /// Its bytes, to be stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The fingerprint that was stored as these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(ObjectId::from_bytes(bytes))
    }
}

/// Which chunks are there. What it finds is listed in a manifest instead of a new chunk, so it must be kept as long as the
/// manifest is: the manifest's refs see to that (§3.7).
pub trait ChunkIndex {
    /// Why it could not be asked.
    type Error;

    /// Whether it ever finds anything: otherwise nobody makes fingerprints for it.
    const FINDS: bool = true;

    /// The chunk with this fingerprint, if one is there and stays.
    ///
    /// # Errors
    /// When the index fails.
    fn find(&mut self, fingerprint: &ChunkFingerprint) -> Result<Option<ObjectId>, Self::Error>;

    /// A chunk with this fingerprint is there from now on.
    ///
    /// # Errors
    /// When the index fails.
    fn note(&mut self, fingerprint: &ChunkFingerprint, chunk: &ObjectId) -> Result<(), Self::Error>;
}

/// Nothing is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoIndex;

impl ChunkIndex for NoIndex {
    type Error = Infallible;

    const FINDS: bool = false;

    fn find(&mut self, _: &ChunkFingerprint) -> Result<Option<ObjectId>, Infallible> {
        Ok(None)
    }

    fn note(&mut self, _: &ChunkFingerprint, _: &ObjectId) -> Result<(), Infallible> {
        Ok(())
    }
}

/// One index for many payloads.
impl<I: ChunkIndex> ChunkIndex for &mut I {
    type Error = I::Error;

    const FINDS: bool = I::FINDS;

    fn find(&mut self, fingerprint: &ChunkFingerprint) -> Result<Option<ObjectId>, I::Error> {
        (**self).find(fingerprint)
    }

    fn note(&mut self, fingerprint: &ChunkFingerprint, chunk: &ObjectId) -> Result<(), I::Error> {
        (**self).note(fingerprint, chunk)
    }
}

/// An index in memory, of a bounded number of chunks: the oldest goes first.
#[derive(Debug, Clone, Default)]
pub struct MemoryIndex {
    chunks: BTreeMap<ChunkFingerprint, ObjectId>,
    order: VecDeque<ChunkFingerprint>,
    max_chunks: usize,
}

impl MemoryIndex {
    /// An index of at most `max_chunks`, each of which takes about 200 bytes.
    #[must_use]
    pub const fn new(max_chunks: usize) -> Self {
        Self { chunks: BTreeMap::new(), order: VecDeque::new(), max_chunks }
    }

    /// How many chunks it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// A chunk is gone: it is not found any more.
    pub fn forget(&mut self, chunk: &ObjectId) {
        self.chunks.retain(|_, id| id != chunk);
        self.order.retain(|fingerprint| self.chunks.contains_key(fingerprint));
    }
}

impl ChunkIndex for MemoryIndex {
    type Error = Infallible;

    fn find(&mut self, fingerprint: &ChunkFingerprint) -> Result<Option<ObjectId>, Infallible> {
        Ok(self.chunks.get(fingerprint).copied())
    }

    fn note(&mut self, fingerprint: &ChunkFingerprint, chunk: &ObjectId) -> Result<(), Infallible> {
        if self.max_chunks == 0 {
            return Ok(());
        }
        if self.chunks.insert(*fingerprint, *chunk).is_none() {
            self.order.push_back(*fingerprint);
        }
        while self.chunks.len() > self.max_chunks
            && let Some(oldest) = self.order.pop_front()
        {
            self.chunks.remove(&oldest);
        }
        Ok(())
    }
}
