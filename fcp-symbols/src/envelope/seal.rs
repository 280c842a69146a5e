//! What a symbol is bound to, and its sealing.

use fcp_core::id::{EpochId, ObjectId, ZoneIdHash, ZoneKeyId};

pub use fcp_core::aead::TAG_LEN;

use super::{EnvelopeError, SymbolKey};

/// The length of a symbol's associated data, in bytes (D57).
pub const AAD_LEN: usize = 86;

/// All of a symbol but its bytes and tag (§4.1): what they are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SymbolEnvelope {
    /// The object that the symbol is of.
    pub object_id: ObjectId,
    /// Which symbol it is.
    pub esi: u32,
    /// How many source symbols the object has.
    pub k: u16,
    /// The zone.
    pub zone_id_hash: ZoneIdHash,
    /// The zone key's id.
    pub zone_key_id: ZoneKeyId,
    /// The epoch in which the symbol is sealed.
    pub epoch_id: EpochId,
    /// The instance of the sender.
    pub sender_instance_id: u64,
    /// The frame's number, never used twice by one instance (D50).
    pub frame_seq: u64,
}

impl SymbolEnvelope {
    /// The associated data (D57): object id ‖ ESI u32 LE ‖ K u16 LE ‖ zone hash ‖ zone key id ‖ epoch u64 LE.
    ///
    /// Sender, instance and frame sequence are bound by subkey and nonce.
    #[must_use]
    pub fn aad(&self) -> [u8; AAD_LEN] {
        let mut aad = [0; AAD_LEN];
        let (object_id, rest) = aad.split_at_mut(32);
        object_id.copy_from_slice(self.object_id.as_bytes());
        let (esi, rest) = rest.split_at_mut(4);
        esi.copy_from_slice(&self.esi.to_le_bytes());
        let (k, rest) = rest.split_at_mut(2);
        k.copy_from_slice(&self.k.to_le_bytes());
        let (zone, rest) = rest.split_at_mut(32);
        zone.copy_from_slice(self.zone_id_hash.as_bytes());
        let (zone_key_id, epoch) = rest.split_at_mut(8);
        zone_key_id.copy_from_slice(self.zone_key_id.as_bytes());
        epoch.copy_from_slice(&self.epoch_id.get().to_le_bytes());
        aad
    }

    /// Encrypts a symbol in place and returns its tag.
    ///
    /// One instance must never seal different bytes for one frame sequence and ESI (D51).
    ///
    /// # Errors
    /// [`EnvelopeError::KeyMismatch`] if `key` is not the one that the envelope names.
    pub fn seal(&self, key: &SymbolKey, symbol: &mut [u8]) -> Result<[u8; TAG_LEN], EnvelopeError> {
        self.check_key(key)?;
        Ok(key.sender_key.seal(self.frame_seq, self.esi, &self.aad(), symbol))
    }

    /// Decrypts a symbol in place.
    ///
    /// # Errors
    /// [`EnvelopeError::KeyMismatch`] if `key` is not the one that the envelope names,
    /// [`EnvelopeError::Authentication`] if the symbol was not sealed under it for this envelope; its bytes are then
    /// of no use.
    pub fn open(&self, key: &SymbolKey, symbol: &mut [u8], tag: &[u8; TAG_LEN]) -> Result<(), EnvelopeError> {
        self.check_key(key)?;
        key.sender_key
            .open(self.frame_seq, self.esi, &self.aad(), symbol, tag)
            .map_err(|_| EnvelopeError::Authentication)
    }

    fn check_key(&self, key: &SymbolKey) -> Result<(), EnvelopeError> {
        let named = self.zone_key_id == key.zone_key_id
            && self.sender_instance_id == key.sender_instance_id
            && self.zone_id_hash == key.zone_id_hash;
        if named { Ok(()) } else { Err(EnvelopeError::KeyMismatch) }
    }
}

/// Accepts symbols of the epochs now − max(1, `retain_epochs`) ..= now + 1 (D18).
///
/// # Errors
/// [`EnvelopeError::Epoch`] for any other.
pub fn check_epoch(epoch_id: EpochId, now: EpochId, retain_epochs: u64) -> Result<(), EnvelopeError> {
    let window = now.saturating_sub(retain_epochs.max(1))..=now.saturating_add(1);
    if window.contains(&epoch_id) { Ok(()) } else { Err(EnvelopeError::Epoch) }
}

#[cfg(test)]
mod tests {
    use fcp_core::id::EpochId;

    use super::check_epoch;

    #[test]
    fn the_epoch_window() {
        let accepts = |epoch, now, retain| check_epoch(EpochId::new(epoch), EpochId::new(now), retain).is_ok();
        for retain in [0, 1] {
            assert!(!accepts(98, 100, retain));
            assert!(accepts(99, 100, retain) && accepts(100, 100, retain) && accepts(101, 100, retain));
            assert!(!accepts(102, 100, retain));
        }
        assert!(accepts(90, 100, 10) && !accepts(89, 100, 10) && !accepts(102, 100, 10));
        assert!(accepts(0, 0, 1) && accepts(u64::MAX, u64::MAX, 1) && accepts(0, 5, u64::MAX));
    }
}
