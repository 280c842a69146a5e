//! The messages of an invoke (§9.5, D200).

use alloc::string::String;
use alloc::vec::Vec;

use fcp_audit::event::TraceContext;
use fcp_core::cbor::{Decode, Encode, Value};
use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, InstanceId, NodeId, ObjectId, OperationId, ZoneId};
use fcp_core::object::{Message, Provenance};
use fcp_core::sign::Signature;

use super::IdempotencyKey;
use crate::pop::HolderNonce;

/// A request to run an operation (§9.5, D142, D200).
///
/// ```cddl
/// invoke-request = { id: tstr, connector_id: tstr, operation: tstr, zone_id: tstr, target_node: tstr, input: any,
///   capability_token: bstr, provenance: provenance, resources: [* bstr .size 32], approval_tokens: [* bstr .size 32],
///   ? idempotency_key: tstr, ? trace_context: trace-context, ? instance_id: tstr, ? deadline_ms: uint,
///   ? lease_seq: uint, ? holder_nonce: bstr .size 16, ? holder_proof: bstr .size 64 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:InvokeRequest@2.0.0", check = ordered)]
pub struct InvokeRequest {
    /// The caller's name for the request, repeated in the answer.
    pub id: String,
    /// The connector.
    pub connector_id: ConnectorId,
    /// The operation.
    pub operation: OperationId,
    /// The zone in which it runs.
    pub zone_id: ZoneId,
    /// The node that runs it (D114).
    pub target_node: NodeId,
    /// The operation's input.
    pub input: Value,
    /// The token's bytes (§7.5.1).
    pub capability_token: Vec<u8>,
    /// Where the caller says that the input comes from. The node computes it again (D100).
    pub provenance: Provenance,
    /// The resources that the input names, sorted, each once.
    pub resources: Vec<ObjectId>,
    /// The approvals that are presented, sorted, each once.
    pub approval_tokens: Vec<ObjectId>,
    /// The caller's name for the intention.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Where the request stands in a trace.
    pub trace_context: Option<TraceContext>,
    /// The instance of the connector.
    pub instance_id: Option<InstanceId>,
    /// By when the answer is worth something, in milliseconds since the Unix epoch.
    pub deadline_ms: Option<u64>,
    /// The number of the lease under which it runs.
    pub lease_seq: Option<u64>,
    /// What makes the holder's proof fresh (D114).
    pub holder_nonce: Option<HolderNonce>,
    /// The holder's signature (§7.5 rule 4).
    pub holder_proof: Option<Signature>,
}

/// The lists are sorted, each entry once (D200).
pub(super) fn ordered(request: &InvokeRequest) -> Result<(), Reason> {
    let rising = |ids: &[ObjectId]| ids.is_sorted_by(|left, right| left < right);
    let ordered = rising(&request.resources) && rising(&request.approval_tokens);
    if ordered { Ok(()) } else { Err(Reason::ObjectListOrder) }
}

/// The part of a request that its id does not cover (D115), kept beside the stored object.
#[derive(Debug, Clone, PartialEq, Eq, Default, Encode, Decode)]
pub struct Presentation {
    /// The approvals that are presented.
    pub approval_tokens: Vec<ObjectId>,
    /// The number of the lease.
    pub lease_seq: Option<u64>,
    /// What makes the proof fresh.
    pub holder_nonce: Option<HolderNonce>,
    /// The holder's signature.
    pub holder_proof: Option<Signature>,
}

impl InvokeRequest {
    /// The request as it is stored and identified (D115), and what is taken out of it.
    #[must_use]
    pub fn split(mut self) -> (Self, Presentation) {
        let presentation = Presentation {
            approval_tokens: core::mem::take(&mut self.approval_tokens),
            lease_seq: self.lease_seq.take(),
            holder_nonce: self.holder_nonce.take(),
            holder_proof: self.holder_proof.take(),
        };
        (self, presentation)
    }

    /// The request with another presentation.
    #[must_use]
    pub fn presented(self, presentation: Presentation) -> Self {
        Self {
            approval_tokens: presentation.approval_tokens,
            lease_seq: presentation.lease_seq,
            holder_nonce: presentation.holder_nonce,
            holder_proof: presentation.holder_proof,
            ..self
        }
    }
}

/// The answer to a request that was executed (§9.5).
///
/// ```cddl
/// invoke-response = { id: tstr, result: any, resource_object_ids: [* bstr .size 32], ? next_cursor: tstr,
///   ? receipt: bstr .size 32 }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[fcp(schema = "fcp.core:InvokeResponse@2.0.0")]
pub struct InvokeResponse {
    /// The caller's name for the request.
    pub id: String,
    /// The operation's output.
    pub result: Value,
    /// The resources that it created or changed.
    pub resource_object_ids: Vec<ObjectId>,
    /// Where to go on, if there is more.
    pub next_cursor: Option<String>,
    /// The receipt, if there was an effect.
    pub receipt: Option<ObjectId>,
}
