use fcp_core::id::{EpochId, NodeId, ObjectId, ObjectIdKey, ZoneId};
use fcp_core::identity::NodeSecretKeys;
use fcp_core::object::{MeshObject as _, StoredObject};
use fcp_core::revoked::{NothingRevoked, Revoked};
use fcp_core::sign::{OwnerKey, Signed as _, Verified};
use fcp_core::time::Timestamp;

use super::{Accepted, KeyRingError, ZoneKeyRing};
use crate::fixtures::{NOW, RATCHETED, manifest_terms, node, nodes, owner, recipients, rng, zone_keys};
use crate::manifest::{ManifestTerms, ZoneKeyManifest, ZoneKeys, ZoneRekeyPolicy};

struct Revocation(ObjectId);

impl Revoked for Revocation {
    fn is_revoked(&self, id: &ObjectId, _: &ZoneId, _: Timestamp) -> bool {
        *id == self.0
    }
}

/// One member with its ring, and the owner who makes manifests for it.
struct Mesh {
    nodes: Vec<(NodeId, NodeSecretKeys)>,
    ring: ZoneKeyRing,
}

impl Mesh {
    fn new() -> Self {
        Self { nodes: nodes(), ring: ZoneKeyRing::new(ZoneId::work()) }
    }

    fn make(&self, terms: &ManifestTerms<'_>, keys: &ZoneKeys) -> StoredObject {
        let draft = ZoneKeyManifest::draft(terms, keys, &recipients(&self.nodes), &mut rng(8)).unwrap();
        draft.signed_by(&owner()).seal(&keys.object_id_key).unwrap()
    }

    fn accept(&mut self, stored: &StoredObject, now: Timestamp) -> Result<Accepted, KeyRingError> {
        let (id, secret) = &self.nodes[0];
        self.ring.accept(stored.id(), stored.canonical_bytes(), (id, &secret.encryption), &owner().public(), now)
    }

    fn install(&mut self, terms: &ManifestTerms<'_>, keys: &ZoneKeys) -> Verified<ZoneKeyManifest> {
        let stored = self.make(terms, keys);
        self.accept(&stored, terms.created_at).unwrap().manifest
    }
}

fn later(seconds: u64) -> Timestamp {
    NOW.saturating_add(seconds)
}

fn opens(ring: &ZoneKeyRing, keys: &ZoneKeys, now: Timestamp) -> Result<(), KeyRingError> {
    let key = ring.opening_key(&keys.zone_key.id(), EpochId::of(now), &NothingRevoked, now)?;
    assert_eq!(key.expose(), keys.zone_key.expose());
    Ok(())
}

#[test]
fn seals_with_the_key_that_the_checkpoint_names() {
    let mut mesh = Mesh::new();
    let keys = zone_keys(&ZoneId::work(), 1);
    let manifest = mesh.install(&manifest_terms(NOW), &keys);
    assert_eq!(mesh.ring.sealing_key(&NothingRevoked, NOW).unwrap_err(), KeyRingError::NoActiveKey);
    assert_eq!(opens(&mesh.ring, &keys, NOW), Ok(()));
    mesh.ring.activate(&manifest, NOW);
    assert_eq!(mesh.ring.active_key_id(), Some(keys.zone_key.id()));
    assert_eq!(mesh.ring.sealing_key(&NothingRevoked, NOW).unwrap().expose(), keys.zone_key.expose());
    let revoked = Revocation(manifest.id());
    assert_eq!(mesh.ring.sealing_key(&revoked, NOW).unwrap_err(), KeyRingError::Revoked);
}

#[test]
fn the_old_key_opens_until_the_overlap_is_over() {
    let mut mesh = Mesh::new();
    let old = zone_keys(&ZoneId::work(), 1);
    let new = old.rotated(&mut rng(2));
    let first = mesh.install(&manifest_terms(NOW), &old);
    mesh.ring.activate(&first, NOW);
    let second = mesh.install(&ManifestTerms { previous: Some(&first), ..manifest_terms(later(100)) }, &new);
    // The new key opens as soon as it is known; the old one seals until the checkpoint switches.
    assert_eq!(opens(&mesh.ring, &new, later(100)), Ok(()));
    assert_eq!(mesh.ring.sealing_key(&NothingRevoked, later(110)).unwrap().id(), old.zone_key.id());
    mesh.ring.activate(&second, later(120));
    assert_eq!(mesh.ring.sealing_key(&NothingRevoked, later(120)).unwrap().id(), new.zone_key.id());
    assert_eq!(opens(&mesh.ring, &old, later(120 + 300)), Ok(()));
    assert_eq!(opens(&mesh.ring, &old, later(120 + 301)), Err(KeyRingError::Expired));
    // Later checkpoints that name the same manifest do not prolong it.
    mesh.ring.activate(&second, later(400));
    assert_eq!(opens(&mesh.ring, &old, later(120 + 301)), Err(KeyRingError::Expired));
    let revoked = Revocation(first.id());
    let key = mesh.ring.opening_key(&old.zone_key.id(), EpochId::of(later(130)), &revoked, later(130));
    assert_eq!(key.unwrap_err(), KeyRingError::Revoked);
    assert!(!mesh.ring.advance(later(420)));
    assert!(mesh.ring.advance(later(421)));
    assert_eq!(opens(&mesh.ring, &old, later(421)), Err(KeyRingError::Unknown));
}

#[test]
fn the_old_keys_own_end_and_the_policys_overlap_count() {
    let mut mesh = Mesh::new();
    let old = zone_keys(&ZoneId::work(), 1);
    let new = old.rotated(&mut rng(2));
    let first = mesh.install(&ManifestTerms { valid_until: Some(later(150)), ..manifest_terms(NOW) }, &old);
    mesh.ring.activate(&first, NOW);
    let rekey_policy = Some(ZoneRekeyPolicy { epoch_ratchet_enabled: false, ..RATCHETED });
    let terms = ManifestTerms { previous: Some(&first), rekey_policy, ..manifest_terms(later(100)) };
    let second = mesh.install(&terms, &new);
    mesh.ring.activate(&second, later(100));
    assert_eq!(opens(&mesh.ring, &old, later(150)), Ok(()));
    assert_eq!(opens(&mesh.ring, &old, later(151)), Err(KeyRingError::Expired));

    let mut mesh = Mesh::new();
    let first = mesh.install(&manifest_terms(NOW), &old);
    mesh.ring.activate(&first, NOW);
    let second = mesh.install(&terms, &new);
    mesh.ring.activate(&second, later(100));
    assert_eq!(opens(&mesh.ring, &old, later(700)), Ok(()));
    assert_eq!(opens(&mesh.ring, &old, later(701)), Err(KeyRingError::Expired));
}

#[test]
fn a_ring_that_is_built_anew_keeps_the_overlap_but_no_older_key() {
    let mut mesh = Mesh::new();
    let [zero, one, two] =
        [zone_keys(&ZoneId::work(), 1), zone_keys(&ZoneId::work(), 2), zone_keys(&ZoneId::work(), 3)];
    let [one, two] = [one, two].map(|keys| ZoneKeys { zone_key: keys.zone_key, ..zero.clone() });
    let manifest_zero = mesh.install(&manifest_terms(NOW), &zero);
    let terms = ManifestTerms { previous: Some(&manifest_zero), ..manifest_terms(later(10)) };
    let manifest_one = mesh.install(&terms, &one);
    let terms = ManifestTerms { previous: Some(&manifest_one), ..manifest_terms(later(20)) };
    let manifest_two = mesh.install(&terms, &two);
    mesh.ring.activate(&manifest_two, later(20));
    assert_eq!(opens(&mesh.ring, &zero, later(20)), Err(KeyRingError::Unknown));
    assert_eq!(opens(&mesh.ring, &one, later(320)), Ok(()));
    assert_eq!(opens(&mesh.ring, &one, later(321)), Err(KeyRingError::Expired));
    assert_eq!(opens(&mesh.ring, &two, later(1000)), Ok(()));
    // An old manifest that arrives late brings its object-id key, not its zone key.
    let late = mesh.make(&manifest_terms(NOW), &zero);
    assert!(mesh.accept(&late, later(30)).is_ok());
    assert_eq!(opens(&mesh.ring, &zero, later(30)), Err(KeyRingError::Unknown));
}

#[test]
fn manifests_are_refused_for_what_is_wrong_with_them() {
    let mut mesh = Mesh::new();
    let keys = zone_keys(&ZoneId::work(), 1);
    let stored = mesh.make(&manifest_terms(NOW), &keys);
    let (id, secret) = (&mesh.nodes[0].0.clone(), NodeSecretKeys::generate(&mut rng(77)));
    let accept = |ring: &mut ZoneKeyRing, wanted, bytes: &[u8], owner: &OwnerKey, key| {
        let accepted = ring.accept(wanted, bytes, (id, key), &owner.public(), NOW);
        accepted.unwrap_err().reason().code()
    };
    let own = &nodes()[0].1.encryption;
    let bytes = stored.canonical_bytes();
    let stranger = OwnerKey::from_seed([9; 32]);
    assert_eq!(accept(&mut mesh.ring, stored.id(), bytes, &stranger, own), "sign.bad_signature");
    let no_member = accept(&mut mesh.ring, stored.id(), bytes, &owner(), &secret.encryption);
    assert_eq!(no_member, "zone_key.not_a_member");
    let other_id = ObjectId::from_bytes([1; 32]);
    assert_eq!(accept(&mut mesh.ring, other_id, bytes, &owner(), own), "object.id_mismatch");
    let mut other_zone = ZoneKeyRing::new(ZoneId::owner());
    assert_eq!(accept(&mut other_zone, stored.id(), bytes, &owner(), own), "object.zone_mismatch");
    for index in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[index] ^= 1;
        let mut ring = ZoneKeyRing::new(ZoneId::work());
        let accepted = ring.accept(stored.id(), &changed, (id, own), &owner().public(), NOW);
        assert!(accepted.is_err(), "byte {index}");
        assert!(ring.object_id_key_at(later(9)).is_err());
    }
    assert!(mesh.accept(&stored, NOW).is_ok());
}

#[test]
fn an_id_never_stands_for_two_keys() {
    let mut mesh = Mesh::new();
    let keys = zone_keys(&ZoneId::work(), 1);
    let first = mesh.install(&manifest_terms(NOW), &keys);
    let terms = ManifestTerms { previous: Some(&first), ..manifest_terms(later(10)) };

    let other = zone_keys(&ZoneId::work(), 2);
    let zone_key = fcp_core::zone_key::ZoneKey::new(
        ZoneId::work(),
        keys.zone_key.id(),
        keys.zone_key.algorithm(),
        *other.zone_key.expose(),
    );
    let stored = mesh.make(&terms, &ZoneKeys { zone_key, ..keys.clone() });
    assert_eq!(mesh.accept(&stored, later(10)).unwrap_err(), KeyRingError::IdReused);

    let object_id_key = ObjectIdKey::from_bytes([8; 32]);
    let stored = mesh.make(&terms, &ZoneKeys { object_id_key, ..keys.rotated(&mut rng(3)) });
    assert_eq!(mesh.accept(&stored, later(10)).unwrap_err(), KeyRingError::IdReused);

    // The same key as before, but with a ratchet: its members would not derive the same keys.
    let stored = mesh.make(&ManifestTerms { rekey_policy: Some(RATCHETED), ..terms.clone() }, &keys);
    assert_eq!(mesh.accept(&stored, later(10)).unwrap_err(), KeyRingError::IdReused);

    // Wrapped anew, for whoever joined.
    let stored = mesh.make(&terms, &keys);
    let rewrapped = mesh.accept(&stored, later(10)).unwrap().manifest;
    mesh.ring.activate(&first, NOW);
    mesh.ring.activate(&rewrapped, later(20));
    assert_eq!(mesh.ring.sealing_key(&NothingRevoked, later(9999)).unwrap().id(), keys.zone_key.id());
    let revoked = Revocation(first.id());
    assert_eq!(mesh.ring.sealing_key(&revoked, later(20)).unwrap_err(), KeyRingError::Revoked);
}

#[test]
fn a_manifest_that_does_not_follow_the_one_it_names_is_refused() {
    let mut mesh = Mesh::new();
    let [one, two, three] = [1, 2, 3].map(|seed| zone_keys(&ZoneId::work(), seed));
    let [two, three] = [two, three].map(|keys| ZoneKeys { zone_key: keys.zone_key, ..one.clone() });
    let first = mesh.install(&manifest_terms(NOW), &one);
    let second = mesh.install(&ManifestTerms { previous: Some(&first), ..manifest_terms(later(10)) }, &two);
    // It takes the place of the first key, says its field, but names the second manifest, says its header.
    let terms = ManifestTerms { previous: Some(&first), ..manifest_terms(later(20)) };
    let mut draft = ZoneKeyManifest::draft(&terms, &three, &recipients(&mesh.nodes), &mut rng(8)).unwrap();
    draft.set_previous(second.id());
    let stored = draft.signed_by(&owner()).seal(&three.object_id_key).unwrap();
    let error = mesh.accept(&stored, later(20)).unwrap_err();
    assert_eq!(error.reason().code(), "zone_key.not_a_successor");
}

#[test]
fn each_object_has_the_object_id_key_of_its_time() {
    let mut mesh = Mesh::new();
    let old = zone_keys(&ZoneId::work(), 1);
    let first = mesh.install(&manifest_terms(NOW), &old);
    // A rotation of the object-id key that begins later than its manifest: the manifest's own id is made with the old.
    let new = zone_keys(&ZoneId::work(), 2);
    let terms = ManifestTerms { previous: Some(&first), valid_from: later(110), ..manifest_terms(later(100)) };
    let draft = ZoneKeyManifest::draft(&terms, &new, &recipients(&mesh.nodes), &mut rng(8)).unwrap();
    let signed = draft.signed_by(&owner());
    let wrong = signed.seal(&new.object_id_key).unwrap();
    assert_eq!(mesh.accept(&wrong, later(100)).unwrap_err().reason().code(), "object.id_mismatch");
    let right = signed.seal(&old.object_id_key).unwrap();
    mesh.accept(&right, later(100)).unwrap();

    let at = |seconds| mesh.ring.object_id_key_at(later(seconds)).unwrap();
    assert_eq!(at(0), &old.object_id_key);
    assert_eq!(at(109), &old.object_id_key);
    assert_eq!(at(110), &new.object_id_key);
    assert_eq!(at(99_999), &new.object_id_key);
    let before = mesh.ring.object_id_key_at(NOW.saturating_sub(1)).unwrap_err();
    assert_eq!(before.reason().code(), "zone_key.no_object_id_key");
}

#[test]
fn with_a_ratchet_past_epochs_are_gone() {
    let mut mesh = Mesh::new();
    let keys = zone_keys(&ZoneId::work(), 1);
    let terms = ManifestTerms { rekey_policy: Some(RATCHETED), ..manifest_terms(NOW) };
    let stored = mesh.make(&terms, &keys);
    let accepted = mesh.accept(&stored, NOW).unwrap();
    assert!(accepted.delete_boxes);
    mesh.ring.activate(&accepted.manifest, NOW);
    let id = keys.zone_key.id();
    let epoch = EpochId::of(NOW);
    let first = mesh.ring.sealing_key(&NothingRevoked, NOW).unwrap().expose().to_owned();
    assert_ne!(&first, keys.zone_key.expose());

    let key_at =
        |ring: &ZoneKeyRing, epoch, now| ring.opening_key(&id, epoch, &NothingRevoked, now).map(|key| *key.expose());
    let two_on = later(2 * EpochId::SECONDS);
    assert!(mesh.ring.advance(two_on));
    assert_eq!(key_at(&mesh.ring, epoch, two_on), Ok(first));
    assert_ne!(mesh.ring.sealing_key(&NothingRevoked, two_on).unwrap().expose(), &first);
    let three_on = later(3 * EpochId::SECONDS);
    assert!(mesh.ring.advance(three_on));
    assert_eq!(key_at(&mesh.ring, epoch, three_on), Err(KeyRingError::NoEpochKey));
    assert!(key_at(&mesh.ring, epoch.saturating_add(4), three_on).is_ok());
    // Neither the manifest again nor a copy of the ring brings them back.
    mesh.accept(&stored, three_on).unwrap();
    assert_eq!(key_at(&mesh.ring, epoch, three_on), Err(KeyRingError::NoEpochKey));
    let copy = ZoneKeyRing::import(&mesh.ring.export()).unwrap();
    assert_eq!(key_at(&copy, epoch, three_on), Err(KeyRingError::NoEpochKey));
    let next = epoch.saturating_add(3);
    assert_eq!(key_at(&copy, next, three_on), key_at(&mesh.ring, next, three_on));
}

#[test]
fn a_ratchet_that_began_too_long_ago_is_refused() {
    let mut mesh = Mesh::new();
    let terms = ManifestTerms { rekey_policy: Some(RATCHETED), ..manifest_terms(NOW) };
    let stored = mesh.make(&terms, &zone_keys(&ZoneId::work(), 1));
    let error = mesh.accept(&stored, later(((1 << 20) + 1) * EpochId::SECONDS)).unwrap_err();
    assert_eq!(error, KeyRingError::RatchetTooFar);
    assert!(mesh.ring.object_id_key_at(later(1)).is_err(), "a refused manifest leaves nothing behind");
}

#[test]
fn survives_a_restart() {
    let mut mesh = Mesh::new();
    let old = zone_keys(&ZoneId::work(), 1);
    let new = old.rotated(&mut rng(2));
    let first = mesh.install(&ManifestTerms { rekey_policy: Some(RATCHETED), ..manifest_terms(NOW) }, &old);
    mesh.ring.activate(&first, NOW);
    let second = mesh.install(&ManifestTerms { previous: Some(&first), ..manifest_terms(later(100)) }, &new);
    mesh.ring.activate(&second, later(100));

    let bytes = mesh.ring.export();
    let copy = ZoneKeyRing::import(&bytes).unwrap();
    assert_eq!(copy.export(), bytes);
    assert_eq!(copy.active_key_id(), Some(new.zone_key.id()));
    assert_eq!(opens(&copy, &new, later(100)), Ok(()));
    assert_eq!(copy.object_id_key_at(later(5)).unwrap(), &old.object_id_key);
    let ended = copy.opening_key(&old.zone_key.id(), EpochId::of(later(401)), &NothingRevoked, later(401));
    assert_eq!(ended.unwrap_err(), KeyRingError::Expired);
    assert!(ZoneKeyRing::import(&bytes[1..]).is_err());
    assert!(!format!("{:?}", mesh.ring).contains(&format!("{:?}", new.zone_key.expose())));
    assert_eq!(node("n1"), mesh.nodes[0].0);
}
