//! What has been revoked (§14.3), asked from below: the registry itself is in `fcp-audit`.

use crate::id::{ObjectId, ZoneId};
use crate::time::{TimePolicy, Timestamp};

/// Knows which ids are revoked.
pub trait Revoked {
    /// Whether `id` is revoked at `at` in `zone`: by a revocation of that zone or of `z:owner` (D166, D168), with the
    /// tolerance for clocks.
    fn is_revoked(&self, id: &ObjectId, zone: &ZoneId, at: Timestamp) -> bool;

    /// Whether a revocation of `id` was in effect by `at`, without any tolerance: for judging what was signed at a time
    /// that it states itself (D201). A registry that knows the times of its revocations answers exactly.
    fn was_revoked(&self, id: &ObjectId, zone: &ZoneId, at: Timestamp) -> bool {
        self.is_revoked(id, zone, at.saturating_sub(TimePolicy::DEFAULT_SKEW_SECS))
    }
}

/// Nothing is revoked: for a mesh that has no revocation yet.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingRevoked;

impl Revoked for NothingRevoked {
    fn is_revoked(&self, _: &ObjectId, _: &ZoneId, _: Timestamp) -> bool {
        false
    }
}

impl<R: Revoked + ?Sized> Revoked for &R {
    fn is_revoked(&self, id: &ObjectId, zone: &ZoneId, at: Timestamp) -> bool {
        (**self).is_revoked(id, zone, at)
    }

    fn was_revoked(&self, id: &ObjectId, zone: &ZoneId, at: Timestamp) -> bool {
        (**self).was_revoked(id, zone, at)
    }
}
