//! Which chunks are there.

use alloc::collections::{BTreeMap, BTreeSet};

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
