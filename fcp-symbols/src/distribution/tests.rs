use fcp_core::id::{NodeId, ObjectIdKey, ZoneId};
use fcp_core::object::{MeshObject as _, ObjectHeader, Provenance, StoredObject};
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;

use super::{Download, Source, Want};
use crate::chunk::{self, ChunkError, ChunkSize, ChunkedObjectManifest, RawChunk};
use crate::raptor::{Coding, Encoder, PlanCache, SymbolSize};
use crate::reassembly::{ContextKey, Reassembly, ReassemblyLimits, Step};

fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

fn header() -> ObjectHeader {
    let provenance = Provenance::of_zone(ZoneId::work(), 60, 60, Timestamp::from_secs(1_700_000_000));
    ObjectHeader::for_type::<ChunkedObjectManifest>(provenance)
}

/// A binary of ten chunks.
fn binary() -> (Vec<u8>, Verified<ChunkedObjectManifest>, Vec<StoredObject>) {
    let bytes: Vec<u8> = (0..10_000_u32).map(|byte| byte.wrapping_mul(0x9e37_79b9).to_be_bytes()[0]).collect();
    let (manifest, chunks) = chunk::split(&bytes, header(), ChunkSize::MIN, &key()).unwrap();
    assert_eq!(chunks.len(), 10);
    (bytes, manifest.seal(&key()).unwrap().open::<ChunkedObjectManifest>().unwrap(), chunks)
}

/// What a peer gives of a chunk: so many symbols from one on.
fn symbols(chunk: &StoredObject, first: u32, count: u32) -> (ContextKey, Vec<(u32, Vec<u8>)>) {
    let mut encoder = Encoder::new(chunk.canonical_bytes(), SymbolSize::DEFAULT).unwrap();
    let mut plans = PlanCache::new(1);
    let some = (first..first.saturating_add(count)).map(|esi| {
        let mut data = vec![0; SymbolSize::DEFAULT.as_usize()];
        encoder.write_symbol(esi, &mut plans, &mut data).unwrap();
        (esi, data)
    });
    let some = some.collect();
    (ContextKey { object_id: chunk.id(), block: encoder.block(), coding: Coding::RaptorQ }, some)
}

#[test]
fn two_peers_and_a_mirror_share_the_work() {
    let (bytes, manifest, chunks) = binary();
    let mut download = Download::new(&manifest, [], 4);
    let mirror = download.add_source(Source::Mirror);
    let peers = [download.add_source(Source::Peer), download.add_source(Source::Peer)];
    let names = ["nA", "nB"].map(|name| NodeId::new(name).unwrap());
    let mut reassembly = Reassembly::new(ReassemblyLimits::default());
    let (mut whole, mut parts, mut order) = (0, 0, vec![]);
    let now = Timestamp::from_secs(1);
    while let Some(request) = download.poll_request() {
        let chunk = chunks.iter().find(|chunk| chunk.id() == request.chunk).unwrap();
        if order.last() != Some(&request.chunk) {
            order.push(request.chunk);
        }
        let Want::Symbols(count) = request.want else {
            assert_eq!(request.source, mirror);
            download.handle_chunk(chunk).unwrap();
            whole += 1;
            continue;
        };
        // Each peer gives other symbols, nobody having told it which.
        let peer = peers.iter().position(|peer| *peer == request.source).unwrap();
        let (context, given) = symbols(chunk, u32::try_from(peer).unwrap().saturating_mul(1_000), count);
        parts += 1;
        for (esi, data) in given {
            if let Ok(Step::Candidate(candidate)) = reassembly.handle_symbol(now, &context, &names[peer], esi, &data) {
                let opened = StoredObject::parse_as(context.object_id, candidate.bytes(), &key()).unwrap();
                assert_eq!(reassembly.settle(candidate, Some(&opened)), None);
                download.handle_chunk(&opened).unwrap();
            }
        }
    }
    assert!(download.is_complete());
    assert!(whole > 0 && parts > 0);
    // In the order of the payload.
    assert_eq!(order, manifest.chunks);
    assert_eq!(chunk::join(&manifest, &chunks, 1 << 20).unwrap(), bytes);
}

#[test]
fn goes_on_from_what_is_in_the_store() {
    let (_, manifest, chunks) = binary();
    let mut first = Download::new(&manifest, [], 3);
    first.add_source(Source::Mirror);
    for _ in 0..3 {
        let request = first.poll_request().unwrap();
        let chunk = chunks.iter().find(|chunk| chunk.id() == request.chunk).unwrap();
        first.handle_chunk(chunk).unwrap();
    }
    let here: Vec<_> = chunks[..3].iter().map(StoredObject::id).collect();
    let mut second = Download::new(&manifest, here, 3);
    assert!(second.missing().eq(first.missing()));
    assert_eq!(second.poll_request(), None);
    second.add_source(Source::Mirror);
    assert_eq!(second.poll_request().map(|request| request.chunk), Some(chunks[3].id()));
}

#[test]
fn what_one_source_lacks_another_is_asked_for() {
    let (_, manifest, chunks) = binary();
    let mut download = Download::new(&manifest, [], 1);
    let [one, other] = [download.add_source(Source::Mirror), download.add_source(Source::Mirror)];
    let first = download.poll_request().unwrap();
    assert_eq!((first.source, first.chunk), (one, chunks[0].id()));
    assert_eq!(download.poll_request(), None);
    assert!(download.handle_lacking(one, &first.chunk));
    assert_eq!(download.poll_request().map(|request| (request.source, request.chunk)), Some((other, first.chunk)));
    assert!(!download.handle_lacking(other, &first.chunk));
    // The rest is fetched from whoever is left, and what nobody had as soon as there is somebody else.
    download.remove_source(one);
    let next = download.poll_request().unwrap();
    assert_eq!((next.source, next.chunk), (other, chunks[1].id()));
    download.handle_chunk(&chunks[1]).unwrap();
    let peer = download.add_source(Source::Peer);
    let request = download.poll_request().unwrap();
    assert_eq!((request.source, request.chunk), (peer, chunks[0].id()));
    assert!(matches!(request.want, Want::Symbols(count) if count >= 3));
}

#[test]
fn nothing_but_the_manifests_chunks_is_taken() {
    let (_, manifest, chunks) = binary();
    let mut download = Download::new(&manifest, [], 4);
    let mirror = download.add_source(Source::Mirror);
    let request = download.poll_request().unwrap();
    let other = RawChunk { header: chunks[0].header().clone(), bytes: vec![9; 1024] }.seal(&key()).unwrap();
    assert_eq!(download.handle_chunk(&other), Err(ChunkError::Foreign));
    assert_eq!(download.missing().len(), 10);
    download.remove_source(mirror);
    assert_eq!(download.poll_request(), None);
    let another = download.add_source(Source::Mirror);
    assert_eq!(download.poll_request(), Some(super::Request { source: another, ..request }));
    // A chunk that came unasked is as good as any.
    download.handle_chunk(&chunks[9]).unwrap();
    assert_eq!(download.missing().len(), 9);
}
