//! The two objects of App. B.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use fcp_core::cbor::{Decode, DecodeError, DecodeErrorKind, Decoder, Encode, Encoder};
use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ObjectIdKey};
use fcp_core::object::{MeshObject, Message as _, ObjectError, ObjectHeader, StoredObject};

use super::ChunkError;

/// The longest payload that a manifest describes: 64 GiB (D193).
pub const MAX_TOTAL_LEN: u64 = 64 * 1024 * 1024 * 1024;

/// The longest manifest that [`ChunkSize::for_payload`] allows for: 2048 symbols of 1024 bytes, which every receiver takes
/// (D208, D224).
pub const MAX_MANIFEST_LEN: u64 = 2048 * 1024 - 8;

/// What a chunk's id costs in a manifest: twice a byte string of 32, in `chunks` and in `refs`.
const ID_COST: u64 = 2 * 34;

/// What the rest of a manifest costs at most: a header with long lists of devices and labels.
const MANIFEST_REST: u64 = 64 * 1024;

/// How long every chunk but the last is: 1024..=1048576 bytes (D193).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkSize(u32);

impl ChunkSize {
    /// The smallest size.
    pub const MIN: Self = Self(1024);
    /// 64 KiB (App. B).
    pub const DEFAULT: Self = Self(64 * 1024);
    /// The largest size.
    pub const MAX: Self = Self(1024 * 1024);

    /// The size of `bytes`.
    ///
    /// # Errors
    /// [`ChunkError::Size`] if it is outside of 1024..=1048576.
    pub const fn new(bytes: u32) -> Result<Self, ChunkError> {
        if bytes < Self::MIN.0 || bytes > Self::MAX.0 { Err(ChunkError::Size) } else { Ok(Self(bytes)) }
    }

    /// The size to cut a payload of `total_len` bytes with: 64 KiB, or the smallest double of it with which the manifest is
    /// no longer than [`MAX_MANIFEST_LEN`].
    ///
    /// # Errors
    /// [`ChunkError::TooLong`] if there is none: beyond about 29 GiB.
    pub fn for_payload(total_len: u64) -> Result<Self, ChunkError> {
        let doubles = (0..=4).map(|shift| Self(Self::DEFAULT.0 << shift));
        let mut fitting = doubles.filter(|size| manifest_len(total_len, *size) <= MAX_MANIFEST_LEN);
        fitting.next().ok_or(ChunkError::TooLong)
    }

    /// The size in bytes.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The size in bytes, to measure buffers with.
    #[must_use]
    pub const fn as_usize(self) -> usize {
        self.0 as usize
    }
}

impl Default for ChunkSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Encode for ChunkSize {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        self.0.encode(encoder);
    }
}

impl<'b> Decode<'b> for ChunkSize {
    fn decode(decoder: &mut Decoder<'b>) -> Result<Self, DecodeError> {
        let offset = decoder.position();
        let refuse = |_| DecodeError::new(DecodeErrorKind::Invalid(Reason::ChunkBadSize), offset);
        Self::new(u32::decode(decoder)?).map_err(refuse)
    }
}

/// A payload as a list of chunks (App. B).
///
/// ```cddl
/// chunked-object-manifest = { header: object-header, total_len: uint, chunk_size: 1024..1048576,
///   chunks: [* object-id], payload_hash: bstr .size 32 }
/// ```
///
/// Equal chunks have equal ids, so `chunks` may list one id several times; `header.refs` lists each once, in the order
/// in which they first stand in `chunks` (D39, G8).
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:ChunkedObjectManifest@2.0.0", check = has_its_chunks, refs = refers_to_its_chunks)]
pub struct ChunkedObjectManifest {
    /// The header.
    pub header: ObjectHeader,
    /// The payload's length in bytes.
    pub total_len: u64,
    /// How long every chunk but the last is.
    pub chunk_size: ChunkSize,
    /// The ids of the chunks, in order.
    pub chunks: Vec<ObjectId>,
    /// BLAKE3-256 of the payload.
    pub payload_hash: [u8; 32],
}

impl ChunkedObjectManifest {
    /// How long the chunk at `index` is.
    #[must_use]
    pub fn chunk_len(&self, index: usize) -> Option<u32> {
        self.chunks.get(index)?;
        let rest = self.total_len.checked_sub(self.offset(index))?;
        Some(u32::try_from(rest).map_or(self.chunk_size.0, |rest| rest.min(self.chunk_size.0)))
    }

    /// Where in the payload the chunk at `index` begins.
    #[must_use]
    pub fn offset(&self, index: usize) -> u64 {
        (index as u64).saturating_mul(u64::from(self.chunk_size.0))
    }

    /// The chunks in which the part `range` of the payload lies, by index: what to fetch for it.
    #[must_use]
    pub fn chunks_of(&self, range: Range<u64>) -> Range<usize> {
        let end = range.end.min(self.total_len);
        if range.start >= end {
            return 0..0;
        }
        let size = u64::from(self.chunk_size.0);
        let first = range.start.checked_div(size).unwrap_or_default();
        let behind = end.div_ceil(size.max(1));
        let index = |chunk: u64| usize::try_from(chunk).unwrap_or(usize::MAX).min(self.chunks.len());
        index(first)..index(behind)
    }

    /// Makes the chunk at `index` anew from its `bytes`, for whoever has the payload: one missing chunk is repaired without
    /// the others (App. B).
    ///
    /// # Errors
    /// [`ChunkError::Length`] for bytes of another length, [`ChunkError::Foreign`] if they are not those that were cut, or the
    /// chunk was not made for this manifest but listed from an earlier one.
    pub fn remake_chunk(&self, index: usize, bytes: &[u8], key: &ObjectIdKey) -> Result<StoredObject, ChunkError> {
        if self.chunk_len(index).is_none() || u32::try_from(bytes.len()).ok() != self.chunk_len(index) {
            return Err(ChunkError::Length);
        }
        let schema = RawChunk::schema().map_err(ObjectError::Schema)?;
        let header = ObjectHeader { schema, refs: Vec::new(), ..self.header.clone() };
        let stored = RawChunk { header, bytes: bytes.to_vec() }.seal(key)?;
        if self.chunks.get(index) == Some(&stored.id()) { Ok(stored) } else { Err(ChunkError::Foreign) }
    }

    /// The bytes of `stored`, which is to be the chunk at `index`.
    ///
    /// # Errors
    /// [`ChunkError::Foreign`] if it has another id or zone, [`ChunkError::Length`] if it is not as long as its place
    /// requires, [`ChunkError::Object`] if it is not a chunk at all.
    pub fn open_chunk(&self, index: usize, stored: &StoredObject) -> Result<Vec<u8>, ChunkError> {
        if self.chunks.get(index) != Some(&stored.id()) || stored.header().zone_id != self.header.zone_id {
            return Err(ChunkError::Foreign);
        }
        let chunk = stored.open::<RawChunk>()?.into_inner();
        if u32::try_from(chunk.bytes.len()).ok() != self.chunk_len(index) {
            return Err(ChunkError::Length);
        }
        Ok(chunk.bytes)
    }
}

/// How long a manifest is at most.
pub(super) fn manifest_len(total_len: u64, chunk_size: ChunkSize) -> u64 {
    chunk_count(total_len, chunk_size).saturating_mul(ID_COST).saturating_add(MANIFEST_REST)
}

/// How many chunks a payload has.
pub(super) fn chunk_count(total_len: u64, chunk_size: ChunkSize) -> u64 {
    total_len.div_ceil(u64::from(chunk_size.0))
}

fn has_its_chunks(manifest: &ChunkedObjectManifest) -> Result<(), Reason> {
    if manifest.total_len > MAX_TOTAL_LEN {
        return Err(Reason::ChunkTooLong);
    }
    if manifest.chunks.len() as u64 != chunk_count(manifest.total_len, manifest.chunk_size) {
        return Err(Reason::ChunkCount);
    }
    Ok(())
}

/// The chunks' ids, each where it stands first.
pub(super) fn distinct(chunks: &[ObjectId]) -> impl Iterator<Item = &ObjectId> {
    let mut seen = BTreeSet::new();
    chunks.iter().filter(move |id| seen.insert(*id))
}

fn refers_to_its_chunks(manifest: &ChunkedObjectManifest, refs: &[ObjectId]) -> bool {
    distinct(&manifest.chunks).eq(refs)
}

/// A piece of a payload, as an object (App. B).
///
/// ```cddl
/// raw-chunk = { header: object-header, bytes: bstr }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:RawChunk@2.0.0", check = is_no_longer_than_a_chunk)]
pub struct RawChunk {
    /// The header: the manifest's, with this type's schema and no refs.
    pub header: ObjectHeader,
    /// The piece's bytes.
    pub bytes: Vec<u8>,
}

fn is_no_longer_than_a_chunk(chunk: &RawChunk) -> Result<(), Reason> {
    if chunk.bytes.is_empty() || chunk.bytes.len() > ChunkSize::MAX.as_usize() {
        return Err(Reason::ChunkBadLength);
    }
    Ok(())
}
