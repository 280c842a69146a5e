//! Chunks from the outside: both ways, streaming, and everything that must be refused.

#![expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]

mod common;

use common::{header_for, key};
use fcp_core::error::Reason;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::{MeshObject, Message, ObjectError, ObjectHeader, StoredObject};
use fcp_core::sign::Verified;
use fcp_symbols::chunk::{
    self, ChunkError, ChunkFingerprint, ChunkIndex, ChunkProgress, ChunkSink, ChunkSize, ChunkSource,
    ChunkedObjectManifest, Joiner, MAX_MANIFEST_LEN, MemoryIndex, PayloadSink, PayloadSource, RawChunk, SplitError,
    Splitter, StreamJoinError, StreamSplitError,
};
use proptest::prelude::*;

/// More than any payload here.
const MAX: u64 = 1 << 20;

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from((at / 3 + at * 7) % 253).unwrap_or_default()).collect()
}

fn header() -> ObjectHeader {
    header_for::<ChunkedObjectManifest>(ZoneId::private())
}

fn split(payload: &[u8], chunk_size: u32) -> (ChunkedObjectManifest, Vec<StoredObject>) {
    ChunkSize::new(chunk_size)
        .and_then(|size| chunk::split(payload, header(), size, &key()))
        .unwrap_or_else(|error| unreachable!("{error}"))
}

fn open(manifest: &ChunkedObjectManifest) -> Result<Verified<ChunkedObjectManifest>, ObjectError> {
    StoredObject::from_parts(manifest.header.clone(), &manifest.to_body(), &key()).open::<ChunkedObjectManifest>()
}

fn verified(manifest: &ChunkedObjectManifest) -> Verified<ChunkedObjectManifest> {
    open(manifest).unwrap_or_else(|error| unreachable!("{error}"))
}

/// Little is said of much: sixty thousand chunks that are one and the same.
#[test]
fn a_short_manifest_of_a_long_payload_allocates_nothing() {
    let (mut manifest, chunks) = split(&vec![7; 1 << 20], 1 << 20);
    let count = 60_000;
    manifest.chunks = vec![chunks[0].id(); count];
    manifest.total_len = (count as u64) << 20;
    assert!(manifest.to_body().len() < 3 << 20);
    let manifest = verified(&manifest);
    assert_eq!(chunk::join(&manifest, &chunks, 1 << 30), Err(ChunkError::TooLong));
    assert_eq!(chunk::join(&manifest, &chunks, manifest.total_len - 1), Err(ChunkError::TooLong));
}

#[test]
fn sizes() {
    assert_eq!(ChunkSize::new(1023), Err(ChunkError::Size));
    assert_eq!(ChunkSize::new(1024).unwrap(), ChunkSize::MIN);
    assert_eq!(ChunkSize::new(1_048_576).unwrap(), ChunkSize::MAX);
    assert_eq!(ChunkSize::new(1_048_577), Err(ChunkError::Size));
}

#[test]
fn both_ways_at_every_edge() {
    for len in [0, 1, 1023, 1024, 1025, 2048, 5000] {
        let bytes = payload(len);
        let (manifest, chunks) = split(&bytes, 1024);
        assert_eq!(chunks.len(), len.div_ceil(1024));
        assert_eq!(manifest.chunks, chunks.iter().map(StoredObject::id).collect::<Vec<_>>());
        assert_eq!(manifest.payload_hash, *blake3::hash(&bytes).as_bytes());
        let manifest = verified(&manifest);
        assert_eq!(chunk::join(&manifest, &chunks, MAX).unwrap(), bytes);
        assert_eq!(chunk::join(&manifest, chunks.iter().rev(), MAX).unwrap(), bytes, "in any order");
    }
}

#[test]
fn chunks_take_the_manifests_header_with_their_own_schema_and_no_refs() {
    let own = header().with_ttl(77);
    let (manifest, chunks) = chunk::split(&payload(3000), own.clone(), ChunkSize::MIN, &key()).unwrap();
    assert_eq!(manifest.header, own.clone().with_refs(manifest.chunks.clone()));
    for stored in &chunks {
        let expected = ObjectHeader { schema: RawChunk::schema().unwrap(), ..own.clone() };
        assert_eq!(*stored.header(), expected);
        assert_eq!(stored.open::<RawChunk>().unwrap().header, expected);
    }
}

#[test]
fn equal_chunks_are_listed_twice_and_referred_to_once() {
    let mut bytes = vec![0; 3072];
    bytes.extend_from_slice(&[1; 10]);
    let (manifest, chunks) = split(&bytes, 1024);
    let [first, second, third, last] = manifest.chunks[..] else { panic!("four chunks") };
    assert!(first == second && second == third && third != last);
    assert_eq!(manifest.header.refs, [first, last]);
    let manifest = verified(&manifest);
    let mut progress = ChunkProgress::new(&manifest);
    assert_eq!(progress.missing().collect::<Vec<_>>(), [first, last]);
    assert!(progress.note(&last) && !progress.note(&last) && !progress.note(&ObjectId::ZERO));
    assert_eq!(progress.missing().collect::<Vec<_>>(), [first]);
    assert!(!progress.is_complete() && progress.note(&first) && progress.is_complete());
    assert_eq!(chunk::join(&manifest, [&chunks[0], &chunks[3]], MAX).unwrap(), bytes);
}

#[test]
fn a_splitter_cuts_the_same_whatever_the_pieces() {
    let bytes = payload(10_000);
    let (manifest, chunks) = split(&bytes, 1024);
    for piece in [1, 7, 1024, 1500, 9999] {
        let key = key();
        let mut splitter = Splitter::new(header(), ChunkSize::MIN, &key).unwrap();
        let mut sink = Vec::new();
        for part in bytes.chunks(piece) {
            splitter.write(part, &mut sink).unwrap();
        }
        assert_eq!(splitter.finish(&mut sink).unwrap(), manifest);
        assert_eq!(sink, chunks);
    }
}

struct Full;

impl ChunkSink for Full {
    type Error = &'static str;

    fn put(&mut self, _: StoredObject) -> Result<(), &'static str> {
        Err("disk full")
    }
}

#[test]
fn a_sink_that_refuses_stops_it() {
    let key = key();
    let mut splitter = Splitter::new(header(), ChunkSize::MIN, &key).unwrap();
    assert_eq!(splitter.write(&[1; 1000], &mut Full), Ok(()));
    assert_eq!(splitter.write(&[1; 1000], &mut Full), Err(SplitError::Sink("disk full")));
}

#[test]
fn a_joiner_takes_chunks_in_order_only() {
    let bytes = payload(2500);
    let (manifest, chunks) = split(&bytes, 1024);
    let manifest = verified(&manifest);
    let mut joiner = Joiner::new(&manifest);
    assert_eq!(joiner.wants(), Some(chunks[0].id()));
    assert_eq!(joiner.take(&chunks[1]), Err(ChunkError::Foreign));
    let mut joined = Vec::new();
    for stored in &chunks {
        joined.extend(joiner.take(stored).unwrap());
    }
    assert_eq!(joiner.take(&chunks[2]), Err(ChunkError::Foreign), "there is no further place");
    assert_eq!(joiner.finish(), Ok(()));
    assert_eq!(joined, bytes);

    let mut early = Joiner::new(&manifest);
    early.take(&chunks[0]).unwrap();
    assert_eq!(early.finish(), Err(ChunkError::Missing));
    assert_eq!(chunk::join(&manifest, &chunks[..2], MAX), Err(ChunkError::Missing));
}

#[test]
fn a_manifest_that_lies_of_its_payload_is_found_out() {
    let (mut manifest, chunks) = split(&payload(2500), 1024);
    manifest.payload_hash[0] ^= 1;
    assert_eq!(chunk::join(&verified(&manifest), &chunks, MAX), Err(ChunkError::PayloadHash));
}

#[test]
fn chunks_of_the_wrong_length_are_refused() {
    let key = key();
    let raw = |bytes: Vec<u8>| RawChunk { header: header_for::<RawChunk>(ZoneId::private()), bytes };
    let (short, long) = (raw(vec![1; 1023]).seal(&key).unwrap(), raw(vec![1; 1025]).seal(&key).unwrap());
    for stored in [short, long] {
        let (mut manifest, _) = split(&payload(2048), 1024);
        manifest.chunks[0] = stored.id();
        manifest.header.refs[0] = stored.id();
        assert_eq!(manifest.open_chunk(0, &stored), Err(ChunkError::Length));
    }
    for len in [0, 1_048_577] {
        let refused = raw(vec![1; len]).seal(&key).unwrap().open::<RawChunk>().unwrap_err();
        assert_eq!(refused.reason(), Reason::ChunkBadLength);
    }
}

#[test]
fn chunks_of_another_zone_or_type_are_refused() {
    let key = key();
    let (mut manifest, _) = split(&payload(1024), 1024);
    let elsewhere = RawChunk { header: header_for::<RawChunk>(ZoneId::work()), bytes: vec![1; 1024] };
    let stored = elsewhere.seal(&key).unwrap();
    manifest.chunks[0] = stored.id();
    assert_eq!(manifest.open_chunk(0, &stored), Err(ChunkError::Foreign));

    let (other, _) = split(&payload(3), 1024);
    let stored = other.seal(&key).unwrap();
    manifest.chunks[0] = stored.id();
    assert_eq!(manifest.open_chunk(0, &stored), Err(ChunkError::Object(ObjectError::SchemaMismatch)));
    assert_eq!(manifest.open_chunk(1, &stored), Err(ChunkError::Foreign));
}

#[test]
fn malformed_manifests_are_refused() {
    let (good, _) = split(&payload(2500), 1024);
    let reason = |change: &dyn Fn(&mut ChunkedObjectManifest)| {
        let mut manifest = good.clone();
        change(&mut manifest);
        open(&manifest).map(|_| ()).map_err(|error| error.reason())
    };
    assert_eq!(reason(&|_| {}), Ok(()));
    assert_eq!(reason(&|manifest| manifest.total_len = 3073), Err(Reason::ChunkCount));
    assert_eq!(reason(&|manifest| manifest.total_len = 2048), Err(Reason::ChunkCount));
    assert_eq!(reason(&|manifest| manifest.total_len = 68_719_476_737), Err(Reason::ChunkTooLong));
    assert_eq!(reason(&|manifest| manifest.total_len = 3072), Ok(()));
    assert_eq!(reason(&|manifest| manifest.header.refs.swap(0, 1)), Err(Reason::ObjectRefsMismatch));
    assert_eq!(reason(&|manifest| manifest.header.refs.truncate(2)), Err(Reason::ObjectRefsMismatch));
    assert_eq!(reason(&|manifest| manifest.header.refs.push(ObjectId::ZERO)), Err(Reason::ObjectRefsMismatch));
}

#[test]
fn a_manifests_chunk_size_is_bounded() {
    let (good, _) = split(&payload(1024), 1024);
    let body = good.to_body();
    // Behind its key, 1024 is 19 04 00; 19 03 ff is one below.
    let at = body.windows(10).position(|window| window == b"chunk_size").unwrap() + 10;
    assert_eq!(body[at..at + 3], [0x19, 0x04, 0x00]);
    let mut small = body.clone();
    small[at + 1..at + 3].copy_from_slice(&[0x03, 0xff]);
    assert_eq!(ChunkedObjectManifest::from_body(&small).unwrap_err().reason(), Reason::ChunkBadSize);
}

#[test]
fn payloads_that_no_manifest_can_list_are_refused_before_they_are_read() {
    // 64 MiB of object hold no more ids than this, at 68 bytes each.
    let key = key();
    let mut splitter = Splitter::new(header(), ChunkSize::MIN, &key).unwrap();
    struct Nowhere;
    impl ChunkSink for Nowhere {
        type Error = ();
        fn put(&mut self, _: StoredObject) -> Result<(), ()> {
            Ok(())
        }
    }
    let huge = vec![0; 986_000 * 1024];
    assert_eq!(splitter.write(&huge, &mut Nowhere), Err(SplitError::Chunk(ChunkError::TooLong)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_part_is_that_part(len in 1_usize..9000, from in 0_u64..10_000, count in 0_u64..10_000) {
        let bytes = payload(len);
        let (manifest, chunks) = split(&bytes, 1024);
        let mut part = Vec::new();
        chunk::join_range(&verified(&manifest), from..from + count, &mut Chunks(&chunks, 0), &mut part).unwrap();
        let at = |at: u64| usize::try_from(at).unwrap().min(len);
        prop_assert_eq!(&part[..], &bytes[at(from)..at(from + count)]);
    }

    #[test]
    fn split_and_join_are_inverse(bytes in prop::collection::vec(any::<u8>(), 0..20_000), size in 1024_u32..5000) {
        let (manifest, chunks) = split(&bytes, size);
        prop_assert_eq!(chunk::join(&verified(&manifest), &chunks, MAX).unwrap(), bytes);
    }

    #[test]
    fn random_bodies_never_panic(body in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = ChunkedObjectManifest::from_body(&body);
        let _ = RawChunk::from_body(&body);
    }
}

/// Chunks by id, and how many were asked for.
struct Chunks<'a>(&'a [StoredObject], usize);

impl ChunkSource for Chunks<'_> {
    type Error = &'static str;

    fn chunk(&mut self, id: &ObjectId) -> Result<Option<StoredObject>, Self::Error> {
        self.1 += 1;
        if *id == ObjectId::ZERO {
            Err("disk broken")
        } else {
            Ok(self.0.iter().find(|chunk| chunk.id() == *id).cloned())
        }
    }
}

/// Readers that give a few bytes at a time, and fail when they are told to.
struct Pieces<'a>(&'a [u8], usize, bool);

impl std::io::Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.2 && self.0.is_empty() {
            return Err(std::io::Error::other("cable cut"));
        }
        let len = self.1.min(buffer.len());
        std::io::Read::read(&mut self.0, buffer.get_mut(..len).unwrap_or_default())
    }
}

/// A source and a sink that know nothing of `std::io`.
struct Own(u64);

impl PayloadSource for Own {
    type Error = ();

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ()> {
        let len = usize::try_from(self.0).map_err(drop)?.min(buffer.len());
        buffer.get_mut(..len).unwrap_or_default().fill(7);
        self.0 -= u64::try_from(len).map_err(drop)?;
        Ok(len)
    }
}

impl PayloadSink for Own {
    type Error = &'static str;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0 = self.0.checked_sub(bytes.len() as u64).ok_or("disk full")?;
        Ok(())
    }
}

#[test]
fn streams_are_split_and_joined_as_payloads_in_memory_are() {
    let (bytes, key) = (payload(10_000), key());
    let (manifest, chunks) = split(&bytes, 1024);
    for piece in [1, 999, 1024, 70_000] {
        let splitter = Splitter::new(header(), ChunkSize::MIN, &key).unwrap();
        let mut sink = Vec::new();
        assert_eq!(chunk::split_stream(&mut Pieces(&bytes, piece, false), splitter, &mut sink).unwrap(), manifest);
        assert_eq!(sink, chunks);
    }
    let splitter = Splitter::new(header(), ChunkSize::MIN, &key).unwrap();
    let failed = chunk::split_stream(&mut Pieces(&bytes, 5000, true), splitter, &mut Vec::new());
    assert!(matches!(failed, Err(StreamSplitError::Read(error)) if error.to_string() == "cable cut"));
    let splitter = Splitter::new(header(), ChunkSize::MIN, &key).unwrap();
    let own = chunk::split_stream(&mut Own(5000), splitter, &mut Vec::new()).unwrap();
    assert_eq!((own.total_len, own.chunks.len()), (5000, 5));

    let manifest = verified(&manifest);
    let mut joined = Vec::new();
    chunk::join_stream(&manifest, &mut Chunks(&chunks, 0), &mut joined).unwrap();
    assert_eq!(joined, bytes);
    let full = chunk::join_stream(&manifest, &mut Chunks(&chunks, 0), &mut Own(5000));
    assert_eq!(full, Err(StreamJoinError::Write("disk full")));
    let missing = chunk::join_stream(&manifest, &mut Chunks(&chunks[1..], 0), &mut Own(u64::MAX));
    assert_eq!(missing, Err(StreamJoinError::Chunk(ChunkError::Missing)));
}

#[test]
fn a_broken_disk_is_not_a_missing_chunk_and_a_lying_manifest_is_found_out() {
    let (mut manifest, chunks) = split(&payload(2500), 1024);
    manifest.payload_hash[0] ^= 1;
    let lying = chunk::join_stream(&verified(&manifest), &mut Chunks(&chunks, 0), &mut Own(u64::MAX));
    assert_eq!(lying, Err(StreamJoinError::Chunk(ChunkError::PayloadHash)));
    manifest.chunks[1] = ObjectId::ZERO;
    manifest.header.refs[1] = ObjectId::ZERO;
    let broken = chunk::join_stream(&verified(&manifest), &mut Chunks(&chunks, 0), &mut Own(u64::MAX));
    assert_eq!(broken, Err(StreamJoinError::Source("disk broken")));
}

#[test]
fn a_part_is_read_from_the_chunks_that_it_lies_in() {
    let bytes = payload(5000);
    let (manifest, chunks) = split(&bytes, 1024);
    let manifest = verified(&manifest);
    for (range, asked) in [(0..1, 1), (1023..1025, 2), (1024..2048, 1), (2000..4097, 4), (4999..9000, 1), (0..5000, 5)]
    {
        let (mut source, mut part) = (Chunks(&chunks, 0), Vec::new());
        chunk::join_range(&manifest, range.clone(), &mut source, &mut part).unwrap();
        let end = usize::try_from(range.end).unwrap().min(5000);
        assert_eq!(part, bytes[usize::try_from(range.start).unwrap()..end]);
        assert_eq!(source.1, asked, "{range:?}");
    }
    let backwards = core::ops::Range { start: 7, end: 3 };
    for nothing in [0..0, 5000..6000, u64::MAX - 1..u64::MAX, backwards] {
        assert!(manifest.chunks_of(nothing).is_empty());
    }
    let part = chunk::join_range(&manifest, 0..2000, &mut Chunks(&chunks[1..], 0), &mut Vec::new());
    assert!(matches!(part, Err(StreamJoinError::Chunk(ChunkError::Missing))));
}

#[test]
fn retrieval_goes_on_where_the_store_is_and_the_part_that_is_read_comes_first() {
    let (manifest, chunks) = split(&payload(5000), 1024);
    let manifest = verified(&manifest);
    let ids: Vec<ObjectId> = chunks.iter().map(StoredObject::id).collect();
    let mut progress = ChunkProgress::resume(&manifest, |id| [ids[0], ids[3]].contains(id));
    assert_eq!(progress.missing().collect::<Vec<_>>(), [ids[1], ids[2], ids[4]]);
    assert_eq!(progress.missing_of(&manifest, 2500..5000).collect::<Vec<_>>(), [ids[2], ids[4]]);
    assert_eq!(progress.contiguous_len(&manifest), 1024);
    assert!(progress.note(&ids[1]) && progress.note(&ids[2]));
    assert_eq!(progress.contiguous_len(&manifest), 4096);
    assert!(progress.note(&ids[4]) && progress.is_complete());
    assert_eq!(progress.contiguous_len(&manifest), 5000);
}

#[test]
fn one_chunk_is_made_again_from_its_bytes() {
    let (bytes, key) = (payload(2500), key());
    let (manifest, chunks) = split(&bytes, 1024);
    assert_eq!(manifest.remake_chunk(1, &bytes[1024..2048], &key).unwrap(), chunks[1]);
    assert_eq!(manifest.remake_chunk(2, &bytes[2048..], &key).unwrap(), chunks[2]);
    assert_eq!(manifest.remake_chunk(1, &bytes[1025..2049], &key), Err(ChunkError::Foreign));
    assert_eq!(manifest.remake_chunk(1, &bytes[1024..2047], &key), Err(ChunkError::Length));
    assert_eq!(manifest.remake_chunk(3, &[], &key), Err(ChunkError::Length));
}

#[test]
fn what_is_there_is_listed_and_not_made_again() {
    let key = key();
    let mut index = MemoryIndex::new(100);
    let mut bytes = payload(4096);
    bytes.extend_from_slice(&payload(4096)[..2048]);
    let first = {
        let mut splitter = Splitter::with_index(header(), ChunkSize::MIN, &key, &mut index).unwrap();
        let mut sink = Vec::new();
        splitter.write(&bytes, &mut sink).unwrap();
        assert_eq!((sink.len(), splitter.reused()), (4, 2), "within the payload");
        let manifest = splitter.finish(&mut sink).unwrap();
        assert_eq!(manifest, split(&bytes, 1024).0, "the manifest is the same");
        (manifest, sink)
    };
    // A day later one chunk is another.
    let mut later = header();
    later.created_at = later.created_at.saturating_add(86_400);
    later.provenance.created_at = later.created_at;
    bytes[1500] ^= 1;
    let mut sink = Vec::new();
    let splitter = Splitter::with_index(later.clone(), ChunkSize::MIN, &key, &mut index).unwrap();
    let second = chunk::split_stream(&mut &bytes[..], splitter, &mut sink).unwrap();
    assert_eq!(sink.len(), 1);
    assert_eq!(second.chunks[0], first.0.chunks[0]);
    assert_eq!((second.chunks[1], second.chunks[5]), (sink[0].id(), first.0.chunks[1]));
    assert!(open(&second).is_ok());
    let all: Vec<StoredObject> = first.1.iter().chain(&sink).cloned().collect();
    assert_eq!(chunk::join(&verified(&second), &all, MAX).unwrap(), bytes);

    // Another header is another chunk, as it would be kept otherwise.
    let mut sink = Vec::new();
    let splitter = Splitter::with_index(later.clone().with_ttl(60), ChunkSize::MIN, &key, &mut index).unwrap();
    chunk::split_stream(&mut &bytes[..], splitter, &mut sink).unwrap();
    assert_eq!(sink.len(), 5);

    // What is gone is made again.
    index.forget(&first.0.chunks[0]);
    let mut sink = Vec::new();
    let splitter = Splitter::with_index(later, ChunkSize::MIN, &key, &mut index).unwrap();
    chunk::split_stream(&mut &bytes[..], splitter, &mut sink).unwrap();
    assert_eq!(sink.len(), 1);
}

#[test]
fn an_index_is_bounded() {
    let key = key();
    let chunk = |byte| RawChunk { header: header_for::<RawChunk>(ZoneId::private()), bytes: vec![byte; 10] };
    let mut index = MemoryIndex::new(2);
    let prints: Vec<_> = (0..3).map(|byte| ChunkFingerprint::of(&chunk(byte), &key).unwrap()).collect();
    for (print, byte) in prints.iter().zip(0..) {
        index.note(print, &chunk(byte).seal(&key).unwrap().id()).unwrap();
    }
    assert_eq!(index.len(), 2);
    assert_eq!(index.find(&prints[0]).unwrap(), None);
    assert_eq!(index.find(&prints[2]).unwrap(), Some(chunk(2).seal(&key).unwrap().id()));
    assert_eq!(ChunkFingerprint::from_bytes(*prints[1].as_bytes()), prints[1]);
}

#[test]
fn sizes_follow_from_what_a_manifest_may_hold() {
    let of = |len: u64| ChunkSize::for_payload(len).map(ChunkSize::get);
    // (2 MiB - 8 - 64 KiB) / 68 bytes an id are 29876 chunks.
    let most = (MAX_MANIFEST_LEN - 65_536) / 68;
    assert_eq!(most, 29_876);
    assert_eq!((of(0), of(1 << 30), of(most * 65_536)), (Ok(65_536), Ok(65_536), Ok(65_536)));
    assert_eq!(of(most * 65_536 + 1), Ok(131_072));
    assert_eq!(of(8 << 30), Ok(524_288));
    assert_eq!(of(most << 20), Ok(1 << 20));
    assert_eq!(of((most << 20) + 1), Err(ChunkError::TooLong));
    assert_eq!(of(u64::MAX), Err(ChunkError::TooLong));
}
