//! How much memory it takes to split and join a long payload: that of a few chunks, whatever the length.
//!
//! The payload comes from a generator and its chunks go nowhere; to join them, each is made again when it is asked for. 1 GiB:
//! `cargo test --release -p fcp-symbols --test chunk_memory -- --ignored --nocapture`.

#![expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]

use std::collections::BTreeMap;
use std::convert::Infallible;

use fcp_core::id::{ObjectId, ObjectIdKey, ZoneId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance, StoredObject};
use fcp_core::time::Timestamp;
use fcp_symbols::chunk::{
    ChunkSink, ChunkSize, ChunkSource, ChunkedObjectManifest, Splitter, join_stream, split_stream,
};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MIB: u64 = 1024 * 1024;

/// A payload that never lies in memory.
struct Generator {
    at: u64,
    len: u64,
}

/// The eight bytes at 8·`index`.
fn word(index: u64) -> [u8; 8] {
    index.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()
}

impl std::io::Read for Generator {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = usize::try_from(self.len - self.at).unwrap_or(usize::MAX);
        let len = buffer.len().min(left) / 8 * 8;
        for (index, chunk) in (self.at / 8..).zip(buffer.get_mut(..len).unwrap_or_default().chunks_exact_mut(8)) {
            chunk.copy_from_slice(&word(index));
        }
        self.at += u64::try_from(len).unwrap_or_default();
        Ok(len)
    }
}

/// A sink that counts.
#[derive(Default)]
struct Count(u64);

impl ChunkSink for Count {
    type Error = Infallible;

    fn put(&mut self, _: StoredObject) -> Result<(), Infallible> {
        self.0 += 1;
        Ok(())
    }
}

/// Makes chunks again.
struct Remake<'a> {
    manifest: &'a ChunkedObjectManifest,
    places: BTreeMap<ObjectId, usize>,
    key: ObjectIdKey,
}

impl ChunkSource for Remake<'_> {
    type Error = Infallible;

    fn chunk(&mut self, id: &ObjectId) -> Result<Option<StoredObject>, Infallible> {
        let Some(index) = self.places.get(id).copied() else { return Ok(None) };
        let start = self.manifest.offset(index);
        let len = u64::from(self.manifest.chunk_len(index).unwrap_or_default());
        let bytes: Vec<u8> = (start / 8..(start + len) / 8).flat_map(word).collect();
        Ok(self.manifest.remake_chunk(index, &bytes, &self.key).ok())
    }
}

/// A sink that compares what it gets with the generator.
struct Compare(u64);

impl std::io::Write for Compare {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        assert!((self.0 / 8..).zip(bytes.chunks_exact(8)).all(|(index, chunk)| chunk == word(index)));
        self.0 += u64::try_from(bytes.len()).unwrap_or_default();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The most memory that both took, in bytes.
fn there_and_back(len: u64) -> usize {
    let key = ObjectIdKey::from_bytes([7; 32]);
    let provenance = Provenance::of_zone(ZoneId::private(), 80, 90, Timestamp::from_secs(1_700_000_000));
    let header = ObjectHeader::for_type::<ChunkedObjectManifest>(provenance);
    let size = ChunkSize::for_payload(len).unwrap_or_default();
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let splitter = Splitter::new(header, size, &key).unwrap_or_else(|error| unreachable!("{error}"));
    let mut count = Count::default();
    let manifest = split_stream(&mut Generator { at: 0, len }, splitter, &mut count);
    let manifest = manifest.unwrap_or_else(|error| unreachable!("{error}"));
    assert_eq!(count.0, len.div_ceil(u64::from(size.get())));
    let split = MEMORY.peak_usage() - before;

    let sealed = manifest.seal(&key).unwrap_or_else(|error| unreachable!("{error}"));
    let manifest = sealed.open::<ChunkedObjectManifest>().unwrap_or_else(|error| unreachable!("{error}"));
    drop(sealed);
    let places = manifest.chunks.iter().zip(0..).map(|(id, index)| (*id, index)).collect();
    MEMORY.reset_peak_usage();
    let mut compare = Compare(0);
    join_stream(&manifest, &mut Remake { manifest: &manifest, places, key: key.clone() }, &mut compare)
        .unwrap_or_else(|error| unreachable!("{error}"));
    assert_eq!(compare.0, len);
    let join = MEMORY.peak_usage() - before;
    println!("{} MiB: at most {} KiB to split, {} KiB to join", len / MIB, split / 1024, join / 1024);
    split.max(join)
}

#[test]
fn a_payload_of_16_mib_takes_less_than_two() {
    assert!(there_and_back(16 * MIB) < 2 * 1024 * 1024);
}

#[test]
#[ignore = "takes long without optimization"]
fn a_payload_of_1_gib_takes_less_than_64_mib() {
    assert!(there_and_back(1024 * MIB) < 64 * 1024 * 1024);
}
