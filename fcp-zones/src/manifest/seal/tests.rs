use fcp_core::id::ZoneId;
use fcp_core::object::{MeshObject as _, Message as _};
use fcp_core::sign::{OwnerKey, Signed as _};

use super::super::{ManifestError, ManifestTerms, ZoneKeyManifest};
use crate::fixtures::{
    NOW, manifest_terms, nodes, object_id_key, owner, received, recipients, rng, verified, zone_keys,
};

#[test]
fn each_member_opens_its_own_boxes_and_nobody_else_does() {
    let (work, nodes) = (ZoneId::work(), nodes());
    let keys = zone_keys(&work, 1);
    let draft = ZoneKeyManifest::draft(&manifest_terms(NOW), &keys, &recipients(&nodes), &mut rng(2)).unwrap();
    let manifest = verified(draft, &owner(), &owner().public());
    for (id, secret) in &nodes {
        let opened = manifest.unwrap_for(id, &secret.encryption).unwrap();
        assert_eq!(opened.zone_key.expose(), keys.zone_key.expose());
        assert_eq!(opened.zone_key.id(), keys.zone_key.id());
        assert_eq!(opened.object_id_key, keys.object_id_key);
        assert_eq!(opened.object_id_key_id, keys.object_id_key_id);
    }
    let ((first, _), (_, second)) = (&nodes[0], &nodes[1]);
    assert_eq!(manifest.unwrap_for(first, &second.encryption).unwrap_err(), ManifestError::NotAMember);
    assert_eq!(
        manifest.unwrap_for(&crate::fixtures::node("n9"), &second.encryption).unwrap_err().reason().code(),
        "zone_key.not_a_member"
    );
}

#[test]
fn a_box_of_one_key_does_not_open_as_the_other() {
    let (work, nodes) = (ZoneId::work(), nodes());
    let draft =
        ZoneKeyManifest::draft(&manifest_terms(NOW), &zone_keys(&work, 1), &recipients(&nodes), &mut rng(2)).unwrap();
    let mut swapped = draft;
    core::mem::swap(&mut swapped.wrapped_keys, &mut swapped.wrapped_object_id_keys);
    let (id, secret) = &nodes[0];
    assert_eq!(swapped.unwrap_for(id, &secret.encryption).unwrap_err().reason().code(), "hpke.open_failed");
}

#[test]
fn every_changed_byte_is_refused() {
    let (work, nodes) = (ZoneId::work(), nodes());
    let draft =
        ZoneKeyManifest::draft(&manifest_terms(NOW), &zone_keys(&work, 1), &recipients(&nodes), &mut rng(2)).unwrap();
    let body = draft.signed_by(&owner()).to_body();
    let accepted = |body: &[u8]| {
        ZoneKeyManifest::from_body(body)
            .is_ok_and(|read| read.check().is_ok() && read.verify_signature(&owner().public()).is_ok())
    };
    assert!(accepted(&body));
    for index in 0..body.len() {
        let mut changed = body.clone();
        changed[index] ^= 1;
        assert!(!accepted(&changed), "byte {index}");
    }
}

#[test]
fn only_the_owner_makes_it_and_not_for_the_future() {
    let draft = ZoneKeyManifest::draft(&manifest_terms(NOW), &zone_keys(&ZoneId::work(), 1), &[], &mut rng(2)).unwrap();
    let unverified = received(&draft.clone().signed_by(&OwnerKey::from_seed([9; 32])), &object_id_key());
    let error = ZoneKeyManifest::verify(unverified, &owner().public(), NOW).unwrap_err();
    assert_eq!(error.reason().code(), "sign.bad_signature");
    let unverified = received(&draft.signed_by(&owner()), &object_id_key());
    assert!(ZoneKeyManifest::verify(unverified.clone(), &owner().public(), NOW.saturating_sub(120)).is_ok());
    let error = ZoneKeyManifest::verify(unverified, &owner().public(), NOW.saturating_sub(121)).unwrap_err();
    assert_eq!(error.reason().code(), "zone_key.not_yet_valid");
}

#[test]
fn contradictions_are_refused() {
    let keys = zone_keys(&ZoneId::work(), 1);
    let twice = [recipients(&nodes()), recipients(&nodes())].concat();
    let refused = |terms: &ManifestTerms<'_>, members: &[_]| {
        ZoneKeyManifest::draft(terms, &keys, members, &mut rng(2)).unwrap_err().reason().code()
    };
    assert_eq!(refused(&manifest_terms(NOW), &twice), "zone_key.list_order");
    let empty = ManifestTerms { valid_until: Some(NOW), ..manifest_terms(NOW) };
    assert_eq!(refused(&empty, &[]), "zone_key.window");
    let mut unsorted = ZoneKeyManifest::draft(&manifest_terms(NOW), &keys, &recipients(&nodes()), &mut rng(2)).unwrap();
    unsorted.wrapped_keys.reverse();
    let error = ZoneKeyManifest::from_body(&unsorted.to_body()).unwrap_err();
    assert_eq!(error.reason().code(), "zone_key.list_order");
}

#[test]
fn a_manifest_follows_by_its_key_or_by_wrapping_the_same_key_later() {
    let (owner, keys) = (owner(), zone_keys(&ZoneId::work(), 1));
    let first = ZoneKeyManifest::draft(&manifest_terms(NOW), &keys, &[], &mut rng(2)).unwrap();
    let first = verified(first, &owner, &owner.public());
    let later = NOW.saturating_add(60);

    let terms = ManifestTerms { previous: Some(&first), ..manifest_terms(later) };
    let rotated = ZoneKeyManifest::draft(&terms, &keys.rotated(&mut rng(3)), &[], &mut rng(4)).unwrap();
    assert_eq!(rotated.prev_zone_key_id(), Some(first.zone_key_id()));
    assert_eq!(rotated.previous(), Some(first.id()));
    assert_eq!(rotated.object_id_key_id(), first.object_id_key_id());
    assert!(rotated.follows(&first) && !first.follows(&rotated));

    let rewrapped = ZoneKeyManifest::draft(&terms, &keys, &[], &mut rng(4)).unwrap();
    assert_eq!(rewrapped.prev_zone_key_id(), None);
    assert!(rewrapped.follows(&first) && !first.follows(&rewrapped));
    assert!(first.follows(&first));

    let at_once = ManifestTerms { previous: Some(&first), ..manifest_terms(NOW) };
    let error = ZoneKeyManifest::draft(&at_once, &keys, &[], &mut rng(4)).unwrap_err();
    assert_eq!(error, ManifestError::NotASuccessor);
    let stranger = ZoneKeyManifest::draft(&manifest_terms(later), &zone_keys(&ZoneId::work(), 9), &[], &mut rng(4));
    assert!(!stranger.unwrap().follows(&first));
}
