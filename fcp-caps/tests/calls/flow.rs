//! Where data comes from and where it goes, with the two demos.

use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::{Provenance, TaintFlags, TaintReduction};
use fcp_zones::approval::{ApprovalScope, Declassification};
use fcp_zones::flow::{Bearer, Client, Ingress, Source};

use crate::helpers::{approved, asked_by_the_public, denied, provenance, public_input, reason, stated};
use crate::mesh::{self, Case, NOW, PRIVATE};

/// First demo: what a stranger wrote deletes nothing, whoever vouches for it.
#[test]
fn a_public_message_deletes_nothing() {
    let (mut case, message) = asked_by_the_public();
    let denial = case.decide().into_result().unwrap_err();
    assert_eq!(denial.reason.code(), "taint.public_input_dangerous");
    assert!(denial.evidence.contains(&message));
    case.request.provenance = stated();
    case.approve(ApprovalScope::Elevation(case.elevation()));
    assert_eq!(reason(&case), "taint.public_input_dangerous", "an elevation clears no taint");

    // Not naming the message does not help an agent to which it was delivered, and pasting it neither.
    let mut silent = Case::new("delete");
    let bearer =
        Bearer { zone: ZoneId::private(), sub: mesh::principal("agent:helper"), holder_node: Some(mesh::phone()) };
    assert!(silent.mesh.marks.deliver(&bearer, Source::of(&public_input())));
    assert_eq!(reason(&silent), "taint.public_input_dangerous");
    silent.mesh.client = Client::Person;
    assert_eq!(reason(&silent), "allow", "a person's own client is only what it references");
    silent.mesh.ingress = Ingress::Public;
    assert_eq!(reason(&silent), "taint.public_input_dangerous");
    // The request's own word may only make it worse.
    let mut honest = Case::new("delete");
    honest.request.provenance.taint = TaintFlags::PUBLIC_INPUT;
    assert_eq!(reason(&honest), "taint.public_input_dangerous");
    let (mut lying, _) = asked_by_the_public();
    lying.request.provenance.integrity_label = 255;
    assert_eq!(reason(&lying), "taint.public_input_dangerous");
}

/// Second demo: after a sanitizer looked at the message, and somebody vouched for what is left, it may.
#[test]
fn a_sanitized_and_vouched_for_message_may() {
    let (mut case, message) = asked_by_the_public();
    let receipt = case.mesh.sanitized(message, TaintFlags::PUBLIC_INPUT);
    let reduction = TaintReduction { clears: TaintFlags::PUBLIC_INPUT, by_receipt: receipt, applied_at: NOW };
    case.request.provenance = Provenance { taint_reductions: vec![reduction], ..stated() };
    let denial = case.decide().into_result().unwrap_err();
    assert_eq!(denial.reason.code(), "taint.elevation_required", "its integrity is still that of z:public");
    assert!(denial.evidence.contains(&receipt));

    let elevation = case.approve(ApprovalScope::Elevation(case.elevation()));
    let allowed = case.decide().into_result().unwrap();
    assert_eq!(approved(&allowed), [elevation]);
    assert!(allowed.evidence().contains(&receipt) && allowed.evidence().contains(&elevation));
    assert_eq!(allowed.provenance().integrity_label, 20, "what comes of it is trusted no more than what went in");
    assert!(!allowed.provenance().taint.contains(TaintFlags::PUBLIC_INPUT));

    // Without the receipt's weight everything is as before.
    let broken: [fn(&mut Case, ObjectId); 4] = [
        |case, _| case.mesh.receipts.clear(),
        |case, receipt| case.mesh.revoke(receipt),
        |case, _| case.mesh.sanitizes = TaintFlags::UNVERIFIED_LINK,
        |case, _| case.header.foreign_refs.push(case.mesh.stored(0x92, public_input())),
    ];
    for (index, break_it) in broken.into_iter().enumerate() {
        let (mut case, message) = asked_by_the_public();
        let receipt = case.mesh.sanitized(message, TaintFlags::PUBLIC_INPUT);
        let reduction = TaintReduction { clears: TaintFlags::PUBLIC_INPUT, by_receipt: receipt, applied_at: NOW };
        case.request.provenance = Provenance { taint_reductions: vec![reduction], ..stated() };
        break_it(&mut case, receipt);
        assert_eq!(reason(&case), "taint.public_input_dangerous", "{index}");
    }
}

#[test]
fn tier_and_integrity() {
    assert_eq!(reason(&Case::new("explode")), "taint.forbidden_tier");
    denied("write", "provenance.unknown_input", "nobody knows the input", |case| {
        case.header.refs = vec![ObjectId::from_bytes([0x55; 32])];
    });
    denied("write", "taint.elevation_required", "input of low integrity, without any taint", |case| {
        case.header.refs = vec![case.mesh.stored(0x56, provenance(79, 90))];
    });
    denied("read", "allow", "a safe call", |case| {
        case.header.refs = vec![case.mesh.stored(0x56, provenance(0, 90))];
    });
}

#[test]
fn secrets_stay_where_they_are() {
    let wanting = "crossing.declassification_required";
    // Into the zone: an input that is more secret than the zone.
    let secret = || {
        let mut case = Case::new("write");
        let mut owned = Provenance::of_zone(ZoneId::owner(), 100, 100, NOW);
        owned.current_zone = ZoneId::owner();
        let id = case.mesh.stored(0x71, owned);
        case.header.foreign_refs = vec![id];
        (case, id)
    };
    let (mut case, id) = secret();
    assert_eq!(reason(&case), wanting);
    let scope = Declassification {
        from_zone: ZoneId::owner(),
        ..case.declassification(&ZoneId::private(), PRIVATE.confidentiality, &[id])
    };
    let approval = case.approve(ApprovalScope::Declassification(scope.clone()));
    let allowed = case.decide().into_result().unwrap();
    assert_eq!(approved(&allowed), [approval]);
    assert_eq!(allowed.provenance().confidentiality_label, PRIVATE.confidentiality);
    assert_eq!(allowed.provenance().label_adjustments.len(), 1);
    for (wrong, expected) in [
        (Declassification { from_zone: ZoneId::private(), ..scope.clone() }, "approval.wrong_target"),
        (Declassification { to_zone: ZoneId::public(), ..scope.clone() }, "approval.wrong_target"),
        (Declassification { target_confidentiality: 89, ..scope.clone() }, "approval.wrong_target"),
        (Declassification { object_ids: vec![ObjectId::ZERO], ..scope.clone() }, "approval.wrong_objects"),
        (Declassification { request_object_id: None, ..scope.clone() }, "approval.unbound"),
        (Declassification { input_hash: None, ..scope }, "approval.unbound"),
    ] {
        let (mut case, _) = secret();
        case.approve(ApprovalScope::Declassification(wrong));
        assert_eq!(reason(&case), expected);
    }
    // A safe call is no way around it: its request is stored in the zone.
    let mut read = Case::new("read");
    read.request.provenance.confidentiality_label = 91;
    assert_eq!(reason(&read), wanting);
}

#[test]
fn secrets_leave_the_mesh_by_declassification_only() {
    let wanting = "crossing.declassification_required";
    let publish = |level: Option<u8>| {
        let mut case = Case::new("publish");
        case.request.resources =
            level.map(|level| case.mesh.resource("https://chat.example/room", level)).into_iter().collect();
        case
    };
    assert_eq!(reason(&publish(Some(PRIVATE.confidentiality))), "allow");
    assert_eq!(reason(&publish(Some(89))), wanting);
    assert_eq!(reason(&publish(None)), wanting, "nobody knows where it goes");

    let mut room = publish(Some(10));
    let id = room.request.resources[0];
    room.approve(ApprovalScope::Declassification(room.declassification(&ZoneId::private(), 10, &[id])));
    assert_eq!(reason(&room), "allow");
    let mut other = publish(Some(10));
    other.approve(ApprovalScope::Declassification(other.declassification(&ZoneId::private(), 10, &[])));
    assert_eq!(reason(&other), "approval.wrong_target", "the approval does not name the room");
    let mut unknown = publish(None);
    unknown.approve(ApprovalScope::Declassification(unknown.declassification(&ZoneId::private(), 0, &[])));
    assert_eq!(reason(&unknown), "allow");
}

#[test]
fn a_request_names_a_bounded_number_of_inputs() {
    let many = |count: u16| {
        let mut case = Case::new("read");
        for number in 0..count {
            let [high, low] = number.to_be_bytes();
            let mut bytes = [0x44; 32];
            bytes[..2].copy_from_slice(&[high, low]);
            let id = ObjectId::from_bytes(bytes);
            case.mesh.provenances.insert(id, provenance(80, 90));
            case.header.refs.push(id);
        }
        reason(&case)
    };
    assert_eq!(many(1_024), "allow");
    assert_eq!(many(1_025), "provenance.too_many_inputs");
}

/// An approval for one secret lets no other one through with it.
#[test]
fn what_an_agent_remembers_is_declassified_by_itself() {
    let remembering = |level: u8| {
        let mut case = Case::new("write");
        let bearer =
            Bearer { zone: ZoneId::private(), sub: mesh::principal("agent:helper"), holder_node: Some(mesh::phone()) };
        assert!(case.mesh.marks.deliver(&bearer, Source::of(&provenance(80, level))));
        let id = case.mesh.stored(0x71, Provenance::of_zone(ZoneId::owner(), 100, 100, NOW));
        case.header.foreign_refs = vec![id];
        let whole = case.declassification(&ZoneId::private(), PRIVATE.confidentiality, &[id]);
        let scope = Declassification { from_zone: ZoneId::owner(), object_ids: vec![id], ..whole.clone() };
        case.approve(ApprovalScope::Declassification(scope));
        (case, whole)
    };
    assert_eq!(reason(&remembering(90).0), "allow");
    let (mut case, whole) = remembering(95);
    assert_eq!(reason(&case), "approval.wrong_target", "the approval is for what leaves z:owner");
    case.approve(ApprovalScope::Declassification(whole));
    assert_eq!(reason(&case), "allow");
}
