//! Epoch keys that are gone when their epoch is over (§5.2.1 `ZoneRekeyPolicy`, D91).

use alloc::collections::BTreeMap;

use fcp_core::id::EpochId;
use fcp_core::time::Timestamp;
use fcp_core::zone_key::{EpochChain, ZoneKey};

/// How many steps a manifest may need to reach the present (D91): ten years of epochs.
const MAX_STEPS: u64 = 1 << 20;

/// How many past epochs' keys are kept at most, whatever the policy says: a month of epochs.
const MAX_RETAINED: u64 = 8928;

/// The keys of the retained epochs, of the current one and of the next, and the chain behind them.
///
/// The zone key itself is consumed when the ratchet starts; what is older than the retained epochs cannot be derived
/// again from what is kept.
pub(super) struct Ratchet {
    /// The link of the first epoch that has no key in `keys` yet. Always there, but taken while it steps.
    pub(super) chain: Option<EpochChain>,
    pub(super) keys: BTreeMap<EpochId, ZoneKey>,
    pub(super) retain: u64,
}

impl Ratchet {
    /// Starts in the epoch of `valid_from` and steps to the present; nothing if that is too far (D91).
    pub(super) fn start(zone_key: ZoneKey, valid_from: Timestamp, retain: u32, now: Timestamp) -> Option<Self> {
        let chain = EpochChain::start(&zone_key, valid_from);
        drop(zone_key);
        let steps = EpochId::of(now).get().saturating_sub(chain.epoch().get());
        if steps > MAX_STEPS {
            return None;
        }
        let mut ratchet = Self { chain: Some(chain), keys: BTreeMap::new(), retain: retained(retain) };
        ratchet.advance(now);
        Some(ratchet)
    }

    /// Derives the keys up to the next epoch and deletes those that are older than the retained ones, by the local
    /// clock. Says whether anything changed.
    pub(super) fn advance(&mut self, now: Timestamp) -> bool {
        let current = EpochId::of(now);
        let (oldest, newest) = (current.saturating_sub(self.retain), current.saturating_add(1));
        let before = self.keys.len();
        self.keys.retain(|epoch, _| *epoch >= oldest);
        let mut changed = self.keys.len() != before;
        while let Some(chain) = self.chain.take_if(|chain| chain.epoch() <= newest) {
            if chain.epoch() >= oldest {
                self.keys.insert(chain.epoch(), chain.key());
            }
            self.chain = Some(chain.next());
            changed = true;
        }
        changed
    }

    /// The key of an epoch, if it is kept.
    pub(super) fn key(&self, epoch: EpochId) -> Option<&ZoneKey> {
        self.keys.get(&epoch)
    }
}

/// At least one, so that a frame from the end of the last epoch still opens (D18).
fn retained(policy: u32) -> u64 {
    u64::from(policy).clamp(1, MAX_RETAINED)
}

#[cfg(test)]
mod tests {
    use fcp_core::id::{EpochId, ZoneId, ZoneKeyId};
    use fcp_core::time::Timestamp;
    use fcp_core::zone_key::{EpochChain, ZoneKey, ZoneKeyAlgorithm};

    use super::Ratchet;

    const START: Timestamp = Timestamp::from_secs(1_700_000_100);

    fn zone_key() -> ZoneKey {
        let id = ZoneKeyId::from_bytes([3; 8]);
        ZoneKey::new(ZoneId::work(), id, ZoneKeyAlgorithm::ChaCha20Poly1305, [9; 32])
    }

    fn at(epochs: u64) -> Timestamp {
        START.saturating_add(epochs.saturating_mul(EpochId::SECONDS))
    }

    #[test]
    fn keeps_the_retained_epochs_and_one_ahead() {
        let first = EpochId::of(START);
        let mut ratchet = Ratchet::start(zone_key(), START, 2, at(5)).unwrap();
        let kept = |ratchet: &Ratchet| ratchet.keys.keys().map(|epoch| epoch.get() - first.get()).collect::<Vec<_>>();
        assert_eq!(kept(&ratchet), [3, 4, 5, 6]);
        assert!(!ratchet.advance(at(5)));
        assert!(ratchet.advance(at(6)));
        assert_eq!(kept(&ratchet), [4, 5, 6, 7]);
        // A clock that goes back brings nothing back.
        ratchet.advance(at(3));
        assert_eq!(kept(&ratchet), [4, 5, 6, 7]);
        ratchet.advance(at(1000));
        assert_eq!(kept(&ratchet), [998, 999, 1000, 1001]);
    }

    #[test]
    fn gives_the_chains_keys() {
        let ratchet = Ratchet::start(zone_key(), START, 1, at(2)).unwrap();
        let expected = EpochChain::start(&zone_key(), START).next().next();
        let key = ratchet.key(expected.epoch()).unwrap();
        assert_eq!(key.expose(), expected.key().expose());
        assert_ne!(key.expose(), zone_key().expose());
    }

    #[test]
    fn a_manifest_from_long_ago_is_too_far() {
        assert!(Ratchet::start(zone_key(), START, 1, at((1 << 20) + 1)).is_none());
    }
}
