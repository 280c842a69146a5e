//! What somebody approves, and whether it is this.

use fcp_audit::freshness::Freshness;
use fcp_caps::capability::ApprovalMode;
use fcp_core::cbor::from_json;
use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::TaintFlags;
use fcp_core::sign::ApproverKey;
use fcp_zones::approval::{ApprovalScope, Elevation, Execution, InputHash};

use crate::helpers::{approved, denied, glob, path_is, provenance, reason};
use crate::mesh::{self, Case, NOW, PRIVATE};

#[test]
fn approvals_of_execution() {
    let needing = |mode: ApprovalMode| {
        let mut case = Case::new("write");
        let rule = case.mesh.operations.get_mut(&case.request.operation).unwrap();
        rule.approval = mode;
        case
    };
    assert_eq!(reason(&needing(ApprovalMode::Policy)), "allow");
    for mode in [ApprovalMode::Interactive, ApprovalMode::ApprovalRequired] {
        let mut case = needing(mode);
        assert_eq!(reason(&case), "approval.required");
        let scope = case.execution();
        let id = case.approve(ApprovalScope::Execution(scope));
        assert_eq!(approved(&case.decide().into_result().unwrap()), [id]);
    }
    // Any approval of this very call will do where the operation says so, and only there.
    for (mode, expected) in
        [(ApprovalMode::ApprovalRequired, "allow"), (ApprovalMode::Interactive, "approval.required")]
    {
        let mut case = needing(mode);
        case.request.provenance.taint = TaintFlags::USER_SUPPLIED;
        case.approve(ApprovalScope::Elevation(case.elevation()));
        assert_eq!(reason(&case), expected);
    }

    let presenting = |change: fn(&mut Execution)| {
        let mut case = needing(ApprovalMode::Interactive);
        let mut scope = case.execution();
        change(&mut scope);
        case.approve(ApprovalScope::Execution(scope));
        reason(&case)
    };
    assert_eq!(presenting(|own| own.connector_id = "example.other".parse().unwrap()), "approval.wrong_operation");
    assert_eq!(presenting(|own| own.method_pattern = glob("w?")), "approval.wrong_operation");
    assert_eq!(presenting(|own| own.method_pattern = glob("w*")), "allow");
    assert_eq!(presenting(|own| own.request_object_id = Some(ObjectId::ZERO)), "approval.wrong_request");
    assert_eq!(presenting(|own| own.input_hash = Some(InputHash::from_bytes([0; 32]))), "approval.wrong_input");
    assert_eq!(presenting(|own| own.request_object_id = None), "approval.unbound");
    assert_eq!(presenting(|own| own.input_constraints = vec![path_is("/other")]), "approval.constraint_failed");
    let unhashed = |own: &mut Execution| {
        own.input_hash = None;
        own.input_constraints = vec![path_is("/notes/a.txt")];
    };
    assert_eq!(presenting(unhashed), "approval.unbound", "risky calls need the hash");

    // A safe operation may be approved beforehand, for inputs of one kind.
    let mut safe = Case::new("read");
    safe.mesh.operations.get_mut(&safe.request.operation).unwrap().approval = ApprovalMode::Interactive;
    let mut scope = safe.execution();
    scope.request_object_id = None;
    unhashed(&mut scope);
    safe.approve(ApprovalScope::Execution(scope));
    assert_eq!(reason(&safe), "allow");
    safe.request.input = from_json(r#"{"path":"/notes/a.txt","follow":true}"#).unwrap();
    assert_eq!(reason(&safe), "approval.uncovered_field");
}

#[test]
fn approvals_by_themselves() {
    let presented = |change: &dyn Fn(&mut Case) -> ObjectId| {
        let mut case = Case::new("write");
        case.mesh.operations.get_mut(&case.request.operation).unwrap().approval = ApprovalMode::Interactive;
        let id = change(&mut case);
        case.request.approval_tokens = vec![id];
        reason(&case)
    };
    let scope = |case: &Case| ApprovalScope::Execution(case.execution());
    assert_eq!(presented(&|_| ObjectId::from_bytes([9; 32])), "approval.missing");
    let revoked = presented(&|case| {
        let id = case.mesh.approved(scope(case));
        case.mesh.revoke(id);
        id
    });
    assert_eq!(revoked, "revocation.approval");
    let expired = presented(&|case| case.mesh.approved_by(scope(case), NOW.saturating_sub(301), &mesh::approver()));
    assert_eq!(expired, "approval.expired");
    let future = presented(&|case| case.mesh.approved_by(scope(case), NOW.saturating_add(121), &mesh::approver()));
    assert_eq!(future, "approval.not_yet_valid");
    let stranger = ApproverKey::from_seed([77; 32]);
    assert_eq!(presented(&|case| case.mesh.approved_by(scope(case), NOW, &stranger)), "sign.bad_signature");
    let unlisted = presented(&|case| {
        let mut terms = mesh::policy_terms(&ZoneId::private(), PRIVATE);
        terms.approvers.clear();
        case.mesh.heads.insert(ZoneId::private(), mesh::heads(&ZoneId::private(), PRIVATE, terms));
        case.mesh.approved(scope(case))
    });
    assert_eq!(unlisted, "approval.not_listed");
    denied("write", "approval.too_many", "more than anybody needs", |case| {
        case.request.approval_tokens = (0..=64).map(|byte| ObjectId::from_bytes([byte; 32])).collect();
    });

    // All are tried: one that fits is enough, whatever else is presented.
    let mut case = Case::new("write");
    case.mesh.operations.get_mut(&case.request.operation).unwrap().approval = ApprovalMode::Interactive;
    let mut other = case.execution();
    other.request_object_id = Some(ObjectId::ZERO);
    case.approve(ApprovalScope::Execution(other));
    case.request.approval_tokens.push(ObjectId::from_bytes([0xff; 32]));
    let fitting = case.approve(ApprovalScope::Execution(case.execution()));
    assert_eq!(approved(&case.decide().into_result().unwrap()), [fitting]);
}

#[test]
fn elevations() {
    let low = || {
        let mut case = Case::new("write");
        case.header.refs = vec![case.mesh.stored(0x56, provenance(30, 90))];
        case.request.provenance = provenance(30, 90);
        case.request.provenance.taint = TaintFlags::USER_SUPPLIED;
        case
    };
    let presenting = |change: fn(&mut Elevation)| {
        let mut case = low();
        let mut scope = case.elevation();
        change(&mut scope);
        case.approve(ApprovalScope::Elevation(scope));
        reason(&case)
    };
    assert_eq!(reason(&low()), "taint.elevation_required");
    assert_eq!(presenting(|_| {}), "allow");
    assert_eq!(presenting(|own| own.operation = "delete".parse().unwrap()), "approval.wrong_operation");
    assert_eq!(presenting(|own| own.original_provenance.integrity_label = 31), "approval.wrong_provenance");
    assert_eq!(presenting(|own| own.target_integrity = 79), "approval.wrong_target");
    assert_eq!(presenting(|own| own.target_integrity = 81), "approval.target_too_high");
    assert_eq!(presenting(|own| own.request_object_id = None), "approval.unbound");
    assert_eq!(presenting(|own| own.input_hash = None), "approval.unbound");
    assert_eq!(presenting(|own| own.request_object_id = Some(ObjectId::ZERO)), "approval.wrong_request");

    // The caller had something better elevated than what it uses.
    let mut flattering = low();
    flattering.request.provenance.integrity_label = 31;
    flattering.approve(ApprovalScope::Elevation(flattering.elevation()));
    assert_eq!(reason(&flattering), "approval.worse_provenance");
}

#[test]
fn a_stale_checkpoint_and_an_approval_in_its_place() {
    let stale = |operation: &str, lax: bool, approve: bool| {
        let mut case = Case::new(operation);
        case.mesh.frontier.as_mut().unwrap().created_at = NOW.saturating_sub(1_000);
        case.mesh.freshness.allow_risky_ops_with_interactive_override = lax;
        if approve {
            case.approve(ApprovalScope::Execution(case.execution()));
        }
        case
    };
    let code = "revocation.stale_frontier";
    for (operation, lax, approve, expected) in [
        ("write", false, true, code),
        ("write", true, false, code),
        ("write", true, true, "allow"),
        ("delete", true, true, code),
        ("read", false, false, "allow"),
    ] {
        assert_eq!(reason(&stale(operation, lax, approve)), expected, "{operation} {lax} {approve}");
    }
    let case = stale("write", true, true);
    let allowed = case.decide().into_result().unwrap();
    let approval = case.request.approval_tokens[0];
    assert_eq!(allowed.freshness(), Freshness::Overridden(approval));
    assert_eq!(approved(&allowed), [approval]);
}
