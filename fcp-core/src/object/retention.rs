//! How long a node keeps an object (§3.6, §3.7): its own business, never part of the object.

use crate::cbor::{Decode, Encode};
use crate::time::Timestamp;

/// What garbage collection may do with an object (§3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum RetentionClass {
    /// Never evicted unless unpinned.
    Pinned,
    /// Kept, with what it references, until the time is over (D35).
    Lease {
        /// The last second of the lease.
        expires_at: Timestamp,
    },
    /// Kept while it is reachable and under quota.
    Ephemeral,
}

/// A node's local notes on an object that it stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct StorageMeta {
    /// How long it is kept.
    pub retention: RetentionClass,
    /// When this node received it; eviction begins with the oldest (D137).
    pub received_at: Timestamp,
}
