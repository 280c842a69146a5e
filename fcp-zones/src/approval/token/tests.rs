use fcp_core::cbor::Value;
use fcp_core::error::Reason;
use fcp_core::glob::Glob;
use fcp_core::id::{ConnectorId, ObjectId, OperationId, ZoneId};
use fcp_core::object::{Message as _, Provenance};
use fcp_core::pointer::JsonPointer;
use fcp_core::sign::{ApproverKey, Signed as _, Unverified, Verified};
use fcp_core::time::Timestamp;

use super::super::{ApprovalScope, ConstraintOp, Declassification, Elevation, Execution, InputConstraint, InputHash};
use super::{ApprovalError, ApprovalTerms, ApprovalToken};
use crate::fixtures::{NOW, ben, heads, levels, object_id_key, owner, principal, received};

fn elevation(target_integrity: u8) -> ApprovalScope {
    ApprovalScope::Elevation(Elevation {
        operation: OperationId::new("files.write").unwrap(),
        original_provenance: Provenance::of_zone(ZoneId::public(), 20, 10, NOW),
        target_integrity,
        request_object_id: None,
        input_hash: None,
    })
}

fn declassification() -> ApprovalScope {
    ApprovalScope::Declassification(Declassification {
        from_zone: ZoneId::work(),
        to_zone: ZoneId::public(),
        object_ids: vec![ObjectId::from_bytes([3; 32])],
        target_confidentiality: 10,
        request_object_id: None,
        input_hash: None,
    })
}

fn execution(constraints: Vec<InputConstraint>, input_hash: Option<InputHash>) -> ApprovalScope {
    ApprovalScope::Execution(Execution {
        connector_id: ConnectorId::new("example.files").unwrap(),
        method_pattern: Glob::new("files.*").unwrap(),
        request_object_id: None,
        input_hash,
        input_constraints: constraints,
    })
}

fn constraint(value: &str) -> InputConstraint {
    InputConstraint {
        json_pointer: JsonPointer::new("/path").unwrap(),
        op: ConstraintOp::Eq,
        value: Value::from(value),
    }
}

fn draft(scope: ApprovalScope, by: &str) -> ApprovalToken {
    ApprovalToken::draft(terms(scope, by)).unwrap()
}

fn terms(scope: ApprovalScope, by: &str) -> ApprovalTerms {
    ApprovalTerms {
        zone_id: ZoneId::work(),
        levels: levels(&ZoneId::work()),
        scope,
        justification: "because".into(),
        approved_by: principal(by),
        approved_at: NOW,
        ttl_secs: 300,
    }
}

fn owner_as_approver() -> ApproverKey {
    ApproverKey::from_seed(*owner().expose_seed())
}

fn opened(token: ApprovalToken, key: &ApproverKey) -> Unverified<ApprovalToken> {
    received(&token.signed_by(key), &object_id_key())
}

fn verify(token: ApprovalToken, key: &ApproverKey, at: Timestamp) -> Result<Verified<ApprovalToken>, ApprovalError> {
    ApprovalToken::verify(opened(token, key), &heads(&ZoneId::work()), &owner().public(), at)
}

fn refused(token: ApprovalToken, key: &ApproverKey) -> &'static str {
    verify(token, key, NOW).unwrap_err().reason().code()
}

#[test]
fn a_listed_approver_signs_for_what_it_is_listed_and_the_owner_for_the_rest() {
    assert!(verify(draft(elevation(60), "user:ben"), &ben(), NOW).is_ok());
    // Listed, so the owner's key is not the approver's.
    assert_eq!(refused(draft(elevation(60), "user:ben"), &owner_as_approver()), "sign.bad_signature");
    // Not listed for this scope: the owner alone.
    assert_eq!(refused(draft(declassification(), "user:ben"), &ben()), "approval.not_listed");
    assert!(verify(draft(declassification(), "user:ben"), &owner_as_approver(), NOW).is_ok());
    // Not listed at all.
    assert_eq!(refused(draft(elevation(60), "user:anna"), &ben()), "approval.not_listed");
    assert!(verify(draft(elevation(60), "user:anna"), &owner_as_approver(), NOW).is_ok());
}

#[test]
fn it_counts_for_its_time_only() {
    let at = |offset: u64| verify(draft(elevation(60), "user:ben"), &ben(), NOW.saturating_add(offset));
    assert!(at(300).is_ok());
    assert_eq!(at(301).unwrap_err().reason().code(), "approval.expired");
    let early = verify(draft(elevation(60), "user:ben"), &ben(), NOW.saturating_sub(121)).unwrap_err();
    assert_eq!(early.reason().code(), "approval.not_yet_valid");
}

#[test]
fn it_counts_in_its_zone_and_not_above_it() {
    let unverified = opened(draft(elevation(60), "user:ben"), &ben());
    let error = ApprovalToken::verify(unverified, &heads(&ZoneId::private()), &owner().public(), NOW).unwrap_err();
    assert_eq!(error.reason().code(), "approval.wrong_zone");
    assert_eq!(refused(draft(elevation(61), "user:ben"), &ben()), "approval.target_too_high");
}

#[test]
fn every_changed_byte_is_refused() {
    for scope in [elevation(60), declassification(), execution(vec![constraint("/a")], None)] {
        let key = owner_as_approver();
        let body = draft(scope, "user:anna").signed_by(&key).to_body();
        for index in 0..body.len() {
            let mut changed = body.clone();
            changed[index] ^= 1;
            let read = ApprovalToken::from_body(&changed);
            assert!(!read.is_ok_and(|token| token.verify_signature(&key.public()).is_ok()), "byte {index}");
        }
    }
}

#[test]
fn execution_is_bound_and_bounded() {
    let refused = |scope| ApprovalToken::draft(terms(scope, "user:ben")).unwrap_err().reason();
    let hash = InputHash::of(&Value::Null);
    assert_eq!(refused(execution(vec![], None)), Reason::ApprovalUnbounded);
    assert!(ApprovalToken::draft(terms(execution(vec![], Some(hash)), "user:ben")).is_ok());
    assert!(ApprovalToken::draft(terms(execution(vec![constraint("/a"); 64], None), "user:ben")).is_ok());
    assert_eq!(refused(execution(vec![constraint("/a"); 65], None)), Reason::ApprovalTooManyConstraints);
    // Three bytes of head and the text.
    assert!(ApprovalToken::draft(terms(execution(vec![constraint(&"a".repeat(4093))], None), "user:ben")).is_ok());
    assert_eq!(refused(execution(vec![constraint(&"a".repeat(4094))], None)), Reason::ApprovalValueTooLarge);
    let mut token = draft(execution(vec![], Some(hash)), "user:ben");
    token.scope = execution(vec![], None);
    assert_eq!(ApprovalToken::from_body(&token.to_body()).unwrap_err().reason(), Reason::ApprovalUnbounded);
}

#[test]
fn scopes_have_their_names_on_the_wire() {
    let encoded = fcp_core::cbor::encode(&declassification());
    assert_eq!(encoded.first(), Some(&0xa1));
    assert_eq!(encoded.get(1..18), Some(&b"\x70declassification"[..]));
}
