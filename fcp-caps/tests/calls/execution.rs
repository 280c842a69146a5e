//! From an authorized call to its answer, and what is written down on the way.

use fcp_audit::event::types;
use fcp_caps::authorize::{Authorized, Budget, Reach, reauthorize};
use fcp_caps::capability::{ApprovalMode, IdempotencyClass};
use fcp_caps::execution::{
    Begun, Effect, Execution, HeldLease, OperationIntent, OperationReceipt, Outcome, Prior, Running,
};
use fcp_caps::grant::{CapabilityConstraints, Spent};
use fcp_caps::invoke::{Invoke, InvokeResponse};
use fcp_caps::pop::ReplayCache;
use fcp_core::cbor::from_json;
use fcp_core::decision::Decision;
use fcp_core::id::ObjectId;
use fcp_core::object::{MeshObject as _, Message as _, TaintFlags};
use fcp_core::sign::{Signed as _, Verified};
use fcp_core::time::Timestamp;
use fcp_zones::approval::{ApprovalScope, InputHash};
use fcp_zones::flow::{Labels, Marks, Source};

use crate::mesh::{self, CHECKPOINT, Case, NOW};

const LATER: Timestamp = Timestamp::from_secs(1_700_000_005);

fn lease() -> Option<HeldLease> {
    let id = ObjectId::from_bytes([0x1e; 32]);
    Some(HeldLease { id, seq: 3, expires_at: NOW.saturating_add(60) })
}

fn effect() -> Effect {
    let outcome = Outcome { objects: vec![ObjectId::from_bytes([0x61; 32])], resources: vec![] };
    Effect { output: from_json(r#"{"lines":1}"#).unwrap_or(fcp_core::cbor::Value::Null), outcome, next_cursor: None }
}

mod steps {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "these steps succeed")]

    use super::*;

    pub(super) fn authorized(case: &Case) -> Authorized<Invoke> {
        case.decide().into_result().unwrap()
    }

    pub(super) fn begun(case: &Case, prior: Option<&Prior<'_>>) -> Execution {
        let begun = Execution::begin(authorized(case), prior, &mut ReplayCache::new(8), NOW).into_result().unwrap();
        let Begun::Run(execution) = begun else { panic!("{begun:?}") };
        execution
    }

    pub(super) fn running(case: &Case) -> (Option<Verified<OperationIntent>>, Running) {
        let key = mesh::signing(&mesh::laptop());
        let lease = lease().filter(|_| case.request.operation.as_str() != "read");
        let prepared = begun(case, None).prepare(&case.mesh, lease, &key, LATER).into_result().unwrap();
        let intent = prepared.intent().map(|stored| {
            let opened = stored.open::<OperationIntent>().unwrap();
            opened.verify(&key.public()).unwrap()
        });
        (intent, prepared.stored())
    }

    /// An intent as another attempt stored it.
    pub(super) fn intent_of(request: ObjectId, upstream: Option<&str>) -> Verified<OperationIntent> {
        let key = mesh::signing(&mesh::laptop());
        let (intent, _) = running(&Case::new("write"));
        let mut draft = intent.unwrap().into_inner();
        draft.request_object_id = request;
        draft.upstream_idempotency = upstream.map(Into::into);
        let stored = draft.signed_by(&key).seal(&mesh::key()).unwrap();
        stored.open::<OperationIntent>().unwrap().verify(&key.public()).unwrap()
    }
}
use steps::{authorized, begun, intent_of, running};

#[test]
fn a_risky_call_leaves_its_whole_trail_in_order() {
    let mut case = Case::new("write");
    case.mesh.operations.get_mut(&case.request.operation).unwrap().approval = ApprovalMode::Interactive;
    case.claims.attenuation = Some(CapabilityConstraints::open());
    case.approve(ApprovalScope::Execution(case.execution()));
    let (intent, running) = running(&case);
    let intent = intent.unwrap();
    let request = case.invoke().id();
    assert_eq!((intent.request_object_id, intent.planned_at), (request, LATER));
    assert_eq!((intent.lease(), intent.checkpoint()), (lease().map(|lease| lease.id), Some(CHECKPOINT)));
    assert_eq!((intent.lease_seq, intent.planned_by.clone()), (Some(3), mesh::laptop()));

    assert_eq!((running.operation().as_str(), running.connector()), ("write", &mesh::connector()));
    assert_eq!(running.input(), &case.request.input);
    assert_eq!(running.timeout_secs(LATER), Some(55));
    let budgets = [Budget::Grant(case.claims.grant_object_ids[0]), Budget::Token(case.claims.jti)];
    assert_eq!(running.charges(), budgets.map(|budget| (budget, Spent { calls: 1, bytes: 19 })));

    let key = mesh::signing(&mesh::laptop());
    let finished = running.finish(effect(), &case.mesh, &key, LATER).unwrap();
    let receipt = finished.receipt().unwrap().open::<OperationReceipt>().unwrap().verify(&key.public()).unwrap();
    assert_eq!((receipt.intent(), receipt.request_object_id), (Some(intent.id()), request));
    assert_eq!(
        (&receipt.outcome_object_ids, &receipt.resource_object_ids),
        (&effect().outcome.objects, &effect().outcome.resources)
    );

    let response = InvokeResponse::from_body(finished.stored_response().body()).unwrap();
    assert_eq!((&response, response.receipt), (finished.response(), Some(receipt.id())));
    assert_eq!(response.id, "call-1");

    let events: Vec<_> = finished.events().iter().map(|event| event.event().event_type.as_str()).collect();
    assert_eq!(events, [types::CAPABILITY_INVOKE, types::EXECUTION_APPROVED]);
    let event = finished.events()[0].event();
    assert_eq!(
        (event.request_object_id, event.result_object_id),
        (Some(request), Some(finished.stored_response().id()))
    );
    assert!(event.verify_signature(&key.public()).is_ok());
    assert_eq!(finished.charges(), budgets.map(|budget| (budget, Spent { calls: 0, bytes: 8 })));

    let (bearer, provenance) = finished.delivery();
    let mut marks = Marks::new();
    assert!(marks.deliver(bearer, Source::of(provenance)));
    assert_eq!(Labels::of(marks.get(bearer).unwrap()).confidentiality, mesh::PRIVATE.confidentiality);
}

#[test]
fn a_safe_call_that_may_repeat_leaves_none() {
    let mut case = Case::new("read");
    case.mesh.operations.get_mut(&case.request.operation).unwrap().idempotency = IdempotencyClass::None;
    case.mesh.frontier.as_mut().unwrap().created_at = NOW.saturating_sub(1_000);
    let (intent, running) = running(&case);
    assert_eq!((intent, running.timeout_secs(LATER)), (None, None));
    let finished = running.finish(effect(), &case.mesh, &mesh::signing(&mesh::laptop()), LATER).unwrap();
    assert_eq!((finished.receipt(), finished.response().receipt), (None, None));
    let events: Vec<_> = finished.events().iter().map(|event| event.event().event_type.as_str()).collect();
    assert_eq!(events, [types::REVOCATION_DEGRADED_MODE]);

    // One that is Strict leaves both, under no lease.
    let (intent, running) = steps::running(&Case::new("read"));
    let intent = intent.unwrap();
    assert_eq!((intent.lease(), intent.checkpoint()), (None, Some(CHECKPOINT)));
    let case = Case::new("read");
    let finished = running.finish(effect(), &case.mesh, &mesh::signing(&mesh::laptop()), LATER).unwrap();
    let receipt = finished.receipt().unwrap().open::<OperationReceipt>().unwrap();
    assert_eq!(receipt.claimed().intent(), Some(intent.id()));
}

#[test]
fn a_proof_is_used_up() {
    let case = Case::new("write");
    let mut used = ReplayCache::new(8);
    assert!(Execution::begin(authorized(&case), None, &mut used, NOW).is_allowed());
    let again = Execution::begin(authorized(&case), None, &mut used, NOW);
    assert_eq!(again.reason().code(), "holder_proof.replayed");
    let mut seen = Case::new("write");
    seen.mesh.replay = used;
    assert_eq!(seen.decide().reason().code(), "holder_proof.replayed");
}

#[test]
fn what_was_begun_before() {
    let case = Case::new("write");
    let own = authorized(&case);
    assert_ne!(own.subject(), own.invoke().id());
    let input_hash = *own.invoke().input_hash();
    let other_request = ObjectId::from_bytes([0x0e; 32]);
    let begin = |prior: &Prior<'_>| Execution::begin(authorized(&case), Some(prior), &mut ReplayCache::new(8), NOW);
    let code = |prior: &Prior<'_>| begin(prior).reason().code();

    let (open, named) = (intent_of(other_request, None), intent_of(other_request, Some("pay-7")));
    let mine = intent_of(own.invoke().id(), Some("pay-7"));
    let prior = |intent| Prior { intent, input_hash, receipt: None };
    assert_eq!(code(&prior(&open)), "execution.outcome_unknown");
    assert_eq!(code(&prior(&mine)), "execution.outcome_unknown", "one request has one intent");
    let denial = begin(&prior(&open)).into_result().unwrap_err();
    assert!(denial.evidence.contains(&open.id()));
    let conflict = Prior { input_hash: InputHash::from_bytes([0; 32]), ..prior(&open) };
    assert_eq!(code(&conflict), "idempotency.conflict");

    let resumed = begun(&case, Some(&prior(&named))).known_upstream_as("another name");
    let key = mesh::signing(&mesh::laptop());
    let prepared = resumed.prepare(&case.mesh, lease(), &key, LATER).into_result().unwrap();
    let stored = prepared.intent().unwrap().open::<OperationIntent>().unwrap();
    assert_eq!(stored.claimed().upstream_idempotency.as_deref(), Some("pay-7"));
    assert_eq!(prepared.stored().upstream_idempotency(), Some("pay-7"));

    let mut best_effort = Case::new("write");
    best_effort.mesh.operations.get_mut(&best_effort.request.operation).unwrap().idempotency =
        IdempotencyClass::BestEffort;
    assert_eq!(begun(&best_effort, Some(&prior(&open))).authorized().subject(), own.subject());

    let (_, running) = running(&case);
    let finished = running.finish(effect(), &case.mesh, &key, LATER).unwrap();
    let receipt = finished.receipt().unwrap().open::<OperationReceipt>().unwrap().verify(&key.public()).unwrap();
    let done = Prior { receipt: Some(&receipt), ..prior(&open) };
    assert_eq!(begin(&done).into_result().unwrap(), Begun::Repeated(receipt.id()));
    let done_otherwise = Prior { input_hash: InputHash::from_bytes([0; 32]), ..done };
    assert_eq!(code(&done_otherwise), "idempotency.conflict");
}

#[test]
fn the_last_look_before_the_intent() {
    let key = mesh::signing(&mesh::laptop());
    let case = Case::new("write");
    let prepare =
        |case: &Case, lease, at| begun(&Case::new("write"), None).prepare(&case.mesh, lease, &key, at).reason().code();
    assert_eq!(prepare(&case, lease(), LATER), "allow");
    assert_eq!(prepare(&case, None, LATER), "lease.missing");
    assert_eq!(prepare(&case, lease(), NOW.saturating_add(60)), "allow");
    assert_eq!(prepare(&case, lease(), NOW.saturating_add(61)), "lease.expired");
    let mut revoked = Case::new("write");
    revoked.mesh.revoke(case.claims.grant_object_ids[0]);
    assert_eq!(prepare(&revoked, lease(), LATER), "revocation.grant");
    let allowed = authorized(&case);
    assert_eq!(reauthorize(&revoked.mesh, &allowed, LATER).reason().code(), "revocation.grant");
    let Decision::Deny(denial) = begun(&case, None).prepare(&case.mesh, None, &key, LATER) else { panic!("no lease") };
    assert_eq!(denial.evidence, allowed.evidence());
}

/// What an agent reads outside of the mesh stays with it.
#[test]
fn results_come_from_what_was_read() {
    let read = |outside: bool, taint: Option<TaintFlags>| {
        let mut case = Case::new("read");
        if outside {
            case.mesh.operations.get_mut(&case.request.operation).unwrap().reach = Reach::Outside;
        }
        if let Some(taint) = taint {
            case.request.resources = vec![case.mesh.resource_with("https://web.example/page", 10, taint)];
        }
        let (_, running) = running(&case);
        let finished = running.finish(effect(), &case.mesh, &mesh::signing(&mesh::laptop()), LATER).unwrap();
        let (bearer, provenance) = finished.delivery();
        let mut delete = Case::new("delete");
        assert!(delete.mesh.marks.deliver(bearer, Source::of(provenance)));
        (Labels::of(provenance), delete.decide().reason().code())
    };
    let (labels, code) = read(false, None);
    assert_eq!((labels.integrity, code), (mesh::PRIVATE.integrity, "allow"));
    let (labels, code) = read(true, None);
    assert_eq!((labels.integrity, labels.confidentiality), (0, mesh::PRIVATE.confidentiality));
    assert_eq!(code, "taint.public_input_dangerous", "nobody knows where it came from");
    let (labels, code) = read(true, Some(TaintFlags::UNVERIFIED_LINK));
    assert!(labels.taint.contains(TaintFlags::UNVERIFIED_LINK));
    assert_eq!(code, "taint.elevation_required", "the page has integrity 0");
    let (_, code) = read(true, Some(TaintFlags::PUBLIC_INPUT));
    assert_eq!(code, "taint.public_input_dangerous");

    // What the connector touched counts as well as what the caller named.
    let mut case = Case::new("read");
    let page = case.mesh.resource_with("https://web.example/page", 10, TaintFlags::PUBLIC_INPUT);
    let (_, running) = running(&case);
    let mut touched = effect();
    touched.outcome.resources = vec![page];
    let finished = running.finish(touched, &case.mesh, &mesh::signing(&mesh::laptop()), LATER).unwrap();
    assert!(finished.delivery().1.taint.contains(TaintFlags::PUBLIC_INPUT));
    assert_eq!(finished.response().resource_object_ids, [page]);
}
