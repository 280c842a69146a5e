use fcp_core::decision::Decision;
use fcp_core::id::{NodeTag, ObjectId, TailscaleTag, ZoneId};
use fcp_core::identity::NodeSecretKeys;
use fcp_core::object::{MeshObject as _, Message as _, StoredObject};
use fcp_core::revoked::{NothingRevoked, Revoked};
use fcp_core::sign::{OwnerKey, Signed as _, Verified};
use fcp_core::time::Timestamp;

use super::super::{DeviceEnrollment, EnrollmentTerms, StoragePermission};
use super::{Member, admit};
use crate::fixtures::{NOW, attestation, directory, node, owner, rng};

fn keys(seed: u64) -> NodeSecretKeys {
    NodeSecretKeys::generate(&mut rng(seed))
}

fn terms(keys: &NodeSecretKeys, zones: &[ZoneId]) -> EnrollmentTerms {
    EnrollmentTerms {
        node_id: node("nLaptop"),
        node_sig_pubkey: keys.signing.public(),
        allowed_zones: zones.to_vec(),
        storage_permissions: vec![
            StoragePermission::StoreSymbols { zones: vec![ZoneId::work(), ZoneId::owner()] },
            StoragePermission::StoreAuditEvents,
        ],
        issued_at: NOW,
        expires_at: None,
    }
}

fn enroll(terms: EnrollmentTerms) -> Verified<DeviceEnrollment> {
    let stored = DeviceEnrollment::draft(terms).unwrap().signed_by(&owner()).seal_public().unwrap();
    let public = fcp_core::id::ObjectIdKey::public();
    let parsed = StoredObject::parse_as(stored.id(), stored.canonical_bytes(), &public).unwrap();
    DeviceEnrollment::verify(parsed.open::<DeviceEnrollment>().unwrap(), &owner().public(), NOW).unwrap()
}

fn let_in(tags: &[&str], zones: &[ZoneId], revoked: &impl Revoked, now: Timestamp) -> Decision<Member> {
    let keys = keys(1);
    let attestation = attestation(&node("nLaptop"), &keys, tags);
    admit(&attestation, &enroll(terms(&keys, zones)), &directory(), revoked, now)
}

fn zones_of(decision: Decision<Member>) -> Vec<ZoneId> {
    decision.into_result().unwrap().zones().cloned().collect()
}

#[test]
fn a_member_is_in_the_zones_on_which_both_agree() {
    let (owner, private, work) = (ZoneId::owner(), ZoneId::private(), ZoneId::work());
    let all = [owner.clone(), private.clone(), work.clone()];
    let cases: [(&[&str], &[ZoneId], Vec<ZoneId>); 6] = [
        (&["fcp-private", "fcp-work"], &all, vec![private.clone(), work.clone()]),
        (&["fcp-private", "fcp-work"], &[work.clone(), work.clone()], vec![work.clone()]),
        (&["fcp-work", "laptop"], &all, vec![work]),
        (&[], &all, vec![]),
        (&["fcp-private"], &[], vec![]),
        (&["fcp-private", "fcp-unheard-of"], &[private.clone(), ZoneId::new("z:unheard-of").unwrap()], vec![private]),
    ];
    for (tags, zones, expected) in cases {
        assert_eq!(zones_of(let_in(tags, zones, &NothingRevoked, NOW)), expected, "{tags:?} {zones:?}");
    }
}

#[test]
fn may_store_only_within_its_zones() {
    let zones = [ZoneId::work(), ZoneId::private()];
    let member = let_in(&["fcp-work", "fcp-private"], &zones, &NothingRevoked, NOW).into_result().unwrap();
    assert!(member.is_member_of(&ZoneId::work()) && !member.is_member_of(&ZoneId::owner()));
    assert!(member.may_store_symbols(&ZoneId::work()));
    assert!(!member.may_store_symbols(&ZoneId::private()) && !member.may_store_symbols(&ZoneId::owner()));
    assert!(member.may_store_audit_events() && !member.may_store_secret_shares());
    assert_eq!(member.expires_at(), NOW.saturating_add(86_400));
    assert_eq!(member.recipient().key, member.keys().encryption);
}

/// Revokes one id: in one zone, or everywhere if that is `z:owner` (D168).
struct RevokedIn(ObjectId, ZoneId);

impl Revoked for RevokedIn {
    fn is_revoked(&self, id: &ObjectId, zone: &ZoneId, _: Timestamp) -> bool {
        *id == self.0 && (self.1 == *zone || self.1 == ZoneId::owner())
    }
}

#[test]
fn revocations_count_where_they_are_issued() {
    let zones = [ZoneId::work(), ZoneId::private()];
    let tags = ["fcp-work", "fcp-private"];
    let member = let_in(&tags, &zones, &NothingRevoked, NOW).into_result().unwrap();
    let [attestation, enrollment] = member.evidence();
    for (id, code) in [(attestation, "attestation.revoked"), (enrollment, "enrollment.revoked")] {
        let everywhere = let_in(&tags, &zones, &RevokedIn(id, ZoneId::owner()), NOW);
        assert_eq!(everywhere.reason().code(), code);
        let Decision::Deny(denial) = everywhere else { panic!("let in") };
        assert_eq!(denial.evidence.len(), 2);
        let in_work = let_in(&tags, &zones, &RevokedIn(id, ZoneId::work()), NOW);
        assert_eq!(zones_of(in_work), [ZoneId::private()]);
    }
}

#[test]
fn both_papers_are_of_one_node_and_valid() {
    let (own, other) = (keys(1), keys(2));
    let paper = attestation(&node("nLaptop"), &own, &["fcp-work"]);
    let zones = [ZoneId::work()];
    let decide = |terms, now| admit(&paper, &enroll(terms), &directory(), &NothingRevoked, now).reason().code();
    assert_eq!(decide(terms(&own, &zones), NOW), "allow");
    assert_eq!(decide(terms(&other, &zones), NOW), "enrollment.key_mismatch");
    let elsewhere = EnrollmentTerms { node_id: node("nPhone"), ..terms(&own, &zones) };
    assert_eq!(decide(elsewhere, NOW), "enrollment.node_mismatch");
    assert_eq!(decide(terms(&own, &zones), NOW.saturating_add(86_521)), "attestation.expired");
    assert_eq!(decide(terms(&own, &zones), NOW.saturating_sub(121)), "attestation.not_yet_valid");
    let short = EnrollmentTerms { expires_at: Some(NOW.saturating_add(10)), ..terms(&own, &zones) };
    assert_eq!(decide(short.clone(), NOW.saturating_add(130)), "allow");
    assert_eq!(decide(short, NOW.saturating_add(131)), "enrollment.expired");
}

#[test]
fn only_the_owner_enrolls_and_every_changed_byte_is_refused() {
    let enrollment = DeviceEnrollment::draft(terms(&keys(1), &[ZoneId::work()])).unwrap();
    let signed = enrollment.signed_by(&owner());
    assert!(signed.verify_signature(&OwnerKey::from_seed([9; 32]).public()).is_err());
    let body = signed.to_body();
    for index in 0..body.len() {
        let mut changed = body.clone();
        changed[index] ^= 1;
        let accepted = DeviceEnrollment::from_body(&changed)
            .is_ok_and(|read| read.check().is_ok() && read.verify_signature(&owner().public()).is_ok());
        assert!(!accepted, "byte {index}");
    }
    let backwards = EnrollmentTerms { expires_at: Some(NOW), ..terms(&keys(1), &[]) };
    assert_eq!(DeviceEnrollment::draft(backwards).unwrap_err().reason().code(), "enrollment.bad_window");
}

#[test]
fn the_tag_of_a_zone_is_the_one_in_its_definition() {
    let tag = NodeTag::new("fcp-work").unwrap();
    assert_eq!(directory().zone_of_tag(&tag), Some(&ZoneId::work()));
    assert_eq!(TailscaleTag::of(&tag).unwrap().as_str(), "tag:fcp-work");
}
