//! What several tests need.

use fcp_core::id::{ObjectIdKey, ZoneId};
use fcp_core::object::{Message, ObjectHeader, Provenance};
use fcp_core::time::Timestamp;

/// A zone's key for object ids.
pub(crate) fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([7; 32])
}

/// A header for objects of type `T`.
pub(crate) fn header_for<T: Message>(zone: ZoneId) -> ObjectHeader {
    ObjectHeader::for_type::<T>(Provenance::of_zone(zone, 80, 90, Timestamp::from_secs(1_700_000_000)))
}
