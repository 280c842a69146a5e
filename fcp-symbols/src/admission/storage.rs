//! How much peers may have stored here.

use fcp_core::error::Reason;
use fcp_core::time::Timestamp;

/// How much of admitted objects peers may have stored on this node (§8.4.1, D222).
///
/// What this node stores for itself counts against the zone's quota only where garbage collection looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StorageQuota {
    /// Bytes that one peer may have stored here, in all zones: 256 MiB by default.
    pub max_bytes_per_peer: u64,
    /// Bytes that all peers together may have stored here in one zone: 4 GiB by default.
    pub max_bytes_per_zone: u64,
    /// For how many seconds symbols are kept whose object nothing keeps, neither checkpoint nor pin nor lease: a week by
    /// default.
    pub max_age_secs: u64,
}

impl Default for StorageQuota {
    fn default() -> Self {
        Self {
            max_bytes_per_peer: 256 * 1024 * 1024,
            max_bytes_per_zone: 4 * 1024 * 1024 * 1024,
            max_age_secs: 7 * 24 * 60 * 60,
        }
    }
}

/// What is stored here already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StorageUse {
    /// Bytes of the peer that wants to store more, in all zones.
    pub of_peer: u64,
    /// Bytes of all peers in the zone.
    pub of_zone: u64,
}

/// Which quota is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The peer's.
    #[error("peer has as much stored here as it may")]
    Peer,
    /// The zone's.
    #[error("zone has as much stored here as it may")]
    Zone,
}

impl StorageError {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Peer => Reason::AdmissionStoragePeer,
            Self::Zone => Reason::AdmissionStorageZone,
        }
    }
}

impl StorageQuota {
    /// Whether `more` bytes fit. Nothing that is stored goes for what would be new.
    ///
    /// # Errors
    /// [`StorageError`]: the peer's quota first.
    pub fn check(&self, used: StorageUse, more: u64) -> Result<(), StorageError> {
        if used.of_peer.saturating_add(more) > self.max_bytes_per_peer {
            return Err(StorageError::Peer);
        }
        if used.of_zone.saturating_add(more) > self.max_bytes_per_zone { Err(StorageError::Zone) } else { Ok(()) }
    }

    /// How many bytes more fit.
    #[must_use]
    pub fn room(&self, used: StorageUse) -> u64 {
        let of_zone = self.max_bytes_per_zone.saturating_sub(used.of_zone);
        self.max_bytes_per_peer.saturating_sub(used.of_peer).min(of_zone)
    }

    /// Whether symbols that came at `received_at` may go, if nothing keeps their object.
    #[must_use]
    pub const fn is_overdue(&self, received_at: Timestamp, now: Timestamp) -> bool {
        now.since(received_at) >= self.max_age_secs
    }
}

#[cfg(test)]
mod tests {
    use super::{StorageError, StorageQuota, StorageUse};
    use fcp_core::time::Timestamp;

    #[test]
    fn both_quotas_hold() {
        let quota = StorageQuota { max_bytes_per_peer: 100, max_bytes_per_zone: 250, max_age_secs: 60 };
        let used = |of_peer, of_zone| StorageUse { of_peer, of_zone };
        assert_eq!(quota.check(used(90, 240), 10), Ok(()));
        assert_eq!(
            quota.check(used(90, 241), 10).map_err(|error| error.reason().code()),
            Err("admission.storage_zone")
        );
        assert_eq!(quota.check(used(91, 241), 10), Err(StorageError::Peer));
        assert_eq!(
            quota.check(used(0, 0), u64::MAX).map_err(StorageError::reason).unwrap_err().code(),
            "admission.storage_peer"
        );
        assert_eq!([quota.room(used(90, 0)), quota.room(used(0, 245)), quota.room(used(101, 0))], [10, 5, 0]);
        let at = Timestamp::from_secs;
        assert!(!quota.is_overdue(at(100), at(159)) && quota.is_overdue(at(100), at(160)));
        assert!(!quota.is_overdue(at(100), at(50)));
    }
}
