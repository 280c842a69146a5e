//! Answers that may go on.

use alloc::collections::BTreeMap;

use fcp_core::id::{NodeId, ObjectId};

/// What is left of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Delivery {
    /// The ESI to go on with.
    pub(super) next: u32,
    /// How many symbols go out at once.
    pub(super) step: u32,
    /// How many more may go out.
    pub(super) left: u32,
}

/// The answers to all peers, a bounded number. Whoever has too many loses its own oldest; only a newcomer to a full table
/// takes the place of the oldest of all. What is forgotten begins again with its first symbol.
#[derive(Debug)]
pub(super) struct Deliveries {
    peers: BTreeMap<NodeId, Peer>,
    /// Which answer is how old.
    ages: BTreeMap<u64, (NodeId, ObjectId)>,
    clock: u64,
    max_per_peer: usize,
    max: usize,
}

#[derive(Debug, Default)]
struct Peer {
    objects: BTreeMap<ObjectId, (u64, Delivery)>,
    ages: BTreeMap<u64, ObjectId>,
}

impl Deliveries {
    pub(super) const fn new(max_per_peer: usize, max: usize) -> Self {
        Self { peers: BTreeMap::new(), ages: BTreeMap::new(), clock: 0, max_per_peer, max }
    }

    pub(super) fn len(&self) -> usize {
        self.ages.len()
    }

    pub(super) fn get(&self, peer: &NodeId, object: ObjectId) -> Option<Delivery> {
        self.peers.get(peer)?.objects.get(&object).map(|(_, delivery)| *delivery)
    }

    pub(super) fn put(&mut self, peer: &NodeId, object: ObjectId, delivery: Delivery) {
        self.remove(peer, object);
        let own = self.peers.get(peer);
        let oldest = own.and_then(|own| own.ages.first_key_value()).map(|(_, object)| (peer.clone(), *object));
        if own.is_some_and(|own| own.objects.len() >= self.max_per_peer) || self.len() >= self.max {
            let replaced = oldest.or_else(|| self.ages.first_key_value().map(|(_, key)| key.clone()));
            if let Some((peer, object)) = replaced {
                self.remove(&peer, object);
            }
        }
        if self.len() >= self.max || self.max_per_peer == 0 {
            return;
        }
        self.clock = self.clock.saturating_add(1);
        let own = self.peers.entry(peer.clone()).or_default();
        own.objects.insert(object, (self.clock, delivery));
        own.ages.insert(self.clock, object);
        self.ages.insert(self.clock, (peer.clone(), object));
    }

    pub(super) fn remove(&mut self, peer: &NodeId, object: ObjectId) {
        let Some(own) = self.peers.get_mut(peer) else { return };
        let Some((age, _)) = own.objects.remove(&object) else { return };
        own.ages.remove(&age);
        if own.objects.is_empty() {
            self.peers.remove(peer);
        }
        self.ages.remove(&age);
    }
}

#[cfg(test)]
mod tests {
    use super::{Deliveries, Delivery};
    use fcp_core::id::{NodeId, ObjectId};

    #[test]
    fn whoever_has_too_many_loses_its_own() {
        let (anna, ben) = (NodeId::new("anna").unwrap(), NodeId::new("ben").unwrap());
        let object = |byte| ObjectId::from_bytes([byte; 32]);
        let delivery = Delivery { next: 1, step: 2, left: 3 };
        let mut deliveries = Deliveries::new(2, 3);
        for byte in [1, 2, 1] {
            deliveries.put(&anna, object(byte), delivery);
        }
        deliveries.put(&anna, object(3), delivery);
        assert_eq!(deliveries.get(&anna, object(2)), None);
        assert_eq!(deliveries.get(&anna, object(1)), Some(delivery));
        deliveries.put(&ben, object(1), delivery);
        deliveries.put(&ben, object(2), delivery);
        assert_eq!((deliveries.len(), deliveries.get(&ben, object(1))), (3, None), "the table is full");
        let carl = NodeId::new("carl").unwrap();
        deliveries.put(&carl, object(1), delivery);
        assert_eq!((deliveries.len(), deliveries.get(&anna, object(1))), (3, None), "the oldest of all");
        for (peer, byte) in [(&anna, 3), (&ben, 2), (&carl, 1), (&carl, 1)] {
            deliveries.remove(peer, object(byte));
        }
        assert!(deliveries.len() == 0 && deliveries.peers.is_empty());
    }
}
