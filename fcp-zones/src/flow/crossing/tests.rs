use fcp_core::decision::Decision;
use fcp_core::id::{ObjectId, OperationId, ZoneId};
use fcp_core::object::{LabelAdjustment, Provenance};
use fcp_core::sign::Verified;
use fcp_core::time::Timestamp;

use super::super::{Evidence, Labels, NoEvidence, SanitizerReceipt};
use super::{Crossing, cross};
use crate::approval::{ApprovalScope, ApprovalToken, Declassification, Elevation};
use crate::fixtures::{NOW, approval, directory, levels};
use crate::zone::ZoneDirectory;

struct Held<'a>(&'a [&'a Verified<ApprovalToken>]);

impl Evidence for Held<'_> {
    fn approval(&self, id: &ObjectId) -> Option<&Verified<ApprovalToken>> {
        self.0.iter().copied().find(|approval| approval.id() == *id)
    }

    fn receipt(&self, _: &ObjectId) -> Option<&Verified<SanitizerReceipt>> {
        None
    }
}

const OBJECT: ObjectId = ObjectId::from_bytes([0x44; 32]);

fn data(zone: &ZoneId) -> Provenance {
    Provenance::of_zone(zone.clone(), levels(zone).integrity, levels(zone).confidentiality, NOW)
}

fn send(
    provenance: &Provenance,
    to: &ZoneId,
    zones: &ZoneDirectory,
    approvals: &[&Verified<ApprovalToken>],
    at: Timestamp,
) -> Decision<Provenance> {
    let operation = OperationId::new("files.copy").unwrap();
    let crossing = Crossing { object: OBJECT, provenance, operation: &operation, to, at };
    cross(&crossing, zones, approvals, &Held(approvals))
}

fn elevation(operation: &str, original_provenance: &Provenance, target_integrity: u8) -> ApprovalScope {
    ApprovalScope::Elevation(Elevation {
        operation: OperationId::new(operation).unwrap(),
        original_provenance: original_provenance.clone(),
        target_integrity,
        request_object_id: None,
        input_hash: None,
    })
}

fn declassification(from: &ZoneId, to: &ZoneId, object: ObjectId, target: u8) -> ApprovalScope {
    ApprovalScope::Declassification(Declassification {
        from_zone: from.clone(),
        to_zone: to.clone(),
        object_ids: vec![object],
        target_confidentiality: target,
        request_object_id: None,
        input_hash: None,
    })
}

#[test]
fn what_is_free_changes_no_label_and_leaves_a_trace() {
    let zones = directory();
    // Less trusted and more secret: here a zone that is both does not exist, so data is labelled for it.
    let provenance = Provenance { confidentiality_label: 10, ..data(&ZoneId::public()) };
    let copy = send(&provenance, &ZoneId::public(), &zones, &[], NOW).into_result().unwrap();
    assert_eq!(Labels::of(&copy), Labels::of(&provenance));
    assert!(copy.label_adjustments.is_empty());
    assert_eq!(copy.zone_crossings.len(), 1);
    assert_eq!(copy.zone_crossings[0].authorized_by, None);
    assert_eq!(copy.current_zone, ZoneId::public());
}

#[test]
fn uphill_needs_an_elevation_of_exactly_this() {
    let (zones, public, work) = (directory(), ZoneId::public(), ZoneId::work());
    let provenance = data(&public);
    let decide = |scope, zone: &ZoneId, at| {
        let approval = approval(zone, scope);
        send(&provenance, &work, &zones, &[&approval], at).reason().code()
    };
    const REQUIRED: &str = "crossing.elevation_required";
    assert_eq!(send(&provenance, &work, &zones, &[], NOW).reason().code(), REQUIRED);
    assert_eq!(decide(elevation("files.copy", &provenance, 60), &work, NOW), "allow");
    assert_eq!(decide(elevation("files.move", &provenance, 60), &work, NOW), REQUIRED);
    assert_eq!(decide(elevation("files.copy", &provenance, 59), &work, NOW), REQUIRED);
    let other = Provenance { created_at: NOW.saturating_add(1), ..provenance.clone() };
    assert_eq!(decide(elevation("files.copy", &other, 60), &work, NOW), REQUIRED);
    assert_eq!(decide(elevation("files.copy", &provenance, 60), &ZoneId::private(), NOW), REQUIRED);
    assert_eq!(decide(elevation("files.copy", &provenance, 60), &work, NOW.saturating_add(301)), REQUIRED);
    assert_eq!(decide(declassification(&public, &work, OBJECT, 70), &work, NOW), REQUIRED);

    let approval = approval(&work, elevation("files.copy", &provenance, 60));
    let copy = send(&provenance, &work, &zones, &[&approval], NOW).into_result().unwrap();
    assert_eq!(copy.integrity_label, 20, "the label itself stays");
    assert_eq!(copy.zone_crossings[0].authorized_by, Some(approval.id()));
    assert_eq!(Labels::resolve(&copy, &[OBJECT], &Held(&[&approval])).integrity, 60);
    assert_eq!(Labels::resolve(&copy, &[OBJECT], &NoEvidence).integrity, 20);
}

#[test]
fn downhill_needs_a_declassification_of_exactly_this() {
    let (zones, private, work) = (directory(), ZoneId::private(), ZoneId::work());
    let provenance = data(&private);
    let decide = |scope, zone: &ZoneId| {
        let approval = approval(zone, scope);
        send(&provenance, &work, &zones, &[&approval], NOW).reason().code()
    };
    const REQUIRED: &str = "crossing.declassification_required";
    assert_eq!(send(&provenance, &work, &zones, &[], NOW).reason().code(), REQUIRED);
    assert_eq!(decide(declassification(&private, &work, OBJECT, 70), &private), "allow");
    assert_eq!(decide(declassification(&private, &work, OBJECT, 69), &private), REQUIRED);
    assert_eq!(decide(declassification(&private, &ZoneId::public(), OBJECT, 70), &private), REQUIRED);
    assert_eq!(decide(declassification(&private, &work, ObjectId::from_bytes([1; 32]), 70), &private), REQUIRED);
    assert_eq!(decide(declassification(&private, &work, OBJECT, 70), &work), REQUIRED, "not the other zone's to give");

    let approval = approval(&private, declassification(&private, &work, OBJECT, 70));
    let copy = send(&provenance, &work, &zones, &[&approval], NOW).into_result().unwrap();
    assert_eq!(copy.confidentiality_label, 70, "the output label rule");
    assert_eq!(copy.integrity_label, 80);
    let adjustment =
        LabelAdjustment::ConfidentialityDeclassified { to: 70, by_approval: approval.id(), applied_at: NOW };
    assert_eq!(copy.label_adjustments, [adjustment]);
    assert_eq!(copy.zone_crossings[0].authorized_by, Some(approval.id()));
}

#[test]
fn the_worse_of_data_and_zone_counts() {
    let (zones, private, work) = (directory(), ZoneId::private(), ZoneId::work());
    // Public text that lies in z:private still goes uphill to z:work, and leaves a secret place.
    let public_text = Provenance { integrity_label: 20, confidentiality_label: 10, ..data(&private) };
    let code =
        |approvals: &[&Verified<ApprovalToken>]| send(&public_text, &work, &zones, approvals, NOW).reason().code();
    assert_eq!(code(&[]), "crossing.elevation_required");
    let up = approval(&work, elevation("files.copy", &public_text, 60));
    assert_eq!(code(&[&up]), "crossing.declassification_required");
    let down = approval(&private, declassification(&private, &work, OBJECT, 70));
    assert_eq!(code(&[&down]), "crossing.elevation_required");
    assert_eq!(code(&[&down, &up]), "allow");
    let copy = send(&public_text, &work, &zones, &[&down, &up], NOW).into_result().unwrap();
    let labels = Labels::resolve(&copy, &[OBJECT], &Held(&[&down, &up]));
    assert_eq!((labels.integrity, labels.confidentiality), (60, 70));
    // Secret data that lies in a public place is secret still.
    let leaked = Provenance { confidentiality_label: 90, ..data(&work) };
    assert_eq!(send(&leaked, &work, &zones, &[], NOW).reason().code(), "crossing.declassification_required");
}

#[test]
fn a_zone_that_nobody_defined_takes_and_gives_nothing() {
    let zones = directory();
    let nowhere = ZoneId::new("z:nowhere").unwrap();
    assert_eq!(send(&data(&ZoneId::public()), &nowhere, &zones, &[], NOW).reason().code(), "zone.unknown");
    let from_nowhere = Provenance::of_zone(nowhere, 255, 0, NOW);
    let code = send(&from_nowhere, &ZoneId::public(), &zones, &[], NOW).reason().code();
    assert_eq!(code, "crossing.elevation_required");
}

#[test]
fn an_elevation_does_not_outlive_a_change_of_what_it_was_given_for() {
    let (zones, public, work) = (directory(), ZoneId::public(), ZoneId::work());
    let provenance = data(&public);
    let approval = approval(&work, elevation("files.copy", &provenance, 60));
    let copy = send(&provenance, &work, &zones, &[&approval], NOW).into_result().unwrap();
    let held: &[&Verified<ApprovalToken>] = &[&approval];
    let integrity = |copy: &Provenance| Labels::resolve(copy, &[OBJECT], &Held(held)).integrity;
    assert_eq!(integrity(&copy), 60);
    let changes: [fn(&mut Provenance); 6] = [
        |copy| copy.integrity_label = 19,
        |copy| copy.taint.insert(fcp_core::object::TaintFlags::EXTERNAL_INPUT),
        |copy| copy.origin_zone = ZoneId::community(),
        |copy| copy.confidentiality_label = 11,
        |copy| copy.zone_crossings[0].from_zone = ZoneId::community(),
        |copy| copy.created_at = NOW.saturating_add(1),
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut changed = copy.clone();
        change(&mut changed);
        assert!(integrity(&changed) < 60, "change {index}");
    }
    let late =
        LabelAdjustment::IntegrityElevated { to: 60, by_approval: approval.id(), applied_at: NOW.saturating_add(301) };
    assert_eq!(integrity(&Provenance { label_adjustments: vec![late], ..copy }), 20);
}
