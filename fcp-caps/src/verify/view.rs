//! What a verifier holds.

use fcp_audit::freshness::{Frontier, RevocationFreshnessPolicy};
use fcp_audit::revocation::RevocationRegistry;
use fcp_core::id::{CapabilityId, ConnectorId, InstanceId, NodeId, ObjectId, ZoneId};
use fcp_core::identity::TrustAnchors;
use fcp_core::safety::SafetyTier;
use fcp_core::sign::Verified;
use fcp_zones::membership::Member;
use fcp_zones::pinned::PinnedHeads;

use crate::capability::Capability;
use crate::grant::CapabilityObject;

/// The verified state that a token is held against. Reading it has no effect and waits for nothing.
pub trait TokenView {
    /// The owner and everybody whom the owner attested.
    fn trust(&self) -> &TrustAnchors;

    /// What is revoked.
    fn revocations(&self) -> &RevocationRegistry;

    /// What governs `zone`: the heads that its accepted checkpoint names.
    fn heads(&self, zone: &ZoneId) -> Option<&PinnedHeads>;

    /// The accepted checkpoint of `zone`.
    fn frontier(&self, zone: &ZoneId) -> Option<Frontier>;

    /// The checkpoint that was accepted for `zone` under this number, as far back as it is known.
    fn checkpoint(&self, zone: &ZoneId, seq: u64) -> Option<ObjectId>;

    /// Whether this checkpoint of `zone` is known to belong to a fork (D33).
    fn is_forked(&self, zone: &ZoneId, checkpoint: &ObjectId) -> bool;

    /// How old a checkpoint of `zone` may be (§14.3.1).
    fn freshness(&self, zone: &ZoneId) -> RevocationFreshnessPolicy;

    /// `node`, if it was admitted to the mesh (D181). Expiry and revocation since then are looked at with each use.
    fn member(&self, node: &NodeId) -> Option<&Member>;

    /// The grant of this id.
    fn grant(&self, id: &ObjectId) -> Option<&Verified<CapabilityObject>>;

    /// What a capability means, if it is known (§7.2).
    fn capability(&self, id: &CapabilityId) -> Option<&Capability>;
}

/// What a token is shown for.
#[derive(Debug, Clone, Copy)]
pub struct Audience<'a> {
    /// The zone in which something is to happen.
    pub zone: &'a ZoneId,
    /// The connector that is to do it.
    pub connector: &'a ConnectorId,
    /// The connector's instance.
    pub instance: Option<&'a InstanceId>,
    /// The build of the connector that runs (D107).
    pub binary: Option<ObjectId>,
    /// How much it can do.
    pub tier: SafetyTier,
}
