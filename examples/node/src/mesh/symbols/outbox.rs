//! Symbols that wait to be sent: a bounded queue for each peer, served in turn.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;

use fcp_core::id::{NodeId, ObjectId, ZoneId};
use fcp_symbols::fcps::FrameFlags;
use fcp_symbols::raptor::Block;

/// The most bytes that wait for one peer: twice the largest answer (D134).
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// A symbol that waits to be sent.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    pub(super) zone: ZoneId,
    pub(super) object: ObjectId,
    pub(super) esi: u32,
    pub(super) block: Block,
    pub(super) flags: FrameFlags,
    pub(super) data: Vec<u8>,
}

impl Outgoing {
    const fn key(&self) -> Key {
        (self.object, self.block, self.esi)
    }
}

/// What makes a symbol the same as another one.
type Key = (ObjectId, Block, u32);

/// What waits for one peer.
#[derive(Debug, Default)]
struct Queue {
    symbols: VecDeque<Outgoing>,
    waiting: BTreeSet<Key>,
    bytes: usize,
}

/// What became of a symbol that was to be queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queued {
    /// It waits.
    Taken,
    /// It waited already.
    Known,
    /// The peer's queue is full.
    Full,
}

/// The queues of all peers.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queues: BTreeMap<NodeId, Queue>,
    /// Who was served last.
    last: Option<NodeId>,
}

impl Outbox {
    /// Queues a symbol for a peer, unless it waits already or there is no room.
    pub(super) fn push(&mut self, peer: &NodeId, symbol: Outgoing) -> Queued {
        if !self.queues.contains_key(peer) {
            self.queues.insert(peer.clone(), Queue::default());
        }
        let Some(queue) = self.queues.get_mut(peer) else { return Queued::Full };
        if queue.waiting.contains(&symbol.key()) {
            return Queued::Known;
        }
        let bytes = queue.bytes.saturating_add(symbol.data.len());
        if bytes > MAX_BYTES {
            return Queued::Full;
        }
        queue.bytes = bytes;
        queue.waiting.insert(symbol.key());
        queue.symbols.push_back(symbol);
        Queued::Taken
    }

    /// The next symbol to send: peers have their turns one after the other.
    pub(super) fn pop(&mut self) -> Option<(NodeId, Outgoing)> {
        let after = self.last.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
        let next =
            self.queues.range::<NodeId, _>((after, Bound::Unbounded)).next().or_else(|| self.queues.iter().next());
        let peer = next.map(|(peer, _)| peer.clone())?;
        let queue = self.queues.get_mut(&peer)?;
        let symbol = queue.symbols.pop_front();
        if let Some(symbol) = &symbol {
            queue.waiting.remove(&symbol.key());
            queue.bytes = queue.bytes.saturating_sub(symbol.data.len());
        }
        if queue.symbols.is_empty() {
            self.queues.remove(&peer);
        }
        self.last = Some(peer.clone());
        symbol.map(|symbol| (peer, symbol))
    }

    /// Forgets what waits for a peer, and tells how many symbols that were.
    pub(super) fn clear(&mut self, peer: &NodeId) -> usize {
        self.queues.remove(peer).map_or(0, |queue| queue.symbols.len())
    }

    /// How many bytes wait for a peer.
    pub(super) fn bytes(&self, peer: &NodeId) -> usize {
        self.queues.get(peer).map_or(0, |queue| queue.bytes)
    }

    /// How many more bytes may wait for a peer.
    pub(super) fn room(&self, peer: &NodeId) -> usize {
        MAX_BYTES.saturating_sub(self.bytes(peer))
    }

    /// How many symbols wait in all.
    pub(super) fn len(&self) -> usize {
        self.queues.values().map(|queue| queue.symbols.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{NodeId, ObjectId, ZoneId};
    use fcp_symbols::fcps::FrameFlags;
    use fcp_symbols::raptor::{Block, SymbolSize};

    use super::{MAX_BYTES, Outbox, Outgoing, Queued};

    fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    fn symbol(esi: u32) -> Outgoing {
        Outgoing {
            zone: ZoneId::private(),
            object: ObjectId::from_bytes([1; 32]),
            esi,
            block: Block::new(8, SymbolSize::MAX).unwrap(),
            flags: FrameFlags::ENCRYPTED,
            data: vec![0; SymbolSize::MAX.as_usize()],
        }
    }

    #[test]
    fn a_symbol_waits_once_for_a_peer() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.push(&node("nA"), symbol(1)), Queued::Taken);
        assert_eq!(outbox.push(&node("nA"), symbol(1)), Queued::Known);
        assert_eq!(outbox.push(&node("nB"), symbol(1)), Queued::Taken);
        assert_eq!(outbox.len(), 2);
        assert_eq!(outbox.pop().unwrap().0, node("nA"));
        // What was sent may be asked for again.
        assert_eq!(outbox.push(&node("nA"), symbol(1)), Queued::Taken);
    }

    #[test]
    fn no_peer_fills_more_than_its_queue() {
        let mut outbox = Outbox::default();
        let taken = (0..1000).filter(|esi| outbox.push(&node("nA"), symbol(*esi)) == Queued::Taken).count();
        assert_eq!(taken, MAX_BYTES / SymbolSize::MAX.as_usize());
        assert_eq!(outbox.room(&node("nA")), 0);
        assert_eq!(outbox.push(&node("nA"), symbol(1000)), Queued::Full);
        assert_eq!(outbox.push(&node("nB"), symbol(1000)), Queued::Taken);
        outbox.pop().unwrap();
        assert_eq!(outbox.push(&node("nA"), symbol(1000)), Queued::Taken);
        assert_eq!(outbox.clear(&node("nA")), taken);
        assert_eq!((outbox.bytes(&node("nA")), outbox.len()), (0, 1));
    }

    #[test]
    fn peers_take_turns_and_each_queue_keeps_its_order() {
        let mut outbox = Outbox::default();
        for esi in 0..3 {
            outbox.push(&node("nA"), symbol(esi));
        }
        outbox.push(&node("nB"), symbol(9));
        let order: Vec<_> = std::iter::from_fn(|| outbox.pop()).map(|(peer, symbol)| (peer, symbol.esi)).collect();
        assert_eq!(order, [(node("nA"), 0), (node("nB"), 9), (node("nA"), 1), (node("nA"), 2)]);
        assert_eq!(outbox.len(), 0);
    }
}
