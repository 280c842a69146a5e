//! The key of one sender.

use core::fmt;

use fcp_core::id::{NodeId, ZoneIdHash, ZoneKeyId};
use fcp_core::zone_key::{SenderKey, ZoneKey};

/// The subkey that one instance of one sender seals symbols under, with what it is the key of (§4.3.1, D55).
pub struct SymbolKey {
    pub(super) zone_id_hash: ZoneIdHash,
    pub(super) zone_key_id: ZoneKeyId,
    pub(super) sender_instance_id: u64,
    pub(super) sender_key: SenderKey,
}

impl SymbolKey {
    /// The subkey of `sender` under `zone_key`, which is the epoch's key where the zone ratchets (D91).
    ///
    /// The source is always the session's peer, or who signed the frame (D58).
    #[must_use]
    pub fn derive(zone_key: &ZoneKey, sender: &NodeId, sender_instance_id: u64) -> Self {
        Self {
            zone_id_hash: zone_key.zone().hash(),
            zone_key_id: zone_key.id(),
            sender_instance_id,
            sender_key: zone_key.sender_key(sender, sender_instance_id),
        }
    }

    /// The zone, as frames name it.
    #[must_use]
    pub const fn zone_id_hash(&self) -> &ZoneIdHash {
        &self.zone_id_hash
    }

    /// The id of the zone key.
    #[must_use]
    pub const fn zone_key_id(&self) -> ZoneKeyId {
        self.zone_key_id
    }

    /// The sender's instance.
    #[must_use]
    pub const fn sender_instance_id(&self) -> u64 {
        self.sender_instance_id
    }
}

impl fmt::Debug for SymbolKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SymbolKey({}, ..)", self.zone_key_id)
    }
}
