//! The direct path against the coding library: the same bytes for every symbol, and the same verdict about every set.

#![expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]

use fcp_symbols::raptor::{
    Block, Coding, DecodeBudget, Decoder, Encoder, Kernel, MAX_ESI, PlanCache, Received, SymbolError, SymbolSize,
};
use raptorq::{
    EncodingPacket, ObjectTransmissionInformation, PayloadId, SourceBlockDecoder, SourceBlockEncoder,
    SourceBlockEncodingPlan,
};

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 16) % u64::from(limit)).unwrap_or_default()
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| u8::try_from(self.below(256)).unwrap_or_default()).collect()
    }
}

/// What must not fail.
fn ok<T>(outcome: Result<T, SymbolError>) -> T {
    outcome.unwrap_or_else(|error| unreachable!("{error}"))
}

/// An object whose symbols are `k`, whatever is left over of the last.
fn object(k: u16, random: &mut Random) -> Vec<u8> {
    let left_over = usize::try_from(random.below(200)).unwrap_or_default();
    random.bytes((usize::from(k) * 256 - 8).saturating_sub(left_over))
}

/// The library, on the same source.
struct Library {
    encoder: SourceBlockEncoder,
    block: Block,
}

impl Library {
    fn information(block: Block) -> ObjectTransmissionInformation {
        ObjectTransmissionInformation::new(block.source_len() as u64, block.symbol_size().get(), 1, 1, 8)
    }

    fn new<B: AsRef<[u8]>>(ours: &Encoder<B>) -> Self {
        let (block, source) = (ours.block(), ours.source_symbols().collect::<Vec<_>>().concat());
        let plan = SourceBlockEncodingPlan::generate(block.k());
        let encoder = SourceBlockEncoder::with_encoding_plan(0, &Self::information(block), &source, &plan);
        Self { encoder, block }
    }

    fn repair(&self, esi: u32) -> Vec<u8> {
        let packets = self.encoder.repair_packets(esi - u32::from(self.block.k()), 1);
        packets.first().map(|packet| packet.data().to_vec()).unwrap_or_default()
    }

    fn decode<'a>(block: Block, symbols: impl Iterator<Item = &'a (u32, Vec<u8>)>) -> Option<Vec<u8>> {
        let packets = symbols.map(|(esi, data)| EncodingPacket::new(PayloadId::new(0, *esi), data.clone()));
        SourceBlockDecoder::new(0, &Self::information(block), block.source_len() as u64).decode(packets)
    }
}

/// The first repair symbols of K, some random ones, and the last of all.
fn some_esis(k: u16, random: &mut Random) -> Vec<u32> {
    let k = u32::from(k);
    let mut esis: Vec<u32> = (k..k + 6).chain((0..6).map(|_| k + random.below(MAX_ESI - k))).collect();
    esis.extend([k + 40, MAX_ESI]);
    esis
}

/// Compares encoders of this K, with a cache that has met it before.
fn compare_encoding(k: u16, kernel: Kernel, random: &mut Random) {
    let object = object(k, random);
    let mut plans = PlanCache::new(2).with_kernel(kernel);
    let mut encoder = ok(Encoder::over(&object, SymbolSize::MIN, Coding::RaptorQ));
    assert_eq!(encoder.block().k(), k);
    let library = Library::new(&encoder);
    for round in 0..2 {
        let mut again = ok(Encoder::over(&object, SymbolSize::MIN, Coding::RaptorQ));
        let esis = some_esis(k, random);
        let expected: Vec<u8> = esis.iter().flat_map(|esi| library.repair(*esi)).collect();
        let mut together = vec![0x55; esis.len() * 256];
        ok(again.write_repair(&esis, &mut plans, &mut together));
        assert!(together == expected, "K = {k}, {esis:?} together, round {round}, {kernel:?}");
        let mut one = [0xaa; 256];
        for (esi, expected) in esis.iter().zip(expected.chunks(256)) {
            ok(encoder.write_symbol(*esi, &mut plans, &mut one));
            assert!(one == expected, "K = {k}, ESI {esi}, round {round}, {kernel:?}");
        }
    }
}

#[test]
fn every_k_up_to_256_encodes_as_the_library_does() {
    let mut random = Random(1);
    for k in 1..=256 {
        compare_encoding(k, Kernel::best(), &mut random);
    }
}

#[test]
fn larger_k_encode_as_the_library_does() {
    let mut random = Random(2);
    for k in [257, 300, 512, 777, 989, 1024, 2048, 2049, 3000] {
        compare_encoding(k, Kernel::best(), &mut random);
    }
}

#[test]
fn every_kernel_encodes_the_same() {
    let mut random = Random(3);
    for kernel in Kernel::available() {
        for k in [1, 2, 9, 64, 65, 257] {
            compare_encoding(k, kernel, &mut random);
        }
    }
}

#[test]
fn many_repair_symbols_are_the_same_whichever_way_they_are_made() {
    let mut random = Random(4);
    let object = object(20, &mut random);
    let mut encoder = Encoder::new(&object, SymbolSize::MIN).unwrap();
    let (library, mut plans) = (Library::new(&encoder), PlanCache::new(1));
    let mut symbol = [0; 256];
    // The encoder changes over to intermediate symbols on the way.
    for esi in 20..2000 {
        encoder.write_symbol(esi, &mut plans, &mut symbol).unwrap();
        assert!(symbol[..] == library.repair(esi), "{esi}");
    }
}

/// Gives symbols to a decoder, all but the last of which cannot complete anything.
fn decode(block: Block, symbols: &[(u32, Vec<u8>)], plans: &mut PlanCache) -> Result<Received, SymbolError> {
    let mut decoder = Decoder::new(block, Coding::RaptorQ);
    let mut outcome = Ok(Received::New);
    for (esi, data) in symbols {
        assert_eq!(outcome, Ok(Received::New), "complete too early");
        outcome = decoder.receive(*esi, data, plans, &mut DecodeBudget::new(u64::MAX));
    }
    outcome
}

/// Compares the verdicts about a set of symbols, of which there are exactly K, and what comes out.
fn compare_decoding(object: &[u8], block: Block, symbols: &[(u32, Vec<u8>)], plans: &mut PlanCache) -> bool {
    let library = Library::decode(block, symbols.iter());
    let ours = decode(block, symbols, plans);
    let esis: Vec<u32> = symbols.iter().map(|(esi, _)| *esi).collect();
    match ok(ours) {
        Received::Complete(bytes) => {
            assert!(bytes == object, "K = {}, {esis:?}", block.k());
            assert!(library.is_some(), "K = {}, only the library fails with {esis:?}", block.k());
            true
        }
        _ => {
            assert!(library.is_none(), "K = {}, only the library succeeds with {esis:?}", block.k());
            false
        }
    }
}

/// K different symbols: `lost` of the source symbols are missing, and repair symbols from `pool` stand in.
fn set_of(
    encoder: &mut Encoder,
    lost: usize,
    pool: &mut dyn FnMut() -> u32,
    random: &mut Random,
) -> Vec<(u32, Vec<u8>)> {
    let k = u32::from(encoder.block().k());
    let mut esis: Vec<u32> = (0..k).collect();
    for _ in 0..lost {
        let at = random.below(u32::try_from(esis.len()).unwrap_or_default());
        esis.swap_remove(at as usize);
    }
    while esis.len() < k as usize {
        let esi = pool();
        if !esis.contains(&esi) {
            esis.push(esi);
        }
    }
    let mut plans = PlanCache::new(1);
    let mut made = vec![0; 256];
    let mut write = |esi| encoder.write_symbol(esi, &mut plans, &mut made).map(|()| made.clone());
    esis.into_iter().map(|esi| (esi, write(esi).unwrap_or_default())).collect()
}

#[test]
fn the_same_sets_are_decodable() {
    let mut random = Random(5);
    let mut plans = PlanCache::new(300);
    let (mut decoded, mut undecodable) = (0, 0);
    for round in 0..3000_u32 {
        let k = u16::try_from(1 + random.below(if round % 10 == 0 { 256 } else { 24 })).unwrap();
        let object = object(k, &mut random);
        let mut encoder = Encoder::new(&object, SymbolSize::MIN).unwrap();
        let lost = 1 + random.below(u32::from(k)) as usize;
        let mut others = Random(u64::from(round) + 99);
        let limit = if round % 2 == 0 { MAX_ESI - 300 } else { 300 };
        let symbols = set_of(&mut encoder, lost, &mut || u32::from(k) + others.below(limit), &mut random);
        let complete = compare_decoding(&object, encoder.block(), &symbols, &mut plans);
        *(if complete { &mut decoded } else { &mut undecodable }) += 1;
    }
    assert!(decoded > 2500 && undecodable > 5, "{decoded} and {undecodable}");
}

#[test]
fn dependent_sets_are_undecodable_either_way() {
    let mut random = Random(6);
    let mut plans = PlanCache::new(30);
    let mut undecodable = 0;
    for k in 4..12 {
        // Ids of repair symbols that are equal for two objects: they depend on each other. And some others.
        let (object, mut first) = (object(k, &mut random), PlanCache::new(1));
        let mut encoder = Encoder::new(&object, SymbolSize::MIN).unwrap();
        let mut symbol = |esi| {
            let mut out = vec![0; 256];
            encoder.write_symbol(esi, &mut first, &mut out).map(|()| out).unwrap_or_default()
        };
        let reference = symbol(u32::from(k));
        let mut pool: Vec<u32> = (u32::from(k)..30_000).filter(|esi| symbol(*esi) == reference).take(3).collect();
        pool.extend((0..12).map(|step| u32::from(k) + 77 * step));
        for _ in 0..60 {
            let mut others = Random(random.0 | 1);
            let mut pick =
                || pool.get(others.below(u32::try_from(pool.len()).unwrap_or(1)) as usize).copied().unwrap_or(0);
            let lost = 2 + random.below(2) as usize;
            let symbols = set_of(&mut encoder, lost, &mut pick, &mut random);
            undecodable += u32::from(!compare_decoding(&object, encoder.block(), &symbols, &mut plans));
        }
    }
    assert!(undecodable > 30, "{undecodable}");
}

#[test]
fn larger_k_decode_with_any_loss_and_every_kernel() {
    let mut random = Random(7);
    for (k, losses) in [(64, vec![1, 3, 13, 64]), (257, vec![1, 13, 60, 257]), (1024, vec![51, 205, 700])] {
        let object = object(k, &mut random);
        let mut encoder = Encoder::new(&object, SymbolSize::MIN).unwrap();
        for lost in losses {
            for kernel in Kernel::available() {
                let mut plans = PlanCache::new(1).with_kernel(kernel);
                let mut next = u32::from(k)..;
                // Two symbols more than needed: K alone may fail, which is another test's subject.
                let mut symbols = set_of(&mut encoder, lost, &mut || next.next().unwrap_or(0), &mut random);
                let mut extra = vec![0; 256];
                for esi in next.take(2) {
                    encoder.write_symbol(esi, &mut plans, &mut extra).unwrap();
                    symbols.push((esi, extra.clone()));
                }
                for _ in 0..2 {
                    let mut decoder = Decoder::new(encoder.block(), Coding::RaptorQ);
                    let mut restored = None;
                    for (esi, data) in &symbols {
                        let received = decoder.receive(*esi, data, &mut plans, &mut DecodeBudget::new(u64::MAX));
                        if let Received::Complete(bytes) = received.unwrap() {
                            restored = Some(bytes);
                            break;
                        }
                    }
                    assert!(restored.as_ref() == Some(&object), "K = {k}, {lost} lost, {}", kernel.name());
                }
            }
        }
    }
}

#[test]
fn a_budget_that_does_not_suffice_changes_nothing() {
    let mut random = Random(8);
    let object = object(64, &mut random);
    let mut encoder = Encoder::new(&object, SymbolSize::MIN).unwrap();
    let mut next = 64..;
    let symbols = set_of(&mut encoder, 4, &mut || next.next().unwrap_or(0), &mut random);
    let (last, others) = symbols.split_last().unwrap();
    let (mut decoder, mut plans) = (Decoder::new(encoder.block(), Coding::RaptorQ), PlanCache::new(1));
    let mut budget = DecodeBudget::new(100_000);
    for (esi, data) in others {
        assert_eq!(decoder.receive(*esi, data, &mut plans, &mut budget), Ok(Received::New));
    }
    let spent = budget.spent();
    assert!(spent < 10_000, "nothing was decoded: {spent}");
    for budget in [&mut DecodeBudget::new(1000), &mut DecodeBudget::UNLIMITED.with_memory(1000)] {
        let refused = decoder.receive(last.0, &last.1, &mut plans, budget).unwrap_err();
        assert_eq!(refused.reason().code(), "symbol.decode_budget");
        assert!(decoder.received() == 63 && decoder.symbol(last.0).is_none() && !decoder.is_finished());
        assert!(budget.spent() < 1000);
    }
    let mut enough = DecodeBudget::new(1_000_000);
    assert_eq!(decoder.receive(last.0, &last.1, &mut plans, &mut enough), Ok(Received::Complete(object)));
    assert!(enough.spent() > 60_000, "coefficients are paid for when they are made: {}", enough.spent());
}

#[test]
fn the_solver_is_used_only_where_the_budget_allows_for_its_worst() {
    let mut random = Random(9);
    let object = object(400, &mut random);
    let mut encoder = Encoder::new(&object, SymbolSize::MIN).unwrap();
    let mut next = 400..;
    let symbols = set_of(&mut encoder, 400, &mut || next.next().unwrap_or(0), &mut random);
    let spent = |budget: &mut DecodeBudget| {
        let (mut decoder, mut plans) = (Decoder::new(encoder.block(), Coding::RaptorQ), PlanCache::new(1));
        let outcomes: Vec<_> =
            symbols.iter().map(|(esi, data)| decoder.receive(*esi, data, &mut plans, budget)).collect();
        (outcomes.into_iter().next_back().unwrap(), budget.spent())
    };
    // Nothing is known of this K, and all source symbols are missing: the solver would be the faster way.
    let (generous, much) = spent(&mut DecodeBudget::new(100_000_000));
    let (tight, less) = spent(&mut DecodeBudget::new(much - 1));
    assert_eq!(generous, Ok(Received::Complete(object)));
    assert_eq!(generous, tight);
    assert!(less < much, "{less} of {much}");
    assert_eq!(spent(&mut DecodeBudget::new(less / 2)).0, Err(SymbolError::DecodeBudget));
}

#[test]
fn what_is_no_repair_symbol_is_not_written() {
    let mut plans = PlanCache::new(1);
    let mut encoder = Encoder::new(&[1; 2000], SymbolSize::MIN).unwrap();
    let mut out = [0; 512];
    for esis in [[8, 7], [8, MAX_ESI + 1], [u32::MAX, 8]] {
        assert_eq!(encoder.write_repair(&esis, &mut plans, &mut out), Err(SymbolError::Esi));
    }
    assert_eq!(encoder.write_repair(&[8], &mut plans, &mut out), Err(SymbolError::WrongLength));
    assert_eq!(encoder.write_repair(&[], &mut plans, &mut []), Ok(()));
    assert!(plans.is_empty() && out == [0; 512]);
    let mut raw = Encoder::with_coding(&[1; 2000], SymbolSize::MIN, Coding::Raw).unwrap();
    assert_eq!(raw.write_repair(&[8], &mut plans, &mut out[..256]), Err(SymbolError::Esi));
}
