//! A payload of 1 MiB, split into chunks, as symbols: all source symbols and 5 % repair of each of the 16 chunk objects,
//! against the library that both use.
//!
//! Both start from the objects' bytes and make the same symbols (D60), which is checked before anything is measured, and
//! each as its interface does it best: ours takes source symbols from where the object is, the peer frames it, and
//! takes them from the frame.

use std::hint::black_box;

use fcp_core::id::{ObjectIdKey, ZoneId};
use fcp_core::object::{ObjectHeader, Provenance, StoredObject};
use fcp_core::time::Timestamp;
use fcp_symbols::chunk::{self, ChunkSize, ChunkedObjectManifest};
use fcp_symbols::raptor::{Block, Coding, Encoder, PlanCache, RaptorQConfig, SymbolSize};
use raptorq::{ObjectTransmissionInformation, SourceBlockEncoder, SourceBlockEncodingPlan};

use crate::measure::{Cpu, Goal, Pair};

const PAYLOAD_LEN: u32 = 1024 * 1024;
const T: SymbolSize = SymbolSize::DEFAULT;

/// The chunks of a payload.
fn chunks() -> Option<Vec<StoredObject>> {
    let payload: Vec<u8> = (1..=PAYLOAD_LEN).map(|at| at.wrapping_mul(0x9e37_79b9).to_be_bytes()[0]).collect();
    let provenance = Provenance::of_zone(ZoneId::private(), 80, 90, Timestamp::from_secs(1_700_000_000));
    let header = ObjectHeader::for_type::<ChunkedObjectManifest>(provenance);
    let (_, chunks) = chunk::split(&payload, header, ChunkSize::DEFAULT, &ObjectIdKey::from_bytes([7; 32])).ok()?;
    Some(chunks)
}

/// How many symbols a chunk's sender sends.
fn symbols(block: Block) -> u32 {
    u32::from(block.k()).saturating_add(RaptorQConfig::default().repair_symbols(block))
}

/// The symbols of one chunk, one after the other; `repair` is room for those that are made.
fn ours(chunk: &StoredObject, plans: &mut PlanCache, repair: &mut Vec<u8>, mut sink: impl FnMut(&[u8])) -> Option<()> {
    let mut encoder = Encoder::over(chunk.canonical_bytes(), T, Coding::RaptorQ).ok()?;
    let esis: Vec<u32> = (u32::from(encoder.block().k())..symbols(encoder.block())).collect();
    repair.resize(esis.len() * T.as_usize(), 0);
    encoder.write_repair(&esis, plans, repair).ok()?;
    encoder.source_symbols().chain(repair.chunks_exact(T.as_usize())).for_each(&mut sink);
    Some(())
}

/// The symbols of one chunk by the library alone.
fn peer(chunk: &StoredObject, plan: Option<&SourceBlockEncodingPlan>, mut sink: impl FnMut(&[u8])) -> Option<()> {
    let bytes = chunk.canonical_bytes();
    let block = Block::for_len(bytes.len(), T).ok()?;
    let mut source = Vec::with_capacity(block.source_len());
    source.extend_from_slice(&u64::try_from(bytes.len()).ok()?.to_le_bytes());
    source.extend_from_slice(bytes);
    source.resize(block.source_len(), 0);
    let information = ObjectTransmissionInformation::new(u64::try_from(source.len()).ok()?, T.get(), 1, 1, 8);
    let made;
    let plan = match plan {
        Some(plan) => plan,
        None => {
            made = SourceBlockEncodingPlan::generate(block.k());
            &made
        }
    };
    let encoder = SourceBlockEncoder::with_encoding_plan(0, &information, &source, plan);
    let repair = encoder.repair_packets(0, symbols(block).saturating_sub(u32::from(block.k())));
    source.chunks_exact(T.as_usize()).for_each(&mut sink);
    repair.iter().for_each(|packet| sink(packet.data()));
    Some(())
}

/// The pairs.
pub(super) fn pairs() -> Vec<Pair> {
    prepare().unwrap_or_else(|| unreachable!("the payload splits, and both sides agree"))
}

fn prepare() -> Option<Vec<Pair>> {
    let chunks = chunks()?;
    let block_of = |chunk: &StoredObject| Block::for_len(chunk.canonical_bytes().len(), T).ok();
    let block = block_of(chunks.first()?)?;
    assert!(chunks.len() == 16 && chunks.iter().all(|chunk| block_of(chunk) == Some(block)), "one plan serves all");
    let plan = SourceBlockEncodingPlan::generate(block.k());

    let (mut plans, mut repair) = (PlanCache::new(16), Vec::new());
    let (mut written, mut expected) = (Vec::new(), Vec::new());
    for chunk in &chunks {
        ours(chunk, &mut plans, &mut repair, |symbol| written.extend_from_slice(symbol))?;
        peer(chunk, Some(&plan), |symbol| expected.extend_from_slice(symbol))?;
    }
    assert!(written == expected, "both must make the same symbols");
    Some(vec![
        pair("raptorq, plan cached", chunks.clone(), Some(plan), 10.0),
        pair("raptorq, plan made anew", chunks, None, 25.0),
    ])
}

fn pair(
    peer_name: &'static str,
    chunks: Vec<StoredObject>,
    plan: Option<SourceBlockEncodingPlan>,
    factor: f64,
) -> Pair {
    let (mut plans, mut repair, peer_chunks) = (PlanCache::new(16), Vec::new(), chunks.clone());
    let sink = |symbol: &[u8]| {
        black_box(symbol);
    };
    Pair {
        name: "encode 1 MiB as 16 chunks",
        ours: Box::new(move || {
            for chunk in black_box(&chunks) {
                black_box(ours(chunk, &mut plans, &mut repair, sink));
            }
        }),
        peer_name,
        peer: Box::new(move || {
            for chunk in black_box(&peer_chunks) {
                black_box(peer(chunk, plan.as_ref(), sink));
            }
        }),
        goal: Goal::AtLeastWith(Cpu::GfniAvx512, factor),
    }
}
