//! The event as an object.

use alloc::string::String;

use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, Jti, NodeId, ObjectId, OperationId, PrincipalId, ZoneId};
use fcp_core::object::{MeshObject, ObjectHeader, Provenance};
use fcp_core::sign::{NodeSigningPublicKey, Signature, Signed as _, Unverified, Verified, VerifyingKey as _};
use fcp_core::time::Timestamp;

use super::TraceContext;
use crate::AttestedKeys;

/// One thing that happened in a zone, signed by the node that executed it (§23.4).
///
/// ```text
/// audit-event = { header, correlation_id: bstr .size 16, ? trace_context: trace-context, event_type: tstr, actor: tstr,
///   zone_id: tstr, ? connector_id: tstr, ? operation: tstr, ? capability_token_jti: bstr .size 16,
///   ? request_object_id: bstr .size 32, ? result_object_id: bstr .size 32, ? prev: bstr .size 32, seq: uint,
///   occurred_at: uint, signature: bstr .size 64 }
/// ```
///
/// The signature covers everything but itself, `prev` and `seq` (D185). An event with `seq` 0 has no place yet and
/// stands only in an [`AuditSubmission`](super::AuditSubmission), never in a chain.
#[derive(Debug, Clone, PartialEq, Eq, MeshObject)]
#[fcp(schema = "fcp.core:AuditEvent@2.0.0", signer = NodeSigningPublicKey, check = linked)]
pub struct AuditEvent {
    /// The header; its refs are the request and the result (G8).
    pub header: ObjectHeader,
    /// What ties together everything about one request.
    pub correlation_id: [u8; 16],
    /// The request's trace context, if it had one.
    pub trace_context: Option<TraceContext>,
    /// What kind of event: one of [`types`](super::types), or another.
    pub event_type: String,
    /// Who caused it.
    pub actor: PrincipalId,
    /// The zone where it happened.
    pub zone_id: ZoneId,
    /// The connector, if one took part.
    pub connector_id: Option<ConnectorId>,
    /// The operation, if there was one.
    pub operation: Option<OperationId>,
    /// The token that was used, if one was.
    pub capability_token_jti: Option<Jti>,
    /// The request, if there was one.
    #[fcp(strong)]
    pub request_object_id: Option<ObjectId>,
    /// The result, if there was one.
    #[fcp(strong)]
    pub result_object_id: Option<ObjectId>,
    #[fcp(unsigned)]
    prev: Option<ObjectId>,
    #[fcp(unsigned)]
    seq: u64,
    /// When it happened.
    pub occurred_at: Timestamp,
    #[fcp(signature)]
    signature: Signature,
}

fn linked(event: &AuditEvent) -> Result<(), Reason> {
    // The first event, and one without a place, has nothing before it; every other has.
    if event.prev.is_some() == (event.seq > 1) { Ok(()) } else { Err(Reason::AuditBadSequence) }
}

/// What an event says, beside who signed it and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDetails {
    /// What ties together everything about one request.
    pub correlation_id: [u8; 16],
    /// The request's trace context, if it had one.
    pub trace_context: Option<TraceContext>,
    /// What kind of event.
    pub event_type: String,
    /// Who caused it.
    pub actor: PrincipalId,
    /// The connector, if one took part.
    pub connector_id: Option<ConnectorId>,
    /// The operation, if there was one.
    pub operation: Option<OperationId>,
    /// The token that was used, if one was.
    pub capability_token_jti: Option<Jti>,
    /// The request, if there was one.
    pub request_object_id: Option<ObjectId>,
    /// The result, if there was one.
    pub result_object_id: Option<ObjectId>,
    /// When it happened.
    pub occurred_at: Timestamp,
}

impl EventDetails {
    /// An event of this type by `actor`, without anything optional.
    #[must_use]
    pub fn new(event_type: impl Into<String>, actor: PrincipalId, correlation_id: [u8; 16], at: Timestamp) -> Self {
        Self {
            correlation_id,
            trace_context: None,
            event_type: event_type.into(),
            actor,
            connector_id: None,
            operation: None,
            capability_token_jti: None,
            request_object_id: None,
            result_object_id: None,
            occurred_at: at,
        }
    }
}

/// A verified event, with the node that executed and signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SequencedEvent {
    /// The event.
    pub event: Verified<AuditEvent>,
    /// The node.
    pub executed_by: NodeId,
}

/// No node that was attested when the event occurred signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no node that was attested then signed the event")]
pub struct UnknownExecutor;

impl UnknownExecutor {
    /// The stable reason code (D189).
    #[must_use]
    pub const fn reason(self) -> Reason {
        Reason::AuditBadSignature
    }
}

impl AuditEvent {
    /// Finds the node that signed the event: of the keys that counted when it occurred, the one that verifies. `likely`
    /// is tried first.
    ///
    /// # Errors
    /// [`UnknownExecutor`] if none does.
    pub fn verify(
        received: Unverified<Self>,
        keys: &AttestedKeys<'_>,
        likely: Option<&NodeId>,
    ) -> Result<SequencedEvent, UnknownExecutor> {
        let mut signer = None;
        let event = received.verify_with(|event| {
            signer = event.executor(keys, likely);
            if signer.is_some() { Ok(()) } else { Err(UnknownExecutor) }
        })?;
        let executed_by = signer.ok_or(UnknownExecutor)?;
        Ok(SequencedEvent { event, executed_by })
    }

    fn executor(&self, keys: &AttestedKeys<'_>, likely: Option<&NodeId>) -> Option<NodeId> {
        let preimage = self.preimage();
        let signed = |key: NodeSigningPublicKey| key.verify(&preimage, &self.signature).is_ok();
        if let Some(node) = likely
            && keys.of(node, self.occurred_at).any(|attestation| signed(attestation.keys().signing))
        {
            return Some(node.clone());
        }
        keys.all(self.occurred_at)
            .find(|(node, key)| Some(*node) != likely && signed(*key))
            .map(|(node, _)| node.clone())
    }

    /// A draft for the executing node to sign, in the zone of `provenance`, without a place in the chain.
    #[must_use]
    pub fn draft(provenance: Provenance, details: EventDetails) -> Self {
        // The same object as request and result is named twice but referenced once; G8 wants exactly the fields, so
        // such a result is left out.
        let result = details.result_object_id.filter(|result| details.request_object_id != Some(*result));
        let refs = details.request_object_id.into_iter().chain(result).filter(|id| !id.is_zero()).collect();
        let header = ObjectHeader::for_type::<Self>(provenance).with_refs(refs);
        Self {
            zone_id: header.zone_id.clone(),
            header,
            correlation_id: details.correlation_id,
            trace_context: details.trace_context,
            event_type: details.event_type,
            actor: details.actor,
            connector_id: details.connector_id,
            operation: details.operation,
            capability_token_jti: details.capability_token_jti,
            request_object_id: details.request_object_id,
            result_object_id: result,
            prev: None,
            seq: 0,
            occurred_at: details.occurred_at,
            signature: Signature::ABSENT,
        }
    }

    /// The event before this one.
    #[must_use]
    pub const fn prev(&self) -> Option<ObjectId> {
        self.prev
    }

    /// The event's place in the chain, from 1; 0 if it has none yet.
    #[must_use]
    pub const fn seq(&self) -> u64 {
        self.seq
    }

    /// The same event at the place behind `prev`.
    #[must_use]
    pub(crate) fn placed(mut self, prev: Option<ObjectId>, seq: u64) -> Self {
        self.prev = prev;
        self.seq = seq;
        self
    }
}
