//! Everything that came for an object, by source: enough to do without any one of them.
//!
//! [`Reassembly`](crate::reassembly::Reassembly) takes sources apart when what they sent together is not the object, but
//! in a mesh that spreads its objects no node holds enough of one to make it alone (§3.6). So with one faulty source
//! among them (f = 1, D61), the rest is tried without each of them in turn.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use fcp_core::id::NodeId;

use crate::raptor::{DecodeBudget, Decoder, Encoder, PlanCache, Received, SymbolError};
use crate::reassembly::ContextKey;

/// The most symbols of one source: those of the largest answer, and what was stored before (D134).
const MAX_SYMBOLS: usize = 4096;
/// The most source symbols of an object, as for reassembly: symbols that were chosen for it take time (D208).
const MAX_K: u16 = 2048;
/// What all trials without a source may cost together, in units of about a nanosecond.
const MAX_WORK: u64 = 4_000_000_000;

/// What one source gave.
#[derive(Debug)]
struct Given {
    /// In which shape: the first that it came with.
    key: ContextKey,
    symbols: BTreeMap<u32, Box<[u8]>>,
}

/// The symbols of one object.
#[derive(Debug, Default)]
pub(super) struct Pool {
    sources: BTreeMap<NodeId, Given>,
    bytes: usize,
    /// Whether anything came since the last trial.
    fresh: bool,
}

impl Pool {
    /// Keeps a symbol if it costs no more than `room`; false if nothing new came of it.
    pub(super) fn keep(&mut self, key: &ContextKey, source: &NodeId, esi: u32, data: &[u8], room: usize) -> bool {
        if key.block.k() > MAX_K || data.len() != key.block.symbol_size().as_usize() || data.len() > room {
            return false;
        }
        if !self.sources.contains_key(source) {
            self.sources.insert(source.clone(), Given { key: *key, symbols: BTreeMap::new() });
        }
        let Some(given) = self.sources.get_mut(source) else { return false };
        if given.key != *key || given.symbols.len() >= MAX_SYMBOLS || given.symbols.contains_key(&esi) {
            return false;
        }
        given.symbols.insert(esi, data.into());
        self.bytes = self.bytes.saturating_add(data.len());
        self.fresh = true;
        true
    }

    /// How many bytes it holds.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The shape of which the most different symbols came.
    pub(super) fn best(&self) -> Option<ContextKey> {
        let keys = self.keys();
        if keys.len() <= 1 {
            return keys.first().copied();
        }
        keys.into_iter().max_by_key(|key| self.different(key))
    }

    /// Whether a symbol of this number came in this shape, from whomever.
    pub(super) fn has(&self, key: &ContextKey, esi: u32) -> bool {
        self.of(key).any(|(_, given)| given.symbols.contains_key(&esi))
    }

    /// Makes the object without one of its sources, whichever that is: gives the first outcome that `open` takes.
    ///
    /// Nothing is tried unless something came since the last time.
    pub(super) fn decode_without_one<T>(&mut self, mut open: impl FnMut(&[u8]) -> Option<T>) -> Option<T> {
        if !core::mem::take(&mut self.fresh) {
            return None;
        }
        let (mut plans, mut budget) = (PlanCache::new(1), DecodeBudget::new(MAX_WORK));
        for key in self.keys() {
            if self.different(&key) < usize::from(key.block.k()) {
                continue;
            }
            for (left_out, _) in self.of(&key) {
                if let Some(found) = self.decode(&key, left_out, &mut plans, &mut budget).and_then(|bytes| open(&bytes))
                {
                    return Some(found);
                }
            }
        }
        None
    }

    /// Who gave symbols that are not those of the object with these canonical bytes.
    pub(super) fn wrong_sources(&self, canonical: &[u8]) -> Vec<NodeId> {
        let mut plans = PlanCache::new(1);
        let mut wrong = Vec::new();
        let mut encoders = BTreeMap::new();
        for (source, given) in &self.sources {
            let (size, coding) = (given.key.block.symbol_size(), given.key.coding);
            let made = || Encoder::with_coding(canonical, size, coding).ok();
            let Some(encoder) = encoders.entry((size, coding)).or_insert_with(made) else { continue };
            let same_shape = encoder.block() == given.key.block;
            let mut right = vec![0; size.as_usize()];
            let mut is_right =
                |esi: u32, data: &[u8]| encoder.write_symbol(esi, &mut plans, &mut right).is_err() || *right == *data;
            if !same_shape || !given.symbols.iter().all(|(esi, data)| is_right(*esi, data)) {
                wrong.push(source.clone());
            }
        }
        wrong
    }

    fn keys(&self) -> BTreeSet<ContextKey> {
        self.sources.values().map(|given| given.key).collect()
    }

    /// The sources of one shape.
    fn of<'a>(&'a self, key: &ContextKey) -> impl Iterator<Item = (&'a NodeId, &'a Given)> {
        let key = *key;
        self.sources.iter().filter(move |(_, given)| given.key == key)
    }

    fn different(&self, key: &ContextKey) -> usize {
        let esis: BTreeSet<u32> = self.of(key).flat_map(|(_, given)| given.symbols.keys().copied()).collect();
        esis.len()
    }

    fn decode(
        &self,
        key: &ContextKey,
        left_out: &NodeId,
        plans: &mut PlanCache,
        budget: &mut DecodeBudget,
    ) -> Option<Vec<u8>> {
        let mut decoder = Decoder::new(key.block, key.coding);
        for (_, given) in self.of(key).filter(|(source, _)| *source != left_out) {
            for (esi, data) in &given.symbols {
                match decoder.receive(*esi, data, plans, budget) {
                    Ok(Received::Complete(bytes)) => return Some(bytes),
                    Ok(_) | Err(SymbolError::Conflict | SymbolError::Esi | SymbolError::WrongLength) => {}
                    Err(_) => return None,
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use fcp_core::id::{NodeId, ObjectId};

    use super::Pool;
    use crate::raptor::{Block, Coding, Encoder, PlanCache, SymbolSize};
    use crate::reassembly::ContextKey;

    fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    fn object() -> Vec<u8> {
        (0..20_000_u32).map(|index| u8::try_from(index % 251).unwrap()).collect()
    }

    /// Puts 120 symbols, of which 79 are needed, into a pool: 30 from each of four sources, of which some are faulty.
    fn filled(faulty: &[&str]) -> (Pool, ContextKey) {
        let (mut encoder, mut plans) = (Encoder::new(&object(), SymbolSize::MIN).unwrap(), PlanCache::new(1));
        let block = encoder.block();
        let key = ContextKey { object_id: ObjectId::from_bytes([1; 32]), block, coding: Coding::RaptorQ };
        assert_eq!(block.k(), 79);
        let mut pool = Pool::default();
        let mut esis = 0..120;
        for name in ["nA", "nB", "nC", "nD"] {
            for esi in esis.by_ref().take(30) {
                let mut data = vec![0; 256];
                encoder.write_symbol(esi, &mut plans, &mut data).unwrap();
                if faulty.contains(&name) {
                    data.fill(0xee);
                }
                assert!(pool.keep(&key, &node(name), esi, &data, usize::MAX));
            }
        }
        (pool, key)
    }

    fn open(bytes: &[u8]) -> Option<()> {
        (bytes == object()).then_some(())
    }

    #[test]
    fn any_one_source_may_be_faulty() {
        for name in ["nA", "nB", "nC", "nD"] {
            let (mut pool, _) = filled(&[name]);
            assert_eq!(pool.decode_without_one(open), Some(()), "{name}");
            assert_eq!(pool.wrong_sources(&object()), [node(name)]);
        }
        let (mut pool, _) = filled(&["nA", "nB"]);
        assert_eq!(pool.decode_without_one(open), None);
    }

    #[test]
    fn a_source_with_another_shape_is_in_nobodys_way() {
        let (mut pool, key) = filled(&[]);
        let block = Block::new(1, SymbolSize::MIN).unwrap();
        assert!(pool.keep(&ContextKey { block, ..key }, &node("nE"), 0, &[9; 256], 256));
        assert_eq!(pool.best(), Some(key));
        assert_eq!(pool.decode_without_one(open), Some(()));
        assert_eq!(pool.wrong_sources(&object()), [node("nE")]);
    }

    #[test]
    fn nothing_is_kept_twice_beyond_the_room_or_tried_again_without_news() {
        let (mut pool, key) = filled(&["nA", "nB"]);
        assert_eq!(pool.bytes(), 120 * 256);
        assert!(!pool.keep(&key, &node("nC"), u32::from(key.block.k()), &[1; 256], usize::MAX));
        assert!(!pool.keep(&key, &node("nC"), 5000, &[1; 256], 255));
        assert_eq!(pool.decode_without_one(open), None);
        let mut tried = false;
        pool.decode_without_one(|_| {
            tried = true;
            Some(())
        });
        assert!(!tried);
        let other = ContextKey { block: Block::new(9, SymbolSize::MIN).unwrap(), ..key };
        assert!(!pool.keep(&other, &node("nC"), 0, &[1; 256], usize::MAX));
    }
}
