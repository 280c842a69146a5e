//! Subkeys of recent senders.

use alloc::vec::Vec;

use fcp_core::id::{EpochId, NodeId, ZoneId, ZoneKeyId};
use fcp_core::zone_key::ZoneKey;

use super::SymbolKey;

/// The subkeys of recent senders, at most as many as it was made for: deriving one costs as much as sealing several
/// symbols.
///
/// An entry is known by its epoch too, so that it cannot outlive a ratcheted key (D91): call
/// [`forget_before`](Self::forget_before) when keys are deleted.
#[derive(Debug)]
pub struct SubkeyCache {
    /// The most recently used last.
    entries: Vec<Entry>,
    max_entries: usize,
}

#[derive(Debug)]
struct Entry {
    zone: ZoneId,
    epoch_id: EpochId,
    sender: NodeId,
    key: SymbolKey,
}

impl SubkeyCache {
    /// A cache of at most `max_entries` subkeys, and of one at least.
    #[must_use]
    pub fn new(max_entries: usize) -> Self {
        Self { entries: Vec::new(), max_entries: max_entries.max(1) }
    }

    /// The subkey of a sender's instance for symbols of `epoch_id`; `zone_key` is the key in force in that epoch.
    pub fn get(&mut self, zone_key: &ZoneKey, epoch_id: EpochId, sender: &NodeId, instance: u64) -> &SymbolKey {
        let is_it = |entry: &Entry| {
            entry.key.sender_instance_id == instance
                && entry.epoch_id == epoch_id
                && entry.key.zone_key_id == zone_key.id()
                && entry.sender == *sender
                && entry.zone == *zone_key.zone()
        };
        match self.entries.iter().rposition(is_it) {
            Some(index) => {
                let used = self.entries.remove(index);
                self.entries.push(used);
            }
            None => {
                if self.entries.len() >= self.max_entries {
                    self.entries.remove(0);
                }
                let key = SymbolKey::derive(zone_key, sender, instance);
                self.entries.push(Entry { zone: zone_key.zone().clone(), epoch_id, sender: sender.clone(), key });
            }
        }
        #[expect(clippy::expect_used, reason = "an entry was put at the end just now")]
        &self.entries.last().expect("an entry").key
    }

    /// Forgets the subkeys of every epoch before `epoch_id`.
    pub fn forget_before(&mut self, epoch_id: EpochId) {
        self.entries.retain(|entry| entry.epoch_id >= epoch_id);
    }

    /// Forgets the subkeys of a zone key that was retired or revoked.
    pub fn forget_key(&mut self, zone_key_id: ZoneKeyId) {
        self.entries.retain(|entry| entry.key.zone_key_id != zone_key_id);
    }

    /// How many subkeys it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{EpochId, NodeId, ZoneId, ZoneKeyId};
    use fcp_core::zone_key::{ZoneKey, ZoneKeyAlgorithm};

    use super::SubkeyCache;

    fn zone_key(zone: ZoneId, id: u8) -> ZoneKey {
        ZoneKey::new(zone, ZoneKeyId::from_bytes([id; 8]), ZoneKeyAlgorithm::ChaCha20Poly1305, [id; 32])
    }

    #[test]
    fn every_part_tells_entries_apart() {
        let mut cache = SubkeyCache::new(100);
        let epoch = EpochId::new(5);
        let (laptop, phone) = (NodeId::new("laptop").unwrap(), NodeId::new("phone").unwrap());
        let (first, second) = (zone_key(ZoneId::work(), 1), zone_key(ZoneId::work(), 2));
        for round in 1..=2 {
            cache.get(&first, epoch, &laptop, 1);
            cache.get(&second, epoch, &laptop, 1);
            cache.get(&zone_key(ZoneId::private(), 1), epoch, &laptop, 1);
            cache.get(&first, EpochId::new(6), &laptop, 1);
            cache.get(&first, epoch, &phone, 1);
            cache.get(&first, epoch, &laptop, 2);
            assert_eq!(cache.len(), 6, "round {round}");
        }
        cache.forget_key(second.id());
        assert_eq!(cache.len(), 5);
        cache.forget_before(EpochId::new(6));
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn the_least_recently_used_goes() {
        let mut cache = SubkeyCache::new(2);
        let (key, epoch, node) = (zone_key(ZoneId::work(), 1), EpochId::new(5), NodeId::new("laptop").unwrap());
        let mut get = |instance| assert_eq!(cache.get(&key, epoch, &node, instance).sender_instance_id(), instance);
        get(1);
        get(2);
        get(1);
        get(3);
        assert_eq!(
            cache.entries.iter().map(|entry| entry.key.sender_instance_id).collect::<alloc::vec::Vec<_>>(),
            [1, 3]
        );
        assert!(!cache.is_empty());
    }
}
