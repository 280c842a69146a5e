//! RaptorQ from the outside: known answers, any sufficient set of symbols, and hostile symbols.

#![expect(clippy::arithmetic_side_effects, reason = "test arithmetic is on small numbers")]

use fcp_symbols::raptor::{
    Block, Coding, DecodeBudget, Decoder, Encoder, MAX_ESI, PlanCache, Received, SymbolError, SymbolSize,
};
use hex_literal::hex;
use proptest::prelude::*;

/// The payload of the known answers.
fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from((at * at / 3 + at) % 251).unwrap_or_default()).collect()
}

fn symbol(encoder: &mut Encoder, plans: &mut PlanCache, esi: u32) -> Vec<u8> {
    let mut out = vec![0; encoder.block().symbol_size().as_usize()];
    encoder.write_symbol(esi, plans, &mut out).map(|()| out).unwrap_or_default()
}

/// Gives a decoder a symbol with nothing prepared and no limit.
fn receive(decoder: &mut Decoder, esi: u32, data: &[u8]) -> Result<Received, SymbolError> {
    decoder.receive(esi, data, &mut PlanCache::new(0), &mut DecodeBudget::new(u64::MAX))
}

// The expected bytes come from an RFC 6330 encoder written from the RFC's text in Python: constraint matrix by
// multiplication of MT and GAMMA, plain Gaussian elimination. Source = u64 LE length ‖ payload ‖ zeros, T = 256.
#[test]
fn known_answers() {
    let mut plans = PlanCache::new(4);
    let mut encoder = Encoder::new(&payload(2000), SymbolSize::MIN).unwrap();
    assert_eq!(encoder.block().k(), 8);
    assert_eq!(
        symbol(&mut encoder, &mut plans, 8),
        hex!(
            "ba8c94f005e8731ccae248541052907d6fba4394ffc75bd80de91ad5c78689545e8cbae2c3b9ce1fc42c6fb40942d3ac"
            "9c93cf4bbd1ad8c494285556da93217ba90079259aaa933e0142a9e487a6e74e92363140d034e625ee879b307256d829"
            "006ebef9a13bd4cb3ea6a59cdf850f57049124ac6a290e433d398a205d2588f5c9b9588dca17fd20b1084c9638aa9d1a"
            "4166ea25d07175a9fac875abbd9be1cf10df48126a976265b9224e31acbc4905c6947a7a409ef1c187863b31935fe77d"
            "1f68ac89bd3cd4c2c7d7aa16a15e169ee1e7e8097cf80dac6343933bcd2569ca9a1be22a90d4b0b73d5700145ef2f5c0"
            "0fc0e1854df3a5b866dbbafb49f3c1eb"
        )
    );
    for (len, k, esi, expected) in [
        (2000, 8, 9, hex!("f881b38d29e93f4f0ebf792645904e36")),
        (2000, 8, 15, hex!("33bcfef2d14fa32b6c159f8dfa4324f1")),
        (2000, 8, 65_536, hex!("bc3773f1a71ce34e0705914dfb8e550e")),
        (2000, 8, MAX_ESI, hex!("dc6b14bb76fd6305332e3b34db504b31")),
        (4321, 17, 17, hex!("a7be77a75428c629607eeb4140e827d8")),
        (4321, 17, 24, hex!("d0acff81d0d76b6e594f0ad100ae5b93")),
        (4321, 17, MAX_ESI, hex!("eb5e657fd37f83f1344e5adf1c3e7b38")),
        (26_000, 102, 102, hex!("890fcde1a2608ca0547aa73237b2233c")),
        (26_000, 102, 109, hex!("db1d41b445306aed045694966286d4e0")),
        (26_000, 102, 65_536, hex!("1fc8ae7a808e75a74802d7e8e1941b57")),
        (26_000, 102, MAX_ESI, hex!("6223611376765f97b97d026e573718d0")),
    ] {
        let mut encoder = Encoder::new(&payload(len), SymbolSize::MIN).unwrap();
        assert_eq!(encoder.block().k(), k);
        assert_eq!(symbol(&mut encoder, &mut plans, esi)[..16], expected, "K = {k}, ESI {esi}");
    }
}

#[test]
fn source_symbols_are_the_framed_bytes() {
    let bytes = payload(600);
    let mut encoder = Encoder::new(&bytes, SymbolSize::MIN).unwrap();
    let mut framed = 600_u64.to_le_bytes().to_vec();
    framed.extend_from_slice(&bytes);
    framed.resize(3 * 256, 0);
    assert_eq!(encoder.source_symbols().collect::<Vec<_>>().concat(), framed);
    assert_eq!(encoder.source_symbol(2), Some(&framed[512..]));
    assert_eq!(encoder.source_symbol(3), None);
    assert_eq!(symbol(&mut encoder, &mut PlanCache::new(0), 1), framed[256..512]);
}

#[test]
fn an_empty_object_is_one_symbol() {
    let encoder = Encoder::new(&[], SymbolSize::DEFAULT).unwrap();
    let mut decoder = Decoder::new(encoder.block(), Coding::RaptorQ);
    assert_eq!(receive(&mut decoder, 0, encoder.source_symbol(0).unwrap()), Ok(Received::Complete(Vec::new())));
}

#[test]
fn raw_needs_every_source_symbol_and_has_no_other() {
    let bytes = payload(1000);
    let mut encoder = Encoder::with_coding(&bytes, SymbolSize::MIN, Coding::Raw).unwrap();
    let (block, mut plans) = (encoder.block(), PlanCache::new(1));
    assert_eq!(encoder.write_symbol(4, &mut plans, &mut [0; 256]), Err(SymbolError::Esi));
    let mut decoder = Decoder::new(block, Coding::Raw);
    for esi in [3, 1, 0] {
        assert_eq!(receive(&mut decoder, esi, &symbol(&mut encoder, &mut plans, esi)), Ok(Received::New));
    }
    assert_eq!(decoder.missing_sources().collect::<Vec<_>>(), [2]);
    assert_eq!(receive(&mut decoder, 4, &[0; 256]), Err(SymbolError::Esi));
    assert_eq!(receive(&mut decoder, 2, &symbol(&mut encoder, &mut plans, 2)), Ok(Received::Complete(bytes)));
    assert!(plans.is_empty(), "no plan was needed");
}

#[test]
fn what_is_not_of_the_block_is_refused() {
    let mut encoder = Encoder::new(&payload(1000), SymbolSize::MIN).unwrap();
    let mut plans = PlanCache::new(1);
    assert_eq!(encoder.write_symbol(0, &mut plans, &mut [0; 255]), Err(SymbolError::WrongLength));
    assert_eq!(encoder.write_symbol(MAX_ESI + 1, &mut plans, &mut [0; 256]), Err(SymbolError::Esi));
    assert_eq!(encoder.write_symbol(u32::MAX, &mut plans, &mut [0; 256]), Err(SymbolError::Esi));

    let mut decoder = Decoder::new(encoder.block(), Coding::RaptorQ);
    assert_eq!(receive(&mut decoder, MAX_ESI + 1, &[0; 256]), Err(SymbolError::Esi));
    assert_eq!(receive(&mut decoder, 0, &[0; 257]), Err(SymbolError::WrongLength));
    assert_eq!(receive(&mut decoder, 0, &[]), Err(SymbolError::WrongLength));
    assert_eq!(decoder.received(), 0);
}

#[test]
fn duplicates_are_ignored_and_conflicts_reported() {
    let bytes = payload(500);
    let mut encoder = Encoder::new(&bytes, SymbolSize::MIN).unwrap();
    let mut plans = PlanCache::new(1);
    let mut decoder = Decoder::new(encoder.block(), Coding::RaptorQ);
    let first = symbol(&mut encoder, &mut plans, 0);
    assert_eq!(receive(&mut decoder, 0, &first), Ok(Received::New));
    assert_eq!(receive(&mut decoder, 0, &first), Ok(Received::Ignored));
    assert_eq!(receive(&mut decoder, 0, &[9; 256]), Err(SymbolError::Conflict));
    assert_eq!(decoder.received(), 1);
    assert_eq!(decoder.symbol(0), Some(&first[..]), "the first stays");
    assert_eq!(receive(&mut decoder, 1, &symbol(&mut encoder, &mut plans, 1)), Ok(Received::Complete(bytes)));
    assert!(decoder.is_finished());
    assert_eq!(receive(&mut decoder, 7, &symbol(&mut encoder, &mut plans, 7)), Ok(Received::Ignored));
}

#[test]
fn bytes_that_no_encoder_frames_are_refused() {
    let block = Block::new(2, SymbolSize::MIN).unwrap();
    let source = |length: u64, last: u8| {
        let mut source = length.to_le_bytes().to_vec();
        source.resize(512, 0);
        source[511] = last;
        source
    };
    for (source, expected) in [
        (source(400, 0), Ok(Received::Complete(vec![0; 400]))),
        (source(400, 1), Err(SymbolError::Padding)),
        (source(248, 0), Err(SymbolError::Length)),
        (source(505, 0), Err(SymbolError::Length)),
        (source(u64::MAX, 0), Err(SymbolError::Length)),
    ] {
        let mut decoder = Decoder::new(block, Coding::RaptorQ);
        assert_eq!(receive(&mut decoder, 1, &source[256..]), Ok(Received::New));
        assert_eq!(receive(&mut decoder, 0, &source[..256]), expected);
        assert!(decoder.is_finished());
    }
}

/// Repair symbols of these ids of K = 4 all add up the same intermediate symbols.
#[test]
fn dependent_symbols_are_given_up() {
    let mut plans = PlanCache::new(1);
    let mut encoder = Encoder::new(&payload(1000), SymbolSize::MIN).unwrap();
    assert_eq!(encoder.block().k(), 4);
    // Find ids whose symbol equals that of another one for different payloads: they depend on each other.
    let mut other = Encoder::new(&payload(1001)[1..], SymbolSize::MIN).unwrap();
    let mut same = Vec::new();
    let reference = (symbol(&mut encoder, &mut plans, 4), symbol(&mut other, &mut plans, 4));
    for esi in 4..100_000 {
        if (symbol(&mut encoder, &mut plans, esi), symbol(&mut other, &mut plans, esi)) == reference {
            same.push(esi);
        }
    }
    assert!(same.len() > 8, "{}", same.len());
    let mut decoder = Decoder::new(encoder.block(), Coding::RaptorQ);
    let outcomes: Vec<_> = same.iter().take(8).map(|esi| receive(&mut decoder, *esi, &reference.0)).collect();
    assert_eq!(outcomes.iter().position(Result::is_err), Some(6), "tried at 4 and at 3 further ones");
    assert_eq!(outcomes[6], Err(SymbolError::Undecodable));
    assert_eq!(outcomes[7], Ok(Received::Ignored));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any K + 3 distinct symbols restore the object but for one case in millions; K or K + 1 nearly always do.
    #[test]
    fn any_sufficient_set_restores(
        len in 0_usize..20_000,
        size in prop::sample::select(vec![256_u16, 264, 1024, 4096]),
        mut esis in prop::collection::btree_set(0..=MAX_ESI, 100).prop_map(|set| set.into_iter().collect::<Vec<_>>()).prop_shuffle(),
        low in any::<bool>(),
    ) {
        let bytes = payload(len);
        let mut plans = PlanCache::new(1);
        let mut encoder = Encoder::new(&bytes, SymbolSize::new(size).unwrap()).unwrap();
        let k = u32::from(encoder.block().k());
        if low {
            // Among the first 2·K ids, so that source symbols occur.
            for esi in &mut esis { *esi %= 2 * k + 4; }
        }
        let mut decoder = Decoder::new(encoder.block(), Coding::RaptorQ);
        let mut restored = None;
        for esi in esis {
            if let Received::Complete(object) = receive(&mut decoder, esi, &symbol(&mut encoder, &mut plans, esi)).unwrap() {
                restored = Some(object);
                break;
            }
        }
        match restored {
            Some(object) => prop_assert_eq!(object, bytes),
            None => prop_assert!((decoder.received() as u32) < k + 3, "{} of {}", decoder.received(), k),
        }
    }

    /// Whatever arrives, nothing panics and memory stays bounded.
    #[test]
    fn hostile_symbols_never_panic(
        k in 1_u16..40,
        raw in any::<bool>(),
        symbols in prop::collection::vec((prop_oneof![0_u32..60, any::<u32>(), 0..=MAX_ESI], any::<u8>(), prop_oneof![Just(256_usize), 0_usize..300]), 0..80),
    ) {
        let coding = if raw { Coding::Raw } else { Coding::RaptorQ };
        let mut decoder = Decoder::new(Block::new(k, SymbolSize::MIN).unwrap(), coding);
        for (esi, fill, len) in symbols {
            let _ = receive(&mut decoder, esi, &vec![fill; len]);
            prop_assert!(decoder.received() <= usize::from(k) + 3);
        }
    }
}
