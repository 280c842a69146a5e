//! What comes of a collection.

use alloc::vec::Vec;

use fcp_core::id::ObjectId;

/// Why an object goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvictionReason {
    /// No root and no running lease leads to it (§3.7).
    Unreachable,
    /// It is reachable, and the zone is above its quota (D35).
    OverQuota,
    /// It belongs to the object before it, which goes (D14).
    WithTarget,
}

/// An object that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evicted {
    /// Its id.
    pub id: ObjectId,
    /// What it leaves free.
    pub bytes: u64,
    /// Why it goes.
    pub reason: EvictionReason,
}

/// What stays and what goes. Nothing happens until somebody carries it out; stopping halfway does no harm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GcPlan {
    /// The objects that stay, by id.
    pub live: Vec<ObjectId>,
    /// The objects that go, in this order.
    pub evicted: Vec<Evicted>,
    /// How many bytes stay.
    pub kept_bytes: u64,
    /// How many bytes go.
    pub freed_bytes: u64,
    /// How many bytes stay above the quota, because roots, pins and leases hold them.
    pub over_quota_bytes: u64,
    /// How many links of what is reachable lead to objects that are not held.
    pub missing_links: u64,
}
