//! The nonce that makes each proof fresh (D114).

use fcp_core::cbor::{Decode, Encode};
use fcp_core::error::Reason;
use fcp_core::id::EpochId;
use fcp_core::time::Timestamp;

/// A proof's nonce: the verifier's challenge, or else the epoch as u64 LE and 8 random bytes (D114).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct HolderNonce([u8; 16]);

/// The nonce is neither the challenge nor of a current epoch (D114).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nonce is neither the challenge nor of a current epoch")]
pub struct NonceError;

impl NonceError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::HolderProofBadNonce
    }
}

impl HolderNonce {
    /// The nonce of these bytes, such as a verifier's challenge.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The nonce's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// A nonce for use without a challenge: of the epoch of `now`, with bytes drawn at random.
    #[must_use]
    pub fn of_epoch(now: Timestamp, random: [u8; 8]) -> Self {
        let mut bytes = [0; 16];
        let (epoch, rest) = bytes.split_at_mut(8);
        epoch.copy_from_slice(&EpochId::of(now).get().to_le_bytes());
        rest.copy_from_slice(&random);
        Self(bytes)
    }

    /// The epoch that the nonce names, if it is one without a challenge.
    #[must_use]
    pub fn epoch(&self) -> EpochId {
        EpochId::new(self.0.first_chunk().copied().map_or(0, u64::from_le_bytes))
    }

    /// Checks that the nonce is fresh: equal to the verifier's `challenge` if there is one, else of the epoch of `now`
    /// or a neighboring one.
    ///
    /// # Errors
    /// [`NonceError`] if it is not.
    pub fn check(&self, challenge: Option<&Self>, now: Timestamp) -> Result<(), NonceError> {
        let fresh = match challenge {
            Some(challenge) => self == challenge,
            None => {
                let current = EpochId::of(now);
                (current.saturating_sub(1)..=current.saturating_add(1)).contains(&self.epoch())
            }
        };
        if fresh { Ok(()) } else { Err(NonceError) }
    }
}

#[cfg(test)]
mod tests {
    use super::HolderNonce;
    use fcp_core::time::Timestamp;

    #[test]
    fn epochs_around_now_are_fresh() {
        let now = Timestamp::from_secs(1_700_000_100);
        for (offset, fresh) in [(-600_i64, false), (-300, true), (0, true), (300, true), (600, false)] {
            let at = Timestamp::from_secs(1_700_000_100_u64.checked_add_signed(offset).unwrap());
            assert_eq!(HolderNonce::of_epoch(at, [7; 8]).check(None, now).is_ok(), fresh, "{offset}");
        }
        // The first and the last epoch there are do not wrap around.
        assert!(HolderNonce::from_bytes([0xff; 16]).check(None, Timestamp::from_secs(0)).is_err());
        assert!(HolderNonce::from_bytes([0; 16]).check(None, Timestamp::from_secs(0)).is_ok());
    }

    #[test]
    fn a_challenge_is_the_only_nonce() {
        let now = Timestamp::from_secs(1_700_000_100);
        let challenge = HolderNonce::from_bytes([3; 16]);
        assert!(challenge.check(Some(&challenge), now).is_ok() && challenge.check(None, now).is_err());
        let other = HolderNonce::of_epoch(now, [7; 8]);
        assert_eq!(other.check(Some(&challenge), now).unwrap_err().reason().code(), "holder_proof.bad_nonce");
    }
}
