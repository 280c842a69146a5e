//! How a zone's keys are agreed on (§5.5, D93).

use fcp_core::cbor::{Decode, Encode};
use fcp_core::id::ZoneId;

/// How a zone's keys come to its members (§5.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum ZoneKeyMode {
    /// Drawn at random and sealed to each member in an owner-signed manifest.
    ManifestDistributed,
    /// Agreed on by the members with MLS. This implementation refuses such zones (D93).
    MlsTreeKem,
}

/// What a zone demands of its key agreement (§5.5), inside of its policy (D93).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ZoneSecurityProfile {
    /// The zone, the same as the policy's.
    pub zone_id: ZoneId,
    /// How keys come to the members.
    pub key_mode: ZoneKeyMode,
    /// Whether the zone demands that it heals from a theft of keys, which only MLS does.
    pub require_pcs: bool,
    /// The longest life of one key, in seconds.
    pub max_epoch_secs: u64,
}

impl ZoneSecurityProfile {
    /// The longest life of one key where nobody says otherwise: a day.
    pub const DEFAULT_MAX_EPOCH_SECS: u64 = 86_400;

    /// The baseline of `zone`: keys by manifest, each at most a day old.
    #[must_use]
    pub const fn baseline(zone: ZoneId) -> Self {
        Self {
            zone_id: zone,
            key_mode: ZoneKeyMode::ManifestDistributed,
            require_pcs: false,
            max_epoch_secs: Self::DEFAULT_MAX_EPOCH_SECS,
        }
    }

    /// Whether this implementation can do what the profile demands: keys by manifest, which do not heal (D93).
    #[must_use]
    pub const fn is_supported(&self) -> bool {
        matches!(self.key_mode, ZoneKeyMode::ManifestDistributed) && !self.require_pcs
    }
}
