//! Which chunks are there.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Range;

use fcp_core::id::ObjectId;
use fcp_core::sign::Verified;

use super::ChunkedObjectManifest;

/// Which chunks of a manifest are still to be fetched: for partial retrieval, first chunks first.
///
/// It only counts. The bytes are checked by [`ChunkedObjectManifest::open_chunk`] or a [`Joiner`](super::Joiner).
#[derive(Debug, Clone)]
pub struct ChunkProgress {
    /// The place at which each missing chunk stands first.
    missing: BTreeMap<ObjectId, usize>,
    /// The same, by place.
    in_order: BTreeSet<(usize, ObjectId)>,
}

impl ChunkProgress {
    /// Nothing is there yet.
    #[must_use]
    pub fn new(manifest: &Verified<ChunkedObjectManifest>) -> Self {
        let mut missing = BTreeMap::new();
        for (index, id) in manifest.chunks.iter().enumerate() {
            missing.entry(*id).or_insert(index);
        }
        let in_order = missing.iter().map(|(id, index)| (*index, *id)).collect();
        Self { missing, in_order }
    }

    /// As far as a store is: `holds` says which chunks are there. So a retrieval goes on where it was, without notes of its
    /// own.
    pub fn resume(manifest: &Verified<ChunkedObjectManifest>, mut holds: impl FnMut(&ObjectId) -> bool) -> Self {
        let mut progress = Self::new(manifest);
        progress.missing.retain(|id, _| !holds(id));
        progress.in_order.retain(|(_, id)| progress.missing.contains_key(id));
        progress
    }

    /// The missing chunks of the part `range` of the payload, each once, in order: what to fetch first to read it.
    pub fn missing_of(&self, manifest: &ChunkedObjectManifest, range: Range<u64>) -> impl Iterator<Item = ObjectId> {
        let ids = manifest.chunks.get(manifest.chunks_of(range)).unwrap_or_default();
        let mut seen = BTreeSet::new();
        let missing: Vec<ObjectId> =
            ids.iter().filter(|id| self.missing.contains_key(*id) && seen.insert(**id)).copied().collect();
        missing.into_iter()
    }

    /// How many bytes of the payload are there from its beginning on without a gap: what can be read already.
    #[must_use]
    pub fn contiguous_len(&self, manifest: &ChunkedObjectManifest) -> u64 {
        self.in_order.first().map_or(manifest.total_len, |(index, _)| manifest.offset(*index))
    }

    /// Notes that a chunk is there; false if it was already, or is not of this manifest.
    pub fn note(&mut self, id: &ObjectId) -> bool {
        match self.missing.remove(id) {
            Some(index) => self.in_order.remove(&(index, *id)),
            None => false,
        }
    }

    /// The missing chunks, each once, in the order of the payload.
    pub fn missing(&self) -> impl ExactSizeIterator<Item = ObjectId> {
        self.in_order.iter().map(|(_, id)| *id)
    }

    /// Whether every chunk is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}
