//! The end: receipt, answer and audit events, in this order (§9.5, §23.3, §23.4).

use alloc::string::String;
use alloc::vec::Vec;

use fcp_audit::event::{AuditEvent, EventDetails, SignedEvent, types};
use fcp_audit::freshness::Freshness;
use fcp_core::cbor::{self, Value};
use fcp_core::id::ObjectId;
use fcp_core::object::{
    ControlPlaneObject, MeshObject as _, ObjectError, ObjectHeader, Provenance, StoredObject, TaintFlags,
};
use fcp_core::safety::SafetyTier;
use fcp_core::sign::{NodeSigningKey, Signed as _};
use fcp_core::time::Timestamp;
use fcp_zones::flow::{Bearer, Labels};
use fcp_zones::policy::ApproverScope;
use fcp_zones::zone::Levels;

use super::prepare::{charges, leaves_a_trail, own_words};
use super::{OperationReceipt, Outcome, Running};
use crate::authorize::{Authorized, Budget, Reach, View};
use crate::grant::Spent;
use crate::invoke::{Invoke, InvokeResponse};

/// What the connector gave back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The operation's output.
    pub output: Value,
    /// The objects and resources that came of it.
    pub outcome: Outcome,
    /// Where to go on, if there is more.
    pub next_cursor: Option<String>,
}

/// An executed operation: what has to be written now, in the order of the methods.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "receipt, answer and events have to be written"]
pub struct Finished {
    receipt: Option<StoredObject>,
    response: InvokeResponse,
    stored_response: StoredObject,
    events: Vec<SignedEvent>,
    bearer: Bearer,
    provenance: Provenance,
    charges: Vec<(Budget, Spent)>,
}

impl Running {
    /// Ends an execution whose effect happened.
    ///
    /// An effect that fails without anybody knowing how far it came is not ended like this: its intent stays without a
    /// receipt, and says so (D146).
    ///
    /// # Errors
    /// [`ObjectError`] if what came of it makes no receipt.
    pub fn finish(
        self,
        effect: Effect,
        view: &impl View,
        key: &NodeSigningKey,
        now: Timestamp,
    ) -> Result<Finished, ObjectError> {
        let Self { authorized, intent, .. } = self;
        let request = authorized.invoke().request();
        let node = view.node();
        let ids = view.object_id_key(&request.zone_id, now).ok_or(ObjectError::ZoneMismatch)?;
        let words = own_words(view, &authorized, now);
        let resources = effect.outcome.resources.clone();

        let receipt = if leaves_a_trail(authorized.rule()) {
            let idempotency_key = request.idempotency_key.clone();
            let id = authorized.invoke().id();
            let draft =
                OperationReceipt::draft(words.clone(), id, idempotency_key, intent, effect.outcome, node.clone());
            Some(draft.signed_by(key).seal(ids)?)
        } else {
            None
        };
        let bytes = u64::try_from(cbor::encode(&effect.output).len()).unwrap_or(u64::MAX);
        let response = InvokeResponse {
            id: request.id.clone(),
            result: effect.output,
            resource_object_ids: resources,
            next_cursor: effect.next_cursor,
            receipt: receipt.as_ref().map(StoredObject::id),
        };
        let provenance = of_result(&authorized, view, &response.resource_object_ids, now);
        let header = ObjectHeader::for_type::<InvokeResponse>(provenance.clone());
        let stored_response = ControlPlaneObject::new(header, &response).into_stored(ids);
        let events = events(&authorized, stored_response.id(), now)
            .into_iter()
            .map(|details| SignedEvent::sign(AuditEvent::draft(words.clone(), details), node.clone(), key))
            .collect();
        let charges = charges(&authorized, Spent { calls: 0, bytes });
        let bearer = authorized.bearer().clone();
        Ok(Finished { receipt, response, stored_response, events, bearer, provenance, charges })
    }
}

/// Where a result comes from (§6.1, D100, D104): from where the request came, and from each resource that it names or
/// touched. What an operation brings in from outside without naming a resource, anybody may have written.
fn of_result(authorized: &Authorized<Invoke>, view: &impl View, touched: &[ObjectId], now: Timestamp) -> Provenance {
    const UNKNOWN: Labels = Labels { integrity: 0, confidentiality: 0, taint: TaintFlags::PUBLIC_INPUT };
    let resources = || authorized.invoke().request().resources.iter().chain(touched);
    let classified = resources().map(|id| {
        view.resource(id).map_or(UNKNOWN, |resource| {
            let Levels { integrity, confidentiality } = resource.levels();
            Labels { integrity, confidentiality, taint: resource.resource_taint }
        })
    });
    let unnamed = authorized.rule().reach == Reach::Outside && resources().next().is_none();
    let own = Labels::of(authorized.provenance());
    let labels = classified.chain(unnamed.then_some(UNKNOWN)).fold(own, Labels::join);
    Provenance {
        integrity_label: labels.integrity,
        confidentiality_label: labels.confidentiality,
        taint: labels.taint,
        created_at: now,
        ..authorized.provenance().clone()
    }
}

/// What is recorded (§23.3): the use of anything above Safe, each approval that it needed, and degraded freshness.
fn events(authorized: &Authorized<Invoke>, result: ObjectId, now: Timestamp) -> Vec<EventDetails> {
    let (invoke, claims) = (authorized.invoke(), authorized.token().claims());
    let request = invoke.request();
    // Without a trace, everything about one request is tied together by the beginning of its id.
    let correlation = invoke.id().as_bytes().first_chunk().copied().unwrap_or_default();
    let correlation_id = request.trace_context.map_or(correlation, |trace| trace.trace_id);
    let event = |event_type: &str, result_object_id: Option<ObjectId>| EventDetails {
        trace_context: request.trace_context,
        connector_id: Some(request.connector_id.clone()),
        operation: Some(request.operation.clone()),
        capability_token_jti: Some(claims.jti),
        request_object_id: Some(invoke.id()),
        result_object_id,
        ..EventDetails::new(event_type, claims.sub.clone(), correlation_id, now)
    };
    let mut events = Vec::new();
    if authorized.rule().tier > SafetyTier::Safe {
        events.push(event(types::CAPABILITY_INVOKE, Some(result)));
    }
    for approval in authorized.approvals() {
        events.push(event(
            match approval.scope {
                ApproverScope::Declassification => types::DECLASSIFICATION_GRANTED,
                ApproverScope::Elevation => types::ELEVATION_GRANTED,
                ApproverScope::Execution => types::EXECUTION_APPROVED,
            },
            None,
        ));
    }
    if authorized.freshness() == Freshness::Degraded {
        events.push(event(types::REVOCATION_DEGRADED_MODE, None));
    }
    events
}

impl Finished {
    /// The receipt to store first.
    #[must_use]
    pub const fn receipt(&self) -> Option<&StoredObject> {
        self.receipt.as_ref()
    }

    /// The answer as an object, to store next.
    #[must_use]
    pub const fn stored_response(&self) -> &StoredObject {
        &self.stored_response
    }

    /// The audit events to queue for sequencing.
    #[must_use]
    pub fn events(&self) -> &[SignedEvent] {
        &self.events
    }

    /// To whom the answer goes and where it comes from: noted in the marks before it goes out (D100).
    #[must_use]
    pub const fn delivery(&self) -> (&Bearer, &Provenance) {
        (&self.bearer, &self.provenance)
    }

    /// What is charged in addition to the start: the result's bytes (D122).
    #[must_use]
    pub fn charges(&self) -> &[(Budget, Spent)] {
        &self.charges
    }

    /// The answer to send last.
    #[must_use]
    pub const fn response(&self) -> &InvokeResponse {
        &self.response
    }
}
