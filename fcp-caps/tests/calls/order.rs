//! The decision as a whole: what is allowed, in which order, again, and on record.

use fcp_audit::decision::DecisionReceipt;
use fcp_caps::authorize::{draft_receipt, reauthorize};
use fcp_caps::capability::{ApprovalMode, IdempotencyClass};
use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, ZoneId};
use fcp_core::object::MeshObject as _;
use fcp_core::sign::Signed as _;
use fcp_zones::approval::ApprovalScope;

use crate::helpers::{asked_by_the_public, glob, provenance, reason};
use crate::mesh::{self, BINARY, CHECKPOINT, Case, Mesh, NOW, OPERATIONS, PRIVATE};

#[test]
fn what_is_in_order_is_allowed() {
    for (operation, _) in &OPERATIONS[..3] {
        let case = Case::new(operation);
        let allowed = case.decide().into_result().unwrap();
        assert_eq!(allowed.grant(), case.claims.grant_object_ids[0]);
        assert!(allowed.evidence().is_sorted_by(|left, right| left < right));
        let private = &case.mesh.heads[&ZoneId::private()];
        let attested = |node| case.mesh.trust.current(&node, &case.mesh.revocations, NOW).unwrap().id();
        for id in [
            allowed.token().id(),
            allowed.grant(),
            CHECKPOINT,
            private.policy().id(),
            private.definition().id(),
            attested(mesh::laptop()),
            attested(mesh::phone()),
        ] {
            assert!(allowed.evidence().contains(&id), "{operation} {id}");
        }
        assert_eq!(allowed.decided_at(), NOW);
        assert_eq!(allowed.bearer().holder_node, Some(mesh::phone()));
    }
}

#[test]
fn idempotency_keys() {
    let keyless = |operation: &str, class: IdempotencyClass| {
        let mut case = Case::new(operation);
        case.request.idempotency_key = None;
        case.mesh.operations.get_mut(&case.request.operation).unwrap().idempotency = class;
        reason(&case)
    };
    let code = "idempotency.key_required";
    for (operation, class, expected) in [
        ("read", IdempotencyClass::Strict, "allow"),
        ("write", IdempotencyClass::Strict, code),
        ("write", IdempotencyClass::None, code),
        ("write", IdempotencyClass::BestEffort, "allow"),
        ("delete", IdempotencyClass::BestEffort, code),
        ("delete", IdempotencyClass::Strict, code),
    ] {
        assert_eq!(keyless(operation, class), expected, "{operation} {class:?}");
    }
}

/// The order of D131: of two faults the earlier one is reported.
#[test]
fn the_first_failure_is_the_reason() {
    type Break = (&'static str, fn(&mut Case));
    let in_order: [Break; 9] = [
        ("token.aud_mismatch", |case| case.claims.aud = ConnectorId::new("example.other").unwrap()),
        ("revocation.binary", |case| case.mesh.revoke(BINARY)),
        ("revocation.stale_frontier", |case| {
            case.mesh.frontier.as_mut().unwrap().created_at = NOW.saturating_sub(301);
        }),
        ("holder_proof.missing", |case| case.holder = None),
        ("grant.missing", |case| case.mesh.grants.clear()),
        ("zone_policy.capability_denied", |case| {
            let mut terms = mesh::policy_terms(&ZoneId::private(), PRIVATE);
            terms.policy.cap_deny = vec![glob("files.*")];
            case.mesh.heads.insert(ZoneId::private(), mesh::heads(&ZoneId::private(), PRIVATE, terms));
        }),
        ("taint.elevation_required", |case| {
            case.header.refs = vec![case.mesh.stored(0x56, provenance(0, 90))];
        }),
        ("crossing.declassification_required", |case| case.request.provenance.confidentiality_label = 91),
        ("idempotency.key_required", |case| case.request.idempotency_key = None),
    ];
    for first in 0..in_order.len() {
        let mut case = Case::new("write");
        for (_, break_it) in in_order[first..].iter().rev() {
            break_it(&mut case);
        }
        assert_eq!(reason(&case), in_order[first].0);
    }
}

#[test]
fn it_is_decided_again_before_the_effect() {
    let later = NOW.saturating_add(60);
    let mut case = Case::new("write");
    case.mesh.operations.get_mut(&case.request.operation).unwrap().approval = ApprovalMode::Interactive;
    let approval = case.approve(ApprovalScope::Execution(case.execution()));
    let allowed = case.decide().into_result().unwrap();
    let confirmed = reauthorize(&case.mesh, &allowed, later).into_result().unwrap();
    assert_eq!((confirmed.request(), confirmed.checkpoint()), (allowed.invoke().id(), Some(CHECKPOINT)));
    assert_eq!(confirmed.at(), later);

    let again = |change: &dyn Fn(&mut Mesh), at| {
        let mut case = Case::new("write");
        case.mesh.operations.get_mut(&case.request.operation).unwrap().approval = ApprovalMode::Interactive;
        case.approve(ApprovalScope::Execution(case.execution()));
        let allowed = case.decide().into_result().unwrap();
        change(&mut case.mesh);
        reauthorize(&case.mesh, &allowed, at).reason().code()
    };
    let grant = allowed.grant();
    assert_eq!(again(&|_| {}, later), "allow");
    assert_eq!(again(&|_| {}, NOW.saturating_add(421)), "token.expired");
    assert_eq!(again(&|_| {}, NOW.saturating_add(271)), "revocation.stale_frontier");
    assert_eq!(again(&|mesh| mesh.revoke(grant), later), "revocation.grant");
    assert_eq!(again(&|mesh| mesh.grants.clear(), later), "grant.missing");
    assert_eq!(again(&|mesh| mesh.revoke(approval), later), "revocation.approval");
    assert_eq!(again(&|mesh| mesh.binary = None, later), "token.binary_mismatch");
    let denying = |mesh: &mut Mesh| {
        let mut terms = mesh::policy_terms(&ZoneId::private(), PRIVATE);
        terms.policy.cap_deny = vec![glob("files.*")];
        mesh.heads.insert(ZoneId::private(), mesh::heads(&ZoneId::private(), PRIVATE, terms));
    };
    assert_eq!(again(&denying, later), "zone_policy.capability_denied");
    let unlisting = |mesh: &mut Mesh| {
        let mut terms = mesh::policy_terms(&ZoneId::private(), PRIVATE);
        terms.approvers.clear();
        mesh.heads.insert(ZoneId::private(), mesh::heads(&ZoneId::private(), PRIVATE, terms));
    };
    assert_eq!(again(&unlisting, later), "approval.not_listed");
    let unfreshen = |mesh: &mut Mesh| {
        let frontier = mesh.frontier.as_mut().unwrap();
        frontier.created_at = later;
    };
    // With a newer checkpoint the approval is what ends first.
    assert_eq!(again(&unfreshen, NOW.saturating_add(301)), "approval.expired");
}

#[test]
fn every_decision_becomes_a_receipt() {
    let (case, message) = asked_by_the_public();
    let request = case.invoke().id();
    let decision = case.decide();
    let receipt = draft_receipt(&case.mesh, &ZoneId::private(), request, &decision, NOW);
    assert_eq!(receipt.reason(), Some(Reason::TaintPublicInputDangerous));
    assert_eq!((receipt.request_object_id, receipt.decided_at), (request, NOW));
    assert_eq!(receipt.decided_by, mesh::laptop());
    assert!(receipt.evidence().contains(&message));
    let signed = receipt.signed_by(&mesh::signing(&mesh::laptop()));
    let stored = signed.seal(&mesh::key()).unwrap();
    let opened = stored.open::<DecisionReceipt>().unwrap();
    assert!(opened.verify(&mesh::signing(&mesh::laptop()).public()).is_ok());

    let allowed = Case::new("write");
    let decision = allowed.decide();
    let receipt = draft_receipt(&allowed.mesh, &ZoneId::private(), allowed.invoke().id(), &decision, NOW);
    assert_eq!(receipt.reason(), Some(Reason::Allow));
    assert_eq!(receipt.evidence(), decision.into_result().unwrap().evidence());
}
