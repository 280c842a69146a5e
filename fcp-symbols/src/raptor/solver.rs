//! The only place that calls the coding library: plans, repair symbols and solving.
//!
//! The library asserts its preconditions. Everything that reaches it from here meets them: K and the symbol size come
//! as a [`Block`], symbols have its length, and [`is_reachable`] holds for every id.

use alloc::vec::Vec;

use raptorq::{
    EncodingPacket, ObjectTransmissionInformation, PayloadId, SourceBlockDecoder, SourceBlockEncoder,
    SourceBlockEncodingPlan,
};

use super::{Block, MAX_ESI};

/// The alignment of symbols, Al (D59).
const ALIGNMENT: u8 = 8;

/// How to make the intermediate symbols of one K, whatever the bytes and the symbol size.
pub(super) struct Plan(SourceBlockEncodingPlan);

impl Plan {
    /// Solves the constraint matrix of K once.
    pub(super) fn new(k: u16) -> Self {
        Self(SourceBlockEncodingPlan::generate(k))
    }

    /// About how much memory that of `k` takes: the library makes room for 70 operations an intermediate symbol.
    pub(super) fn bytes(k: u16) -> usize {
        let len = usize::from(k);
        len.saturating_add(len.div_euclid(16)).saturating_add(32).saturating_mul(1800)
    }
}

/// The intermediate symbols of one source, from which every repair symbol follows.
#[derive(Debug)]
pub(super) struct Intermediate {
    k: u16,
    encoder: SourceBlockEncoder,
}

impl Intermediate {
    /// Those of `source`, which is K·T bytes long; `plan` is of the same K.
    pub(super) fn new(source: &[u8], block: Block, plan: &Plan) -> Self {
        let encoder = SourceBlockEncoder::with_encoding_plan(0, &information(block), source, &plan.0);
        Self { k: block.k(), encoder }
    }

    /// Those of `units`, which are K source symbols of K bytes; `plan` is of the same K.
    pub(super) fn of_units(k: u16, units: &[u8], plan: &Plan) -> Self {
        // Nobody sends these, so that they need no alignment.
        let information = ObjectTransmissionInformation::new(units.len() as u64, k, 1, 1, 1);
        Self { k, encoder: SourceBlockEncoder::with_encoding_plan(0, &information, units, &plan.0) }
    }

    /// The repair symbol `esi` ≥ K, which [`is_reachable`].
    pub(super) fn repair(&self, esi: u32) -> Option<Vec<u8>> {
        let index = esi.checked_sub(u32::from(self.k))?;
        self.encoder.repair_packets(index, 1).pop().map(|packet| packet.split().1)
    }
}

/// All source symbols in order, from at least K distinct symbols; nothing if they do not determine them.
pub(super) fn solve<'a>(block: Block, symbols: impl Iterator<Item = (u32, &'a [u8])>) -> Option<Vec<u8>> {
    let packets = symbols.map(|(esi, data)| EncodingPacket::new(PayloadId::new(0, esi), data.to_vec()));
    SourceBlockDecoder::new(0, &information(block), block.source_len() as u64).decode(packets)
}

/// Whether the library has a symbol of this id, however it was compiled.
///
/// Its generator adds up to 2 to a 32-bit word that follows from (K, ESI). For two of all pairs the sum passes 2^32,
/// which RFC 6330 lets wrap and a build with overflow checks does not: those two are never sent, and not needed.
pub(super) fn is_reachable(block: Block, esi: u32) -> bool {
    // By K', the padded K of RFC 6330, which these ranges of K share: ESI + (K' − K) is one certain number.
    let excluded = match block.k() {
        k @ 978..=989 => Some((989_u32, u32::from(k), 3_158_229_u32)),
        k @ 2153..=2195 => Some((2195, u32::from(k), 8_192_877)),
        _ => None,
    };
    esi <= MAX_ESI && excluded.is_none_or(|(padded, k, symbol)| esi.saturating_add(padded).saturating_sub(k) != symbol)
}

fn information(block: Block) -> ObjectTransmissionInformation {
    ObjectTransmissionInformation::new(block.source_len() as u64, block.symbol_size().get(), 1, 1, ALIGNMENT)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::{Intermediate, Plan, is_reachable};
    use crate::raptor::{Block, MAX_ESI, SymbolSize};

    /// K', J(K') and the internal symbol id, for the two pairs whose word passes 2^32 − 3 (RFC 6330 §5.6): found by
    /// solving `y = B + X·A` of §5.3.5.4 for X, over all K' of the table.
    const EXCLUDED: [(u16, u64, u32); 2] = [(989, 691, 3_158_229), (2195, 858, 8_192_877)];

    #[test]
    fn the_excluded_ids_are_those_that_overflow() {
        for (padded, index, internal) in EXCLUDED {
            let a = (53_591 + index.checked_mul(997).unwrap()) | 1;
            let b = 10_267_u64.checked_mul(index + 1).unwrap();
            let word = (b + a.checked_mul(u64::from(internal)).unwrap()) & 0xffff_ffff;
            assert!(u32::try_from(word).unwrap().checked_add(2).is_none());
            for below in [0, 3] {
                let block = Block::new(padded - below, SymbolSize::MIN).unwrap();
                let esi = internal - u32::from(below);
                assert!(!is_reachable(block, esi));
                assert!(is_reachable(block, esi - 1) && is_reachable(block, esi + 1));
            }
        }
    }

    #[test]
    fn every_other_id_near_them_and_at_the_ends_is_made() {
        let block = Block::new(989, SymbolSize::MIN).unwrap();
        let source = vec![1; block.source_len()];
        let intermediate = Intermediate::new(&source, block, &Plan::new(989));
        for esi in [989, 3_158_228, 3_158_230, MAX_ESI] {
            assert_eq!(intermediate.repair(esi).unwrap().len(), 256);
        }
        assert!(intermediate.repair(988).is_none());
        assert!(!is_reachable(block, MAX_ESI + 1));
    }
}
