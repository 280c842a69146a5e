//! Payloads of any length, in the memory of a few chunks.

use alloc::vec;
use core::convert::Infallible;

use fcp_core::id::ObjectId;
use fcp_core::object::StoredObject;
use fcp_core::sign::Verified;

use super::{ChunkError, ChunkIndex, ChunkSink, ChunkedObjectManifest, Joiner, SplitError, Splitter};

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// Where a payload comes from. With the feature `std`, everything that is `std::io::Read`.
pub trait PayloadSource {
    /// Why it could not be read.
    type Error;

    /// Writes the next bytes to `buffer` and says how many they are; 0 at the end of the payload.
    ///
    /// # Errors
    /// When the source fails.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error>;
}

/// Where a payload goes. With the feature `std`, everything that is `std::io::Write`.
pub trait PayloadSink {
    /// Why it could not be written.
    type Error;

    /// Takes the payload's next bytes, all of them.
    ///
    /// # Errors
    /// When the sink fails.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// Where chunks are. What it gives is checked.
pub trait ChunkSource {
    /// Why it could not be asked. Absence is no error.
    type Error;

    /// The chunk of this id, if it is there.
    ///
    /// # Errors
    /// When the source fails.
    fn chunk(&mut self, id: &ObjectId) -> Result<Option<StoredObject>, Self::Error>;
}

#[cfg(feature = "std")]
impl<R: std::io::Read> PayloadSource for R {
    type Error = std::io::Error;

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Self::Error> {
        loop {
            match std::io::Read::read(self, buffer) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }
}

#[cfg(feature = "std")]
impl<W: std::io::Write> PayloadSink for W {
    type Error = std::io::Error;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.write_all(bytes)
    }
}

/// Why a payload was not split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamSplitError<R, E, X = Infallible> {
    /// The payload could not be read.
    #[error("payload could not be read: {0}")]
    Read(R),
    /// It cannot be chunked, or a chunk was not taken.
    #[error(transparent)]
    Split(SplitError<E, X>),
}

/// Why a payload was not put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamJoinError<S, W> {
    /// A chunk is missing or not what it should be, or the payload is not the one that was hashed.
    #[error(transparent)]
    Chunk(ChunkError),
    /// The source of the chunks failed.
    #[error("chunks could not be read: {0}")]
    Source(S),
    /// The payload could not be written.
    #[error("payload could not be written: {0}")]
    Write(W),
}

/// The manifest, or why there is none.
type Split<R, I, S> = Result<
    ChunkedObjectManifest,
    StreamSplitError<<R as PayloadSource>::Error, <S as ChunkSink>::Error, <I as ChunkIndex>::Error>,
>;

/// Cuts a payload of any length: at no time more than two chunks and the ids of all are in memory.
///
/// [`ChunkSize::for_payload`](super::ChunkSize::for_payload) is the size to choose for a payload whose length is known.
///
/// # Errors
/// [`StreamSplitError`].
pub fn split_stream<R: PayloadSource, I: ChunkIndex, S: ChunkSink>(
    payload: &mut R,
    mut splitter: Splitter<'_, I>,
    sink: &mut S,
) -> Split<R, I, S> {
    let mut buffer = vec![0; PIECE];
    loop {
        let len = payload.read(&mut buffer).map_err(StreamSplitError::Read)?;
        match buffer.get(..len) {
            None | Some([]) => break,
            Some(bytes) => splitter.write(bytes, sink).map_err(StreamSplitError::Split)?,
        }
    }
    splitter.finish(sink).map_err(StreamSplitError::Split)
}

/// Puts a payload of any length together: at no time more than one chunk and the manifest are in memory.
///
/// What was written is the payload only if this succeeds.
///
/// # Errors
/// [`StreamJoinError`].
pub fn join_stream<S: ChunkSource, W: PayloadSink>(
    manifest: &Verified<ChunkedObjectManifest>,
    chunks: &mut S,
    payload: &mut W,
) -> Result<(), StreamJoinError<S::Error, W::Error>> {
    let mut joiner = Joiner::new(manifest);
    while let Some(id) = joiner.wants() {
        let chunk = chunks.chunk(&id).map_err(StreamJoinError::Source)?;
        let chunk = chunk.ok_or(StreamJoinError::Chunk(ChunkError::Missing))?;
        let bytes = joiner.take(&chunk).map_err(StreamJoinError::Chunk)?;
        payload.write(&bytes).map_err(StreamJoinError::Write)?;
    }
    joiner.finish().map_err(StreamJoinError::Chunk)
}

/// Writes the part `range` of a payload, from the chunks that it lies in.
///
/// Each chunk is the one that the manifest's author listed there; whether the whole payload is the one that the author
/// hashed is not known from a part. What lies behind the payload's end is left out.
///
/// # Errors
/// [`StreamJoinError`].
pub fn join_range<S: ChunkSource, W: PayloadSink>(
    manifest: &Verified<ChunkedObjectManifest>,
    range: core::ops::Range<u64>,
    chunks: &mut S,
    payload: &mut W,
) -> Result<(), StreamJoinError<S::Error, W::Error>> {
    for index in manifest.chunks_of(range.clone()) {
        let id = manifest.chunks.get(index).ok_or(StreamJoinError::Chunk(ChunkError::Missing))?;
        let chunk = chunks.chunk(id).map_err(StreamJoinError::Source)?;
        let chunk = chunk.ok_or(StreamJoinError::Chunk(ChunkError::Missing))?;
        let bytes = manifest.open_chunk(index, &chunk).map_err(StreamJoinError::Chunk)?;
        let start = manifest.offset(index);
        let within = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(bytes.len());
        let part = bytes.get(within(range.start)..within(range.end)).unwrap_or_default();
        payload.write(part).map_err(StreamJoinError::Write)?;
    }
    Ok(())
}
