//! Connector binaries from many sources (§20.2): a plan over the chunks of a manifest.
//!
//! A binary is a payload like any other: chunks under a [`ChunkedObjectManifest`] (App. B), each an object that a peer
//! can give symbols of and a mirror can give whole. [`Download`] says what to ask whom for next, the first chunks first:
//!
//! - **Several sources at once.** A mirror is asked for whole chunks, the one with the least to do first. All peers are
//!   asked for the same chunk together, each for a part of the symbols that it takes; any of them do.
//! - **Resumable without bookmarks.** What is still lacking follows from the chunks that are in the store; after a restart,
//!   or halfway to another source, [`Download::new`] is told of them and goes on.
//! - **Verified before use.** [`handle_chunk`](Download::handle_chunk) takes an object only in the place that the manifest
//!   has for its id; a source that gave something else is asked no more. A [`Joiner`](crate::chunk::Joiner) then checks the
//!   whole payload. That the payload is the binary that its publisher signed (D154) is for whoever installs it to check.
//!
//! ```
//! use fcp_symbols::chunk::{self, ChunkSize, ChunkedObjectManifest};
//! use fcp_symbols::distribution::{Download, Source, Want};
//! # use fcp_core::id::{ObjectIdKey, ZoneId};
//! # use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
//! # use fcp_core::time::Timestamp;
//! # let key = ObjectIdKey::from_bytes([7; 32]);
//! # let provenance = Provenance::of_zone(ZoneId::work(), 60, 60, Timestamp::from_secs(1_700_000_000));
//! # let header = ObjectHeader::for_type::<ChunkedObjectManifest>(provenance);
//!
//! let binary: Vec<u8> = (0..200_000_u32).map(|byte| byte.wrapping_mul(0x9e37_79b9).to_be_bytes()[0]).collect();
//! let (manifest, chunks) = chunk::split(&binary, header, ChunkSize::DEFAULT, &key)?;
//! let manifest = manifest.seal(&key)?.open::<ChunkedObjectManifest>()?;
//!
//! // The second chunk is in the store since the last time.
//! let mut download = Download::new(&manifest, [chunks[1].id()], 2);
//! let mirror = download.add_source(Source::Mirror);
//! while let Some(request) = download.poll_request() {
//!     assert_eq!((request.source, request.want), (mirror, Want::Whole));
//!     let answer = chunks.iter().find(|chunk| chunk.id() == request.chunk).unwrap();
//!     download.handle_chunk(answer)?;
//! }
//! assert!(download.is_complete());
//! let payload = chunk::join(&manifest, &chunks, 1 << 20)?;
//! assert_eq!(payload, binary);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use fcp_core::id::ObjectId;
use fcp_core::object::StoredObject;
use fcp_core::sign::Verified;

use crate::chunk::{ChunkError, ChunkProgress, ChunkedObjectManifest};
use crate::raptor::{Block, SymbolSize};

/// What a chunk's bytes are longer than its payload by, at most: its header, twice (D13).
const HEADERS: usize = 4096;

/// What kind of source one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Gives whole objects by their id: a mirror, a cache, a registry.
    Mirror,
    /// Gives symbols: a node of the mesh.
    Peer,
}

/// A source of a download, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// How much of a chunk to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// The object.
    Whole,
    /// So many symbols of it, whichever.
    Symbols(u32),
}

/// Something to ask a source for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// Whom to ask.
    pub source: SourceId,
    /// The chunk.
    pub chunk: ObjectId,
    /// How much of it.
    pub want: Want,
}

#[derive(Debug)]
struct Supplier {
    kind: Source,
    /// The chunks that it was asked for and that have not come.
    open: BTreeSet<ObjectId>,
    /// The chunks that it does not have.
    lacks: BTreeSet<ObjectId>,
}

/// The download of one payload from several sources.
#[derive(Debug)]
pub struct Download<'m> {
    manifest: &'m Verified<ChunkedObjectManifest>,
    progress: ChunkProgress,
    /// Where each chunk stands first.
    places: BTreeMap<ObjectId, usize>,
    window: usize,
    suppliers: BTreeMap<SourceId, Supplier>,
    sources: u32,
    requests: VecDeque<Request>,
}

impl<'m> Download<'m> {
    /// A download of what is lacking beside the chunks that are `here`; at most `window` chunks are under way at once.
    #[must_use]
    pub fn new(
        manifest: &'m Verified<ChunkedObjectManifest>,
        here: impl IntoIterator<Item = ObjectId>,
        window: usize,
    ) -> Self {
        let mut progress = ChunkProgress::new(manifest);
        for id in here {
            progress.note(&id);
        }
        let mut places = BTreeMap::new();
        for (place, id) in manifest.chunks.iter().enumerate() {
            places.entry(*id).or_insert(place);
        }
        let window = window.max(1);
        Self { manifest, progress, places, window, suppliers: BTreeMap::new(), sources: 0, requests: VecDeque::new() }
    }

    /// There is another source.
    pub fn add_source(&mut self, kind: Source) -> SourceId {
        let id = SourceId(self.sources);
        self.sources = self.sources.saturating_add(1);
        self.suppliers.insert(id, Supplier { kind, open: BTreeSet::new(), lacks: BTreeSet::new() });
        id
    }

    /// A source is gone, or gave something that it should not: it is asked no more, and others for what it owes.
    pub fn remove_source(&mut self, source: SourceId) {
        self.suppliers.remove(&source);
        self.requests.retain(|request| request.source != source);
    }

    /// A source does not have a chunk, or does not answer. False once no source is left that might have it.
    pub fn handle_lacking(&mut self, source: SourceId, chunk: &ObjectId) -> bool {
        // What is no chunk of the payload is nothing to remember: a source could name any number of ids.
        if let Some(supplier) = self.suppliers.get_mut(&source).filter(|_| self.places.contains_key(chunk)) {
            supplier.open.remove(chunk);
            supplier.lacks.insert(*chunk);
        }
        self.suppliers.values().any(|supplier| !supplier.lacks.contains(chunk))
    }

    /// A chunk is there, from wherever: its bytes were hashed, so that it is the one of its id.
    ///
    /// # Errors
    /// [`ChunkError`] if it is not a chunk of the manifest, or not as its place requires; whoever gave it is to be
    /// [removed](Self::remove_source).
    pub fn handle_chunk(&mut self, stored: &StoredObject) -> Result<(), ChunkError> {
        let id = stored.id();
        let place = self.places.get(&id).ok_or(ChunkError::Foreign)?;
        self.manifest.open_chunk(*place, stored)?;
        self.progress.note(&id);
        for supplier in self.suppliers.values_mut() {
            supplier.open.remove(&id);
        }
        self.requests.retain(|request| request.chunk != id);
        Ok(())
    }

    /// Whom to ask for what next; nothing while as much is under way as may be, or nobody is left to ask.
    pub fn poll_request(&mut self) -> Option<Request> {
        if self.requests.is_empty() {
            self.assign();
        }
        self.requests.pop_front()
    }

    /// Gives missing chunks to sources, the first ones first.
    fn assign(&mut self) {
        let open: BTreeSet<ObjectId> =
            self.suppliers.values().flat_map(|supplier| supplier.open.iter().copied()).collect();
        let room = self.window.saturating_sub(open.len());
        let is_had = |id: &ObjectId| self.suppliers.values().any(|supplier| !supplier.lacks.contains(id));
        let missing = self.progress.missing().filter(|id| !open.contains(id) && is_had(id));
        let next: Vec<ObjectId> = missing.take(room).collect();
        for chunk in next {
            let may = |supplier: &Supplier| !supplier.lacks.contains(&chunk);
            let peers: Vec<SourceId> = self.suppliers_that(|supplier| supplier.kind == Source::Peer && may(supplier));
            let mirrors =
                self.suppliers.iter().filter(|(_, supplier)| supplier.kind == Source::Mirror && may(supplier));
            let mirror = mirrors
                .min_by_key(|(_, supplier)| supplier.open.len())
                .map(|(id, supplier)| (*id, supplier.open.len()));
            let busy = self.suppliers.iter().filter(|(_, supplier)| supplier.kind == Source::Peer);
            let busy = busy.map(|(_, supplier)| supplier.open.len()).max().unwrap_or_default();
            match mirror {
                // The peers together are one source beside the mirrors: whoever has less to do takes the next chunk.
                Some((mirror, open)) if peers.is_empty() || open <= busy => self.order(mirror, chunk, Want::Whole),
                _ => {
                    let part = self.symbols_of(&chunk).div_ceil(u32::try_from(peers.len().max(1)).unwrap_or(u32::MAX));
                    for peer in peers {
                        self.order(peer, chunk, Want::Symbols(part));
                    }
                }
            }
        }
    }

    fn suppliers_that(&self, wanted: impl Fn(&Supplier) -> bool) -> Vec<SourceId> {
        self.suppliers.iter().filter(|(_, supplier)| wanted(supplier)).map(|(id, _)| *id).collect()
    }

    fn order(&mut self, source: SourceId, chunk: ObjectId, want: Want) {
        if let Some(supplier) = self.suppliers.get_mut(&source) {
            supplier.open.insert(chunk);
            self.requests.push_back(Request { source, chunk, want });
        }
    }

    /// How many symbols of the default size a chunk takes, and some more.
    fn symbols_of(&self, chunk: &ObjectId) -> u32 {
        let place = self.places.get(chunk).copied().unwrap_or_default();
        let len = self.manifest.chunk_len(place).and_then(|len| usize::try_from(len).ok()).unwrap_or_default();
        let block = Block::for_len(len.saturating_add(HEADERS), SymbolSize::DEFAULT);
        block.map_or(1, |block| u32::from(block.k()).saturating_add(2))
    }

    /// The chunks that are not there yet, in order.
    pub fn missing(&self) -> impl ExactSizeIterator<Item = ObjectId> {
        self.progress.missing()
    }

    /// Whether every chunk is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.progress.is_complete()
    }
}

#[cfg(test)]
mod tests;
