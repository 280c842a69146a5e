//! Large payloads as a manifest and chunks (App. B, D192, D193).
//!
//! A payload above the threshold of [`RaptorQConfig`](crate::raptor::RaptorQConfig) travels as [`RawChunk`]s, objects
//! like any other, under a [`ChunkedObjectManifest`] that lists them. Chunks arrive in any order and from anybody; each
//! is checked by its id on its own, and the whole once more by the payload's hash.
//!
//! [`split`] and [`join`] do it in memory. [`split_stream`] and [`join_stream`] hold no more than a chunk or two at a time,
//! as do [`Splitter`] and [`Joiner`], on which they stand; [`join_range`] reads a part. [`ChunkProgress`] knows which chunks
//! are still to be fetched, and [`ChunkIndex`] which are there already and need not be made again.
//!
//! ```
//! use fcp_core::id::{ObjectIdKey, ZoneId};
//! use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
//! use fcp_core::time::Timestamp;
//! use fcp_symbols::chunk::{self, ChunkSize, ChunkedObjectManifest};
//!
//! let key = ObjectIdKey::from_bytes([7; 32]);
//! let provenance = Provenance::of_zone(ZoneId::private(), 80, 90, Timestamp::from_secs(1_700_000_000));
//! let header = ObjectHeader::for_type::<ChunkedObjectManifest>(provenance);
//!
//! let payload: Vec<u8> = (0..200_000_u32).map(|at| (at / 7) as u8).collect();
//! let (manifest, chunks) = chunk::split(&payload, header, ChunkSize::DEFAULT, &key)?;
//! assert_eq!(chunks.len(), 4);
//!
//! let manifest = manifest.seal(&key)?.open::<ChunkedObjectManifest>()?;
//! assert_eq!(chunk::join(&manifest, &chunks, 1 << 20)?, payload);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod index;
mod join;
mod manifest;
mod progress;
mod split;
mod stream;

pub use error::ChunkError;
pub use index::{ChunkFingerprint, ChunkIndex, MemoryIndex, NoIndex};
pub use join::{Joiner, join};
pub use manifest::{ChunkSize, ChunkedObjectManifest, MAX_MANIFEST_LEN, MAX_TOTAL_LEN, RawChunk};
pub use progress::ChunkProgress;
pub use split::{ChunkSink, SplitError, Splitter, split};
pub use stream::{
    ChunkSource, PayloadSink, PayloadSource, StreamJoinError, StreamSplitError, join_range, join_stream, split_stream,
};
