//! What a deciding node holds, beside what a token's verifier holds.

use fcp_core::id::{CapabilityId, ConnectorId, InstanceId, Jti, NodeId, ObjectId, ObjectIdKey, OperationId, ZoneId};
use fcp_core::object::{Provenance, TaintFlags};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{Unverified, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::approval::ApprovalToken;
use fcp_zones::flow::{Bearer, Client, Ingress, Marks, SanitizerReceipt};
use fcp_zones::resource::ResourceObject;

use crate::capability::{ApprovalMode, IdempotencyClass};
use crate::grant::Spent;
use crate::pop::{HolderNonce, Proof};
use crate::verify::TokenView;

/// The verified state that an invoke is held against. Reading it has no effect and waits for nothing.
pub trait View: TokenView {
    /// This node.
    fn node(&self) -> &NodeId;

    /// The object-id key of `zone` that was valid at `at` (D16).
    fn object_id_key(&self, zone: &ZoneId, at: Timestamp) -> Option<&ObjectIdKey>;

    /// What the connector's manifest says of an operation.
    fn operation(&self, connector: &ConnectorId, operation: &OperationId) -> Option<&OperationRule>;

    /// The build of the connector that runs here, as tokens name it (D107).
    fn binary(&self, connector: &ConnectorId, instance: Option<&InstanceId>) -> Option<ObjectId>;

    /// The challenge that this node gave for proofs with this token, if it gave one (D114).
    fn challenge(&self, jti: &Jti) -> Option<HolderNonce>;

    /// Whether this proof was used before: [`ReplayCache::contains`](crate::pop::ReplayCache::contains).
    fn is_used(&self, proof: &Proof) -> bool;

    /// The approval of this id, as it was opened. Its signature is checked with each decision, because the policy may
    /// list its approver no more.
    fn approval(&self, id: &ObjectId) -> Option<&Unverified<ApprovalToken>>;

    /// The resource of this id.
    fn resource(&self, id: &ObjectId) -> Option<&Verified<ResourceObject>>;

    /// The provenance of a stored object, from its header.
    ///
    /// A request's header was written by whoever sent it. For a stored request this is the provenance that was computed
    /// when it was authorized, [`Authorized::provenance`](super::Authorized::provenance).
    fn provenance(&self, id: &ObjectId) -> Option<&Provenance>;

    /// An approval that some provenance points to, verified as of when it was applied (D98).
    fn applied_approval(&self, id: &ObjectId) -> Option<&Verified<ApprovalToken>>;

    /// The sanitizer receipt of this id.
    fn sanitizer_receipt(&self, id: &ObjectId) -> Option<&Verified<SanitizerReceipt>>;

    /// The taints that this operation can clear, if it is a sanitizer that was authorized to run here (§6.1).
    fn sanitizes(&self, connector: &ConnectorId, operation: &OperationId) -> TaintFlags;

    /// What was delivered to whom (D100).
    fn marks(&self) -> &Marks;

    /// Whether a person's own client or an agent stands behind a token's holder (D100).
    fn client(&self, bearer: &Bearer) -> Client;

    /// Where the request came in (D100).
    fn ingress(&self, request: &ObjectId) -> Ingress;

    /// How much of a budget is already spent (D122).
    fn spent(&self, budget: Budget) -> Spent;
}

/// What calls and bytes are counted against (D122).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Budget {
    /// A grant's own bounds.
    Grant(ObjectId),
    /// A token's attenuation.
    Token(Jti),
}

/// What a connector's manifest says of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRule {
    /// The capability that it takes.
    pub capability: CapabilityId,
    /// How much it can do. A tier that nobody knows is Forbidden (D102).
    pub tier: SafetyTier,
    /// What happens if it is asked for twice.
    pub idempotency: IdempotencyClass,
    /// Who must agree first.
    pub approval: ApprovalMode,
    /// How far its effects reach.
    pub reach: Reach,
}

/// How far the effects of an operation reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// Not beyond the mesh.
    Mesh,
    /// To something outside of it: the resources that a request names, or, where it names none, who knows where (D104).
    Outside,
}
