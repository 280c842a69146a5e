//! Windows, zones and the chain.

use alloc::vec::Vec;

use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::{MeshObject as _, Message as _};
use fcp_core::revoked::Revoked as _;
use fcp_core::sign::{OwnerKey, Signed as _, Verified};

use super::{ChainError, EventSigningKey, RevocationEvent, RevocationObject, RevocationRegistry};
use crate::chain::{EventLink, Tip};
use crate::testing::{Mesh, at, provenance};

fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 32])
}

/// D166: revoked iff effective_at ≤ now + 120 and (no expiry or now − 120 < expires_at).
#[test]
fn windows_have_skew_at_both_ends() {
    let mesh = Mesh::new(0);
    let private = ZoneId::private();
    for (effective, expires, now, expected) in [
        (1_000, None, 879, false),
        (1_000, None, 880, true),
        (1_000, None, 1_000, true),
        (1_000, None, u64::MAX / 2, true),
        (1_000, Some(2_000), 879, false),
        (1_000, Some(2_000), 880, true),
        (1_000, Some(2_000), 2_000, true),
        (1_000, Some(2_000), 2_119, true),
        (1_000, Some(2_000), 2_120, false),
        // A window that is empty on its face still counts where clocks may differ.
        (1_000, Some(1_000), 1_000, true),
    ] {
        let mut registry = RevocationRegistry::new();
        registry.install(&mesh.revocation(private.clone(), &[1], at(effective), expires.map(at)));
        assert_eq!(registry.is_revoked(&id(1), &private, at(now)), expected, "{effective} {expires:?} {now}");
        assert!(!registry.is_revoked(&id(2), &private, at(now)));
    }
}

/// D201: what was signed at a stated time is judged without skew.
#[test]
fn the_past_is_judged_without_skew() {
    let mesh = Mesh::new(0);
    let private = ZoneId::private();
    let mut registry = RevocationRegistry::new();
    registry.install(&mesh.revocation(private.clone(), &[1], at(1_000), Some(at(2_000))));
    for (then, expected) in [(999, false), (1_000, true), (1_999, true), (2_000, false)] {
        assert_eq!(registry.was_revoked(&id(1), &private, at(then)), expected, "{then}");
    }
}

#[test]
fn nothing_overwrites_a_permanent_revocation() {
    let mesh = Mesh::new(0);
    let private = ZoneId::private();
    let permanent = mesh.revocation(private.clone(), &[1, 2], at(1_000), None);
    let temporary = mesh.revocation(private.clone(), &[1], at(1_500), Some(at(1_600)));
    for order in [[&permanent, &temporary], [&temporary, &permanent]] {
        let mut registry = RevocationRegistry::new();
        for revocation in order {
            assert!(registry.install(revocation));
            assert!(!registry.install(revocation), "known");
        }
        assert_eq!(registry.revoked_by(&id(1), &private, at(90_000)), Some(permanent.id()));
        assert!(registry.is_revoked(&id(2), &private, at(90_000)));
        assert!(registry.contains(&private, &temporary.id()));
    }
}

#[test]
fn a_zone_speaks_for_itself_and_the_owner_for_all() {
    let mesh = Mesh::new(0);
    let mut registry = RevocationRegistry::new();
    registry.install(&mesh.revocation(ZoneId::private(), &[1], at(0), None));
    registry.install(&mesh.revocation(ZoneId::owner(), &[2], at(0), None));
    let revoked = |byte, zone: &ZoneId| registry.is_revoked(&id(byte), zone, at(0));
    assert!(revoked(1, &ZoneId::private()) && !revoked(1, &ZoneId::work()) && !revoked(1, &ZoneId::owner()));
    assert!(revoked(2, &ZoneId::private()) && revoked(2, &ZoneId::work()) && revoked(2, &ZoneId::owner()));
}

/// A chain of the given revocations, signed by the owner and by node 0 in turns.
fn chain(mesh: &Mesh, revocations: &[&Verified<RevocationObject>], seed: u64) -> Vec<Verified<RevocationEvent>> {
    let mut tip = None;
    let mut events = Vec::new();
    for (place, revocation) in revocations.iter().enumerate() {
        let draft = RevocationEvent::draft(provenance(at(seed)), revocation.id(), tip).unwrap();
        let event = if place % 2 == 0 {
            draft.signed_by(&EventSigningKey::Owner(OwnerKey::from_seed([200; 32])))
        } else {
            draft.signed_by_node(&Mesh::key(0))
        };
        let received = mesh.seal(&event).open::<RevocationEvent>().unwrap();
        let verified = RevocationEvent::verify(received, &mesh.keys(), |node| *node == mesh.nodes[0]).unwrap();
        tip = Some(Tip { event: verified.id(), seq: verified.seq });
        events.push(verified);
    }
    events
}

fn held(events: &[Verified<RevocationEvent>]) -> impl FnMut(&ObjectId) -> Option<EventLink> {
    move |wanted| events.iter().find(|event| event.id() == *wanted).map(EventLink::of_revocation)
}

fn tip(event: &Verified<RevocationEvent>) -> Option<Tip> {
    Some(Tip { event: event.id(), seq: event.seq })
}

#[test]
fn the_chain_says_what_is_complete() {
    let mesh = Mesh::new(1);
    let zone = ZoneId::private();
    let revocations: Vec<_> = (1..=4).map(|byte| mesh.revocation(zone.clone(), &[byte], at(0), None)).collect();
    let events = chain(&mesh, &revocations.iter().collect::<Vec<_>>(), 10);
    let mut registry = RevocationRegistry::new();
    assert!(registry.is_complete(&zone, 0) && !registry.is_complete(&zone, 1));
    for revocation in &revocations[..3] {
        registry.install(revocation);
    }
    assert_eq!(registry.unchained(&zone).count(), 3);

    registry.advance_to(&zone, tip(&events[1]), held(&events)).unwrap();
    assert!(registry.is_complete(&zone, 2) && !registry.is_complete(&zone, 3));
    assert_eq!(registry.unchained(&zone).collect::<Vec<_>>(), [revocations[2].id()]);

    let error = registry.advance_to(&zone, tip(&events[3]), held(&events)).unwrap_err();
    assert_eq!(error, ChainError::RevocationMissing(revocations[3].id()));
    assert_eq!(error.reason().code(), "revocation.object_missing");
    let without_third = [events[0].clone(), events[1].clone(), events[3].clone()];
    let error = registry.advance_to(&zone, tip(&events[3]), held(&without_third)).unwrap_err();
    assert_eq!(error, ChainError::EventMissing(tip(&events[2]).unwrap()));
    assert_eq!(error.reason().code(), "revocation.incomplete");
    assert_eq!(registry.tip(&zone), tip(&events[1]), "nothing changed");

    registry.install(&revocations[3]);
    registry.advance_to(&zone, tip(&events[3]), held(&events)).unwrap();
    assert!(registry.is_complete(&zone, 4));
    assert_eq!(registry.unchained(&zone).count(), 0);
}

#[test]
fn another_chain_is_taken_from_its_beginning() {
    let mesh = Mesh::new(1);
    let zone = ZoneId::private();
    let [one, two] = [1, 2].map(|byte| mesh.revocation(zone.clone(), &[byte], at(0), None));
    let (old, new) = (chain(&mesh, &[&one, &two], 10), chain(&mesh, &[&two], 20));
    let mut registry = RevocationRegistry::new();
    registry.install(&one);
    registry.install(&two);
    registry.advance_to(&zone, tip(&old[1]), held(&old)).unwrap();
    registry.advance_to(&zone, tip(&new[0]), held(&new)).unwrap();
    assert_eq!(registry.tip(&zone), tip(&new[0]));
    assert_eq!(registry.unchained(&zone).collect::<Vec<_>>(), [one.id()]);
    assert!(registry.is_revoked(&id(1), &zone, at(0)), "it stays revoked");
    let bent = Some(Tip { event: new[0].id(), seq: 2 });
    assert_eq!(registry.advance_to(&zone, bent, held(&new)).unwrap_err().reason().code(), "revocation.broken_link");
}

#[test]
fn events_are_signed_by_the_owner_or_a_signer() {
    let mesh = Mesh::new(2);
    let revocation = mesh.revocation(ZoneId::private(), &[1], at(0), None);
    let draft = || RevocationEvent::draft(provenance(at(10)), revocation.id(), None).unwrap();
    let verify = |event: RevocationEvent| {
        let received = mesh.seal(&event).open::<RevocationEvent>().unwrap();
        RevocationEvent::verify(received, &mesh.keys(), |node| *node == mesh.nodes[0])
    };
    assert!(verify(draft().signed_by_node(&Mesh::key(0))).is_ok());
    assert!(verify(draft().signed_by(&EventSigningKey::Owner(OwnerKey::from_seed([200; 32])))).is_ok());
    assert!(verify(draft().signed_by(&EventSigningKey::Node(Mesh::key(0)))).is_ok());
    let error = verify(draft().signed_by_node(&Mesh::key(1))).unwrap_err();
    assert_eq!(error.reason().code(), "revocation.bad_signature", "attested, but no signer of checkpoints");
    assert!(verify(draft().signed_by_node(&Mesh::key(7))).is_err());

    for (seq, prev) in [(0, None), (1, Some(id(1))), (2, None)] {
        let mut event = draft();
        event.seq = seq;
        event.prev = prev;
        let error = RevocationEvent::from_body(&event.to_body()).unwrap_err();
        assert_eq!(error.reason().code(), "revocation.bad_sequence", "{seq}");
    }
    let end = Some(Tip { event: id(1), seq: u64::MAX });
    assert!(RevocationEvent::draft(provenance(at(0)), id(2), end).is_none());
    let mut event = draft();
    event.header.refs.clear();
    assert!(event.seal(&mesh.ids).is_err());
}
