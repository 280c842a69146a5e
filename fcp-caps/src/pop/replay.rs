//! Proofs that were used (D114), remembered until their token is over.

use alloc::collections::{BTreeMap, BTreeSet};

use fcp_core::error::Reason;
use fcp_core::id::EpochId;
use fcp_core::time::{TimePolicy, Timestamp};

use super::Proof;

/// Why a proof is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// It was used before.
    #[error("proof was used before")]
    Replayed,
    /// As many proofs are remembered as fit, and forgetting one would let it be used again.
    #[error("too many proofs are remembered")]
    Full,
}

impl ReplayError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Replayed => Reason::HolderProofReplayed,
            Self::Full => Reason::HolderProofOverloaded,
        }
    }
}

/// Remembers used proofs until their token is over or their nonce stale, and never more than it has room for.
///
/// When it is full it takes no further proof rather than forget one. Only proofs whose signature was checked belong in
/// here, so that nobody but holders of valid tokens can fill it.
#[derive(Debug, Clone)]
pub struct ReplayCache {
    capacity: usize,
    until: BTreeMap<Proof, Timestamp>,
    by_end: BTreeSet<(Timestamp, Proof)>,
}

impl ReplayCache {
    /// An empty cache with room for `capacity` proofs.
    #[must_use]
    pub const fn new(capacity: usize) -> Self {
        Self { capacity, until: BTreeMap::new(), by_end: BTreeSet::new() }
    }

    /// Whether `proof` was used and is still remembered.
    #[must_use]
    pub fn contains(&self, proof: &Proof) -> bool {
        self.until.contains_key(proof)
    }

    /// Takes a proof that is used now, by a token that expires at `expires_at`, and forgets those that are over.
    ///
    /// # Errors
    /// [`ReplayError`] if it was used before or there is no room; nothing is remembered then.
    pub fn insert(&mut self, proof: Proof, expires_at: Timestamp, now: Timestamp) -> Result<(), ReplayError> {
        while let Some(&(end, over)) = self.by_end.first()
            && end < now
        {
            self.by_end.remove(&(end, over));
            self.until.remove(&over);
        }
        if self.contains(&proof) {
            return Err(ReplayError::Replayed);
        }
        if self.until.len() >= self.capacity {
            return Err(ReplayError::Full);
        }
        // A nonce of an epoch is fresh in the next one too (D114). The verifier's own challenges, which name no epoch
        // about now, end with their token.
        let (epoch, current) = (proof.nonce.epoch(), EpochId::of(now));
        let near = (current.saturating_sub(1)..=current.saturating_add(1)).contains(&epoch);
        let stale = if near { epoch.saturating_add(2).start() } else { expires_at };
        // A token is accepted for the tolerated skew longer (D7), and so must its proofs be remembered.
        let end = stale.min(expires_at).saturating_add(TimePolicy::DEFAULT_SKEW_SECS);
        self.until.insert(proof, end);
        self.by_end.insert((end, proof));
        Ok(())
    }

    /// How many proofs are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.until.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{ReplayCache, ReplayError};
    use crate::pop::{HolderNonce, Proof};
    use fcp_core::id::{Jti, ObjectId};
    use fcp_core::time::Timestamp;

    fn proof(nonce: u8) -> Proof {
        let nonce = HolderNonce::from_bytes([nonce; 16]);
        Proof { jti: Jti::from_bytes([1; 16]), request: ObjectId::from_bytes([2; 32]), nonce }
    }

    #[test]
    fn a_proof_counts_once_for_as_long_as_its_token_does() {
        let at = Timestamp::from_secs;
        let mut cache = ReplayCache::new(8);
        assert_eq!(cache.insert(proof(1), at(1_300), at(1_000)), Ok(()));
        // The token is accepted until 1300 + 120.
        assert_eq!(cache.insert(proof(1), at(1_300), at(1_420)), Err(ReplayError::Replayed));
        assert_eq!(cache.insert(proof(1), at(9_000), at(1_421)), Ok(()));
        assert_eq!(cache.len(), 1);
    }

    #[test]
    fn a_nonce_of_an_epoch_is_remembered_as_long_as_it_is_fresh() {
        let at = |seconds: u64| Timestamp::from_secs(1_700_000_100 + seconds);
        let mut cache = ReplayCache::new(8);
        for (number, epoch) in [(1, at(0)), (2, at(300))] {
            let nonce = HolderNonce::of_epoch(epoch, [number; 8]);
            let proof = Proof { nonce, ..proof(number) };
            cache.insert(proof, at(86_400), at(0)).unwrap();
            let last = epoch.saturating_add(599);
            assert!(nonce.check(None, last).is_ok() && nonce.check(None, last.saturating_add(1)).is_err());
            assert_eq!(cache.insert(proof, at(86_400), last), Err(ReplayError::Replayed));
        }
        cache.insert(proof(3), at(86_400), at(1_100)).unwrap();
        assert_eq!(cache.len(), 1, "the others are stale");
        cache.insert(proof(4), at(86_400), at(80_000)).unwrap();
        assert_eq!(cache.len(), 2, "a challenge is not");
    }

    #[test]
    fn a_full_cache_refuses_and_forgets_nothing_that_still_counts() {
        let at = Timestamp::from_secs;
        let mut cache = ReplayCache::new(2);
        cache.insert(proof(1), at(1_300), at(1_000)).unwrap();
        cache.insert(proof(2), at(1_100), at(1_000)).unwrap();
        assert_eq!(cache.insert(proof(3), at(1_300), at(1_220)), Err(ReplayError::Full));
        assert!(cache.contains(&proof(1)) && cache.contains(&proof(2)) && !cache.contains(&proof(3)));
        assert_eq!(cache.insert(proof(3), at(1_300), at(1_221)), Ok(()));
        assert!(!cache.contains(&proof(2)) && cache.contains(&proof(1)));
        assert_eq!(ReplayCache::new(0).insert(proof(1), at(2), at(1)), Err(ReplayError::Full));
    }
}
