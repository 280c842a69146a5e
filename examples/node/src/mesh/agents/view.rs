//! What decisions read.

use std::collections::BTreeMap;

use fcp_audit::freshness::{Frontier, RevocationFreshnessPolicy};
use fcp_audit::revocation::RevocationRegistry;
use fcp_caps::authorize::{Budget, OperationRule, View};
use fcp_caps::capability::Capability;
use fcp_caps::grant::{CapabilityObject, Spent};
use fcp_caps::pop::{HolderNonce, Proof};
use fcp_caps::verify::TokenView;
use fcp_core::id::{CapabilityId, ConnectorId, InstanceId, Jti, NodeId, ObjectId, ObjectIdKey, OperationId, ZoneId};
use fcp_core::identity::TrustAnchors;
use fcp_core::object::{Provenance, TaintFlags};
use fcp_core::sign::{Unverified, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::approval::ApprovalToken;
use fcp_zones::flow::{Bearer, Client, Ingress, Marks, SanitizerReceipt};
use fcp_zones::membership::Member;
use fcp_zones::pinned::PinnedHeads;
use fcp_zones::resource::ResourceObject;

use super::Agents;
use crate::zone::Zone;

/// Everything that a decision reads.
pub(super) struct NodeView<'a> {
    pub(super) node: &'a NodeId,
    pub(super) trust: &'a TrustAnchors,
    pub(super) revocations: &'a RevocationRegistry,
    pub(super) zones: &'a BTreeMap<ZoneId, Zone>,
    pub(super) agents: &'a Agents,
}

impl TokenView for NodeView<'_> {
    fn trust(&self) -> &TrustAnchors {
        self.trust
    }

    fn revocations(&self) -> &RevocationRegistry {
        self.revocations
    }

    fn heads(&self, zone: &ZoneId) -> Option<&PinnedHeads> {
        self.zones.get(zone)?.pinned.as_ref()
    }

    fn frontier(&self, zone: &ZoneId) -> Option<Frontier> {
        self.zones.get(zone)?.participant.state().frontier(self.revocations)
    }

    fn checkpoint(&self, zone: &ZoneId, seq: u64) -> Option<ObjectId> {
        self.agents.checkpoints.get(&(zone.clone(), seq)).copied()
    }

    fn is_forked(&self, zone: &ZoneId, checkpoint: &ObjectId) -> bool {
        let fork = self.zones.get(zone).and_then(|zone| zone.participant.state().fork());
        fork.is_some_and(|fork| fork.theirs == *checkpoint || fork.ours == *checkpoint)
    }

    fn freshness(&self, _: &ZoneId) -> RevocationFreshnessPolicy {
        RevocationFreshnessPolicy::default()
    }

    fn member(&self, node: &NodeId) -> Option<&Member> {
        self.agents.members.get(node)
    }

    fn grant(&self, id: &ObjectId) -> Option<&Verified<CapabilityObject>> {
        self.zones.values().find_map(|zone| zone.grants.get(id))
    }

    fn capability(&self, _: &CapabilityId) -> Option<&Capability> {
        None
    }
}

impl View for NodeView<'_> {
    fn node(&self) -> &NodeId {
        self.node
    }

    fn object_id_key(&self, zone: &ZoneId, at: Timestamp) -> Option<&ObjectIdKey> {
        self.zones.get(zone)?.keyring.object_id_key_at(at).ok()
    }

    fn operation(&self, connector: &ConnectorId, operation: &OperationId) -> Option<&OperationRule> {
        let info = self.agents.connector.as_ref().filter(|info| info.id == *connector)?;
        info.rules.get(operation)
    }

    fn binary(&self, connector: &ConnectorId, _: Option<&InstanceId>) -> Option<ObjectId> {
        self.agents.connector.as_ref().filter(|info| info.id == *connector).map(|info| info.binary)
    }

    fn challenge(&self, _: &Jti) -> Option<HolderNonce> {
        None
    }

    fn is_used(&self, proof: &Proof) -> bool {
        self.agents.memory.used().contains(proof)
    }

    fn approval(&self, _: &ObjectId) -> Option<&Unverified<ApprovalToken>> {
        None
    }

    fn resource(&self, _: &ObjectId) -> Option<&Verified<ResourceObject>> {
        None
    }

    fn provenance(&self, id: &ObjectId) -> Option<&Provenance> {
        self.agents.provenances.get(id)
    }

    fn applied_approval(&self, _: &ObjectId) -> Option<&Verified<ApprovalToken>> {
        None
    }

    fn sanitizer_receipt(&self, _: &ObjectId) -> Option<&Verified<SanitizerReceipt>> {
        None
    }

    fn sanitizes(&self, _: &ConnectorId, _: &OperationId) -> TaintFlags {
        TaintFlags::empty()
    }

    fn marks(&self) -> &Marks {
        self.agents.memory.marks()
    }

    fn client(&self, bearer: &Bearer) -> Client {
        if bearer.sub.as_str().starts_with("user:") { Client::Person } else { Client::Agent }
    }

    fn ingress(&self, _: &ObjectId) -> Ingress {
        Ingress::User
    }

    fn spent(&self, budget: Budget) -> Spent {
        self.agents.memory.spent(budget)
    }
}
