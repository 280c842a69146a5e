//! One block, encoded and decoded, against the coding library; and what symbols cost that somebody chose, against those of an
//! honest sender.
//!
//! Both sides start from the same bytes: an object's to encode, each received symbol's to decode. They give the same
//! symbols, and the same object, which is checked before anything is measured. Ours has met the K before, as it has
//! for all chunks but the first; the library's own plan is either made before, or each time.

use std::hint::black_box;

use fcp_symbols::raptor::{
    Block, Coding, DecodeBudget, Decoder, Encoder, Kernel, PlanCache, RaptorQConfig, Received, SymbolSize,
};
use raptorq::{
    EncodingPacket, ObjectTransmissionInformation, PayloadId, SourceBlockDecoder, SourceBlockEncoder,
    SourceBlockEncodingPlan,
};

use crate::measure::{Cpu, Goal, Pair};

const T: SymbolSize = SymbolSize::DEFAULT;

/// A block of exactly K symbols, whose last is not padded.
struct Sample {
    object: Vec<u8>,
    block: Block,
}

impl Sample {
    fn new(k: u16) -> Self {
        let len = usize::from(k) * T.as_usize() - 8;
        let object: Vec<u8> = (1..).map(|at: u32| at.wrapping_mul(0x9e37_79b9).to_be_bytes()[0]).take(len).collect();
        let block = Block::for_len(len, T).unwrap_or_else(|error| unreachable!("{error}"));
        Self { object, block }
    }

    fn information(&self) -> ObjectTransmissionInformation {
        ObjectTransmissionInformation::new(self.block.source_len() as u64, T.get(), 1, 1, 8)
    }

    /// The object as the library needs it (D60).
    fn framed(&self) -> Vec<u8> {
        let mut source = Vec::with_capacity(self.block.source_len());
        source.extend_from_slice(&(self.object.len() as u64).to_le_bytes());
        source.extend_from_slice(&self.object);
        source
    }

    /// The object in what the library decoded.
    fn unframed(mut source: Vec<u8>) -> Vec<u8> {
        source.drain(..8);
        source
    }

    fn repair_ids(&self) -> Vec<u32> {
        let k = u32::from(self.block.k());
        (k..k + RaptorQConfig::default().repair_symbols(self.block)).collect()
    }

    /// All symbols by ours: source symbols from where the object is, repair symbols in `out`.
    fn encode(&self, ids: &[u32], plans: &mut PlanCache, out: &mut [u8], mut sink: impl FnMut(&[u8])) -> Option<()> {
        let mut encoder = Encoder::over(&self.object, T, Coding::RaptorQ).ok()?;
        encoder.write_repair(ids, plans, out).ok()?;
        encoder.source_symbols().chain(out.chunks_exact(T.as_usize())).for_each(&mut sink);
        Some(())
    }

    /// By the library.
    fn encode_by_library(&self, plan: Option<&SourceBlockEncodingPlan>, repair: usize, mut sink: impl FnMut(&[u8])) {
        let (source, made) = (self.framed(), plan.is_none().then(|| SourceBlockEncodingPlan::generate(self.block.k())));
        let Some(plan) = plan.or(made.as_ref()) else { return };
        let encoder = SourceBlockEncoder::with_encoding_plan(0, &self.information(), &source, plan);
        source.chunks_exact(T.as_usize()).for_each(&mut sink);
        encoder.repair_packets(0, repair as u32).iter().for_each(|packet| sink(packet.data()));
    }

    /// The symbols of these ids.
    fn symbols(&self, ids: impl IntoIterator<Item = u32>) -> Vec<(u32, Vec<u8>)> {
        let (mut plans, mut out) = (PlanCache::new(1), vec![0; T.as_usize()]);
        let mut encoder = Encoder::over(&self.object, T, Coding::RaptorQ).ok();
        let mut write = |id| encoder.as_mut()?.write_symbol(id, &mut plans, &mut out).ok().map(|()| out.clone());
        ids.into_iter().map(|id| (id, write(id).unwrap_or_default())).collect()
    }

    /// What arrives of an honest sender's symbols if every n-th source symbol is lost, or all of the first half.
    fn received(&self, loss_percent: u32) -> Vec<(u32, Vec<u8>)> {
        let k = u32::from(self.block.k());
        let lost = (k * loss_percent).div_ceil(100);
        let is_lost = |id: u32| id * lost / k != (id + 1) * lost / k;
        let mut symbols = self.symbols((0..k).filter(|id| !is_lost(*id)).chain(k..k + lost + 3));
        // As many as are needed, which is K for nearly all sets.
        let mut count = usize::from(self.block.k());
        while self.decode(symbols.get(..count).unwrap_or_default(), &mut PlanCache::new(1)).is_none() {
            count += 1;
        }
        symbols.truncate(count);
        symbols
    }

    fn decode(&self, symbols: &[(u32, Vec<u8>)], plans: &mut PlanCache) -> Option<Vec<u8>> {
        let (mut decoder, mut budget) = (Decoder::new(self.block, Coding::RaptorQ), DecodeBudget::UNLIMITED);
        symbols.iter().find_map(|(id, data)| match decoder.receive(*id, data, plans, &mut budget) {
            Ok(Received::Complete(bytes)) => Some(bytes),
            _ => None,
        })
    }

    fn decode_by_library(&self, symbols: &[(u32, Vec<u8>)]) -> Option<Vec<u8>> {
        let packets = symbols.iter().map(|(id, data)| EncodingPacket::new(PayloadId::new(0, *id), data.clone()));
        let mut decoder = SourceBlockDecoder::new(0, &self.information(), self.block.source_len() as u64);
        decoder.decode(packets).map(Self::unframed)
    }

    /// Makes sure that both sides give the same symbols.
    fn check_encoding(&self, kernel: Kernel) {
        let (ids, mut plans) = (self.repair_ids(), PlanCache::new(1).with_kernel(kernel));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut out = vec![0; ids.len() * T.as_usize()];
        for _ in 0..3 {
            ours.clear();
            let made = self.encode(&ids, &mut plans, &mut out, |symbol| ours.extend_from_slice(symbol));
            assert!(made.is_some(), "there are such symbols");
        }
        self.encode_by_library(None, ids.len(), |symbol| theirs.extend_from_slice(symbol));
        assert!(ours == theirs, "both must make the same symbols");
    }
}

/// The pairs.
pub(super) fn pairs() -> Vec<Pair> {
    let best = Kernel::best();
    let gfni = |factor| Goal::AtLeastWith(Cpu::GfniAvx512, factor);
    let mut pairs = vec![
        encode("encode 64 KiB, 5 % repair", 64, best, true, gfni(10.0)),
        encode("encode 64 KiB, 5 % repair", 64, best, false, gfni(25.0)),
    ];
    for kernel in Kernel::available() {
        match kernel.name() {
            "AVX2" => pairs.push(encode("the same, on AVX2 only", 64, kernel, true, Goal::AtLeastWith(Cpu::Avx2, 3.0))),
            "portable" => pairs.push(encode("the same, no vector unit", 64, kernel, true, Goal::AtLeast(1.0))),
            _ => {}
        }
    }
    pairs.extend([
        decode("decode 64 KiB, 5 % lost", 64, 5, gfni(5.0)),
        decode("decode 64 KiB, 20 % lost", 64, 20, gfni(2.0)),
        decode("decode 64 KiB, all repair", 64, 100, gfni(0.95)),
        encode("encode 1 MiB, 5 % repair", 1024, best, true, gfni(1.3)),
        decode("decode 1 MiB, 5 % lost", 1024, 5, gfni(1.5)),
        decode("decode 1 MiB, 20 % lost", 1024, 20, gfni(0.95)),
        decode("decode 1 MiB, 50 % lost", 1024, 50, gfni(0.95)),
        decode("decode 1 MiB, all repair", 1024, 100, gfni(0.95)),
    ]);
    pairs.extend(attacks());
    pairs
}

fn encode(name: &'static str, k: u16, kernel: Kernel, cached: bool, goal: Goal) -> Pair {
    let (sample, peer_sample) = (Sample::new(k), Sample::new(k));
    sample.check_encoding(kernel);
    let (ids, mut plans) = (sample.repair_ids(), PlanCache::new(1).with_kernel(kernel));
    let (mut out, repair) = (vec![0; ids.len() * T.as_usize()], ids.len());
    let sink = |symbol: &[u8]| {
        black_box(symbol);
    };
    // A large K is met twice before its coefficients are made.
    for _ in 0..3 {
        sample.encode(&ids, &mut plans, &mut out, sink);
    }
    let plan = cached.then(|| SourceBlockEncodingPlan::generate(k));
    Pair {
        name,
        ours: Box::new(move || {
            black_box(sample.encode(black_box(&ids), &mut plans, &mut out, sink));
        }),
        peer_name: if cached { "raptorq, plan cached" } else { "raptorq, plan made anew" },
        peer: Box::new(move || black_box(&peer_sample).encode_by_library(plan.as_ref(), repair, sink)),
        goal,
    }
}

fn decode(name: &'static str, k: u16, loss_percent: u32, goal: Goal) -> Pair {
    let (sample, peer_sample) = (Sample::new(k), Sample::new(k));
    let symbols = sample.received(loss_percent);
    let mut plans = PlanCache::new(1);
    for _ in 0..3 {
        let (ours, theirs) = (sample.decode(&symbols, &mut plans), peer_sample.decode_by_library(&symbols));
        assert!(ours == theirs && ours.as_ref() == Some(&sample.object), "both must restore the object");
    }
    let peer_symbols = symbols.clone();
    Pair {
        name,
        ours: Box::new(move || {
            black_box(sample.decode(black_box(&symbols), &mut plans));
        }),
        peer_name: "raptorq",
        peer: Box::new(move || {
            black_box(peer_sample.decode_by_library(black_box(&peer_symbols)));
        }),
        goal,
    }
}

/// Ids that were chosen for K, as the receiver's tests have them.
fn chosen(k: u16, degree: u32) -> Vec<u32> {
    let lines = include_str!("../../../../fcp-symbols/tests/corpus/chosen_symbols.txt").lines();
    let numbers = |line: &'static str| line.split(' ').filter_map(|number| number.parse::<u32>().ok());
    let line = lines.map(numbers).find(|line| line.clone().take(2).eq([u32::from(k), degree]));
    let steps = line.into_iter().flatten().skip(2);
    steps
        .scan(0, |id, step| {
            *id += step;
            Some(*id)
        })
        .collect()
}

/// The worst that was found for a receiver, against the honest symbols of an object with 5 % lost.
fn attacks() -> Vec<Pair> {
    let attack = |name, k, degree, goal| {
        let (sample, honest) = (Sample::new(k), Sample::new(k));
        let (symbols, fair) = (sample.symbols(chosen(k, degree)), honest.received(5));
        let mut plans = PlanCache::new(1);
        for _ in 0..3 {
            assert!(honest.decode(&fair, &mut plans).as_ref() == Some(&honest.object), "honest symbols suffice");
        }
        Pair {
            name,
            ours: Box::new(move || {
                // The sender may choose a K that nobody has met yet.
                black_box(sample.decode(black_box(&symbols), &mut PlanCache::new(1)));
            }),
            peer_name: "honest symbols, 5 % lost",
            peer: Box::new(move || {
                black_box(honest.decode(black_box(&fair), &mut plans));
            }),
            goal,
        }
    };
    vec![
        attack("decode 64 KiB, dense symbols", 64, 30, Goal::AtMost(48.0)),
        attack("decode 64 KiB, never sufficient", 64, 1, Goal::AtMost(48.0)),
        attack("decode 257 KiB, dense symbols", 257, 30, Goal::AtMost(48.0)),
        attack("decode 257 KiB, never sufficient", 257, 1, Goal::AtMost(48.0)),
        attack("decode 1 MiB, dense symbols", 1024, 30, Goal::AtMost(512.0)),
        attack("decode 1 MiB, never sufficient", 1024, 1, Goal::AtMost(512.0)),
    ]
}
