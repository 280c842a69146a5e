//! From a payload to chunks.

use alloc::vec::Vec;
use core::convert::Infallible;

use fcp_core::cbor;
use fcp_core::id::{ObjectId, ObjectIdKey, SchemaId};
use fcp_core::object::{MeshObject as _, Message as _, ObjectError, ObjectHeader, StoredObject};

use super::manifest::{self, ChunkSize, ChunkedObjectManifest, MAX_TOTAL_LEN, RawChunk};
use super::{ChunkError, ChunkFingerprint, ChunkIndex, NoIndex};

/// Where chunks go: to disk, to an encoder, over the network.
pub trait ChunkSink {
    /// Why it could not take one.
    type Error;

    /// Takes the next chunk.
    ///
    /// # Errors
    /// Whatever keeps the sink from taking it; splitting stops there.
    fn put(&mut self, chunk: StoredObject) -> Result<(), Self::Error>;
}

/// Keeps all chunks, in order.
impl ChunkSink for Vec<StoredObject> {
    type Error = Infallible;

    fn put(&mut self, chunk: StoredObject) -> Result<(), Infallible> {
        self.push(chunk);
        Ok(())
    }
}

/// Why splitting stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SplitError<E, X = Infallible> {
    /// The payload cannot be chunked.
    #[error(transparent)]
    Chunk(ChunkError),
    /// The sink did not take a chunk.
    #[error("chunk was not taken: {0}")]
    Sink(E),
    /// The index of chunks failed.
    #[error("index of chunks failed: {0}")]
    Index(X),
}

/// Cuts a payload that arrives piece by piece, and holds one chunk at most.
///
/// With a [`ChunkIndex`], a chunk that is there already is listed and not made again: neither one that stood in the payload
/// before, nor one of an earlier payload that says the same under the same header but for its time (D224).
#[derive(Debug)]
pub struct Splitter<'k, I = NoIndex> {
    index: I,
    reused: u64,
    key: &'k ObjectIdKey,
    header: ObjectHeader,
    chunk_header: ObjectHeader,
    chunk_size: ChunkSize,
    pending: Vec<u8>,
    payload: blake3::Hasher,
    total_len: u64,
    chunks: Vec<ObjectId>,
}

impl<'k> Splitter<'k> {
    /// A splitter whose manifest has this header, but for schema and refs, which it sets. The chunks take the same
    /// header with their own schema and without refs (D193), and ids under the zone's `key`.
    ///
    /// # Errors
    /// [`ChunkError::Object`] never for a header that can be sealed.
    pub fn new(header: ObjectHeader, chunk_size: ChunkSize, key: &'k ObjectIdKey) -> Result<Self, ChunkError> {
        Self::with_index(header, chunk_size, key, NoIndex)
    }
}

impl<'k, I: ChunkIndex> Splitter<'k, I> {
    /// As [`new`](Splitter::new), with an index of the chunks that are there.
    ///
    /// # Errors
    /// As [`new`](Splitter::new).
    pub fn with_index(
        header: ObjectHeader,
        chunk_size: ChunkSize,
        key: &'k ObjectIdKey,
        index: I,
    ) -> Result<Self, ChunkError> {
        let with_schema = |schema: SchemaId| ObjectHeader { schema, refs: Vec::new(), ..header.clone() };
        Ok(Self {
            index,
            reused: 0,
            key,
            header: with_schema(ChunkedObjectManifest::schema().map_err(ObjectError::Schema)?),
            chunk_header: with_schema(RawChunk::schema().map_err(ObjectError::Schema)?),
            chunk_size,
            pending: Vec::new(),
            payload: blake3::Hasher::new(),
            total_len: 0,
            chunks: Vec::new(),
        })
    }

    /// How many chunks were listed that were there already.
    #[must_use]
    pub const fn reused(&self) -> u64 {
        self.reused
    }

    /// Takes the payload's next bytes and gives every chunk that they complete to `sink`.
    ///
    /// # Errors
    /// [`SplitError::Chunk`] if the payload gets too long for one manifest, [`SplitError::Sink`] if the sink refuses.
    /// The splitter is of no use afterwards.
    pub fn write<S: ChunkSink>(
        &mut self,
        mut bytes: &[u8],
        sink: &mut S,
    ) -> Result<(), SplitError<S::Error, I::Error>> {
        self.total_len = self.total_len.saturating_add(bytes.len() as u64);
        let manifest_len = manifest::manifest_len(self.total_len, self.chunk_size);
        if self.total_len > MAX_TOTAL_LEN || manifest_len > cbor::MAX_SIZE as u64 {
            return Err(SplitError::Chunk(ChunkError::TooLong));
        }
        self.payload.update(bytes);
        while !bytes.is_empty() {
            let room = self.chunk_size.as_usize().saturating_sub(self.pending.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.pending.reserve_exact(room);
            self.pending.extend_from_slice(now);
            if self.pending.len() == self.chunk_size.as_usize() {
                self.emit(sink)?;
            }
            bytes = later;
        }
        Ok(())
    }

    /// Gives the last chunk, if bytes are left, and makes the manifest.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn finish<S: ChunkSink>(
        mut self,
        sink: &mut S,
    ) -> Result<ChunkedObjectManifest, SplitError<S::Error, I::Error>> {
        if !self.pending.is_empty() {
            self.emit(sink)?;
        }
        self.header.refs = manifest::distinct(&self.chunks).copied().collect();
        Ok(ChunkedObjectManifest {
            header: self.header,
            total_len: self.total_len,
            chunk_size: self.chunk_size,
            chunks: self.chunks,
            payload_hash: *self.payload.finalize().as_bytes(),
        })
    }

    fn emit<S: ChunkSink>(&mut self, sink: &mut S) -> Result<(), SplitError<S::Error, I::Error>> {
        let refused = |error: ObjectError| SplitError::Chunk(error.into());
        let chunk = RawChunk { header: self.chunk_header.clone(), bytes: core::mem::take(&mut self.pending) };
        let fingerprint = match I::FINDS {
            true => Some(ChunkFingerprint::of(&chunk, self.key).map_err(refused)?),
            false => None,
        };
        let known = fingerprint.map(|fingerprint| self.index.find(&fingerprint));
        let id = match known.transpose().map_err(SplitError::Index)?.flatten() {
            Some(id) => {
                self.reused = self.reused.saturating_add(1);
                id
            }
            None => {
                let stored = chunk.seal(self.key).map_err(refused)?;
                let id = stored.id();
                sink.put(stored).map_err(SplitError::Sink)?;
                if let Some(fingerprint) = &fingerprint {
                    self.index.note(fingerprint, &id).map_err(SplitError::Index)?;
                }
                id
            }
        };
        self.pending = chunk.bytes;
        self.pending.clear();
        self.chunks.push(id);
        Ok(())
    }
}

/// Cuts a payload that lies in memory: the manifest and the chunks in order.
///
/// # Errors
/// [`ChunkError::TooLong`] if it is too long for one manifest.
pub fn split(
    payload: &[u8],
    header: ObjectHeader,
    chunk_size: ChunkSize,
    key: &ObjectIdKey,
) -> Result<(ChunkedObjectManifest, Vec<StoredObject>), ChunkError> {
    let mut splitter = Splitter::new(header, chunk_size, key)?;
    let mut chunks = Vec::new();
    let only_chunk_errors = |error| match error {
        SplitError::Chunk(error) => error,
        SplitError::Sink(never) | SplitError::Index(never) => match never {},
    };
    splitter.write(payload, &mut chunks).map_err(only_chunk_errors)?;
    let manifest = splitter.finish(&mut chunks).map_err(only_chunk_errors)?;
    Ok((manifest, chunks))
}
