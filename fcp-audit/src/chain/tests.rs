//! Chains of audit events: placed, checked, tampered with.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

use fcp_core::error::Reason;
use fcp_core::id::{NodeId, ObjectId, ObjectIdKey, ZoneId};
use fcp_core::object::{MeshObject as _, Message as _, ObjectError, StoredObject};
use fcp_core::sign::{NodeSigningKey, Signed as _, Verified};
use fcp_core::time::Timestamp;

use super::{AuditVerifier, ChainFault, EventLink, Room, Sequencer, Submitted, Tip, audit_heads_fork, is_sibling};
use crate::AttestedKeys;
use crate::event::{AuditEvent, AuditSubmission, SignedEvent};
use crate::head::AuditHead;
use crate::revocation::RevocationRegistry;
use crate::testing::{Mesh, at, provenance};

/// Four events by three nodes, in order.
fn chain(mesh: &Mesh) -> Vec<StoredObject> {
    let mut sequencer = Sequencer::new(10);
    for (number, event_type) in [(0, "secret.access"), (1, "zone.crossing"), (2, "lease.conflict"), (1, "x")] {
        let event = mesh.event(number, event_type, at(10));
        let received = AuditSubmission::from_body(&event.submission().to_body()).unwrap();
        let verified = received.verify(&mesh.keys(), at(20)).unwrap();
        assert_eq!(sequencer.submit(verified, |_| false), Ok(Submitted::Queued));
        assert_eq!(sequencer.submit(event, |_| false), Ok(Submitted::Duplicate));
    }
    let (placed, tip) = sequencer.place(None, room(10), |_| Some(mesh.ids.clone()), |_| false);
    assert_eq!(tip, placed.last().map(|last| Tip { event: last.id(), seq: 4 }));
    placed
}

fn check(mesh: &Mesh, events: &[StoredObject]) -> Result<AuditVerifier, ChainFault> {
    let mut verifier = AuditVerifier::from_start(mesh.zone.clone());
    events.iter().try_for_each(|event| verifier.push(event, &mesh.keys()).map(drop))?;
    Ok(verifier)
}

fn opened(stored: &StoredObject, key: &NodeSigningKey) -> Verified<AuditEvent> {
    stored.open::<AuditEvent>().unwrap().verify(&key.public()).unwrap()
}

const fn room(events: usize) -> Room {
    Room { events, bytes: 1 << 20 }
}

#[test]
fn a_chain_checks_and_names_the_executing_nodes() {
    let mesh = Mesh::new(3);
    let events = chain(&mesh);
    let mut verifier = AuditVerifier::from_start(mesh.zone.clone());
    let nodes: Vec<NodeId> =
        events.iter().map(|event| verifier.push(event, &mesh.keys()).unwrap().executed_by).collect();
    assert_eq!(nodes, [0, 1, 2, 1].map(|number: usize| mesh.nodes[number].clone()));
    let tip = verifier.tip().unwrap();
    assert_eq!(tip.seq, 4);
    let mut head = AuditHead::draft(provenance(at(30)), tip, 10_000);
    assert_eq!(verifier.finish(&head), Ok(()));
    head.head_seq = 3;
    assert_eq!(verifier.finish(&head), Err(ChainFault { seq: 3, reason: Reason::AuditBadHead }));
    head.head_seq = 9;
    assert_eq!(verifier.finish(&head), Err(ChainFault { seq: 5, reason: Reason::AuditBadHead }));
    head.zone_id = ZoneId::work();
    assert_eq!(verifier.finish(&head).unwrap_err().reason, Reason::AuditWrongZone);
}

#[test]
fn whatever_byte_is_flipped_the_fault_names_the_event() {
    let mesh = Mesh::new(3);
    let events = chain(&mesh);
    let bytes = events[2].canonical_bytes();
    let mut verifier = AuditVerifier::from_start(mesh.zone.clone());
    verifier.push(&events[0], &mesh.keys()).unwrap();
    verifier.push(&events[1], &mesh.keys()).unwrap();
    let mut reasons = BTreeSet::new();
    for position in 0..bytes.len() {
        for bit in [0x01, 0x80] {
            let mut changed = bytes.to_vec();
            changed[position] ^= bit;
            // Stored under the id of the changed bytes, so that only the content can tell.
            let fault = match StoredObject::parse(&changed, &mesh.ids) {
                Ok(stored) => verifier.clone().push(&stored, &mesh.keys()).unwrap_err(),
                Err(error) => ChainFault { seq: 3, reason: error.reason() },
            };
            assert_eq!(fault.seq, 3, "byte {position}");
            reasons.insert(fault.reason);
            // Stored under its old id.
            let fault = verifier.clone().push_bytes(&events[2].id(), &changed, &mesh.ids, &mesh.keys()).unwrap_err();
            assert_eq!(fault.seq, 3, "byte {position}");
        }
    }
    for expected in
        [Reason::AuditBrokenLink, Reason::AuditBadSequence, Reason::AuditBadSignature, Reason::ObjectHeaderMismatch]
    {
        assert!(reasons.contains(&expected), "{expected} in {reasons:?}");
    }
    let stored = events[2].canonical_bytes().to_vec();
    verifier.push_bytes(&events[2].id(), &stored, &mesh.ids, &mesh.keys()).unwrap();
}

#[test]
fn gaps_repetitions_and_foreign_events_are_located() {
    let mesh = Mesh::new(3);
    let events = chain(&mesh);
    let fault = |order: &[usize]| {
        let events: Vec<StoredObject> = order.iter().map(|index| events[*index].clone()).collect();
        check(&mesh, &events).unwrap_err()
    };
    assert_eq!(fault(&[1]), ChainFault { seq: 1, reason: Reason::AuditBadSequence });
    assert_eq!(fault(&[0, 2]), ChainFault { seq: 2, reason: Reason::AuditBadSequence });
    assert_eq!(fault(&[0, 0]), ChainFault { seq: 2, reason: Reason::AuditBadSequence });
    let unplaced = mesh.event(0, "x", at(10)).event().seal(&mesh.ids).unwrap();
    assert_eq!(check(&mesh, &[unplaced]).unwrap_err().reason, Reason::AuditBadSequence);
    let mut elsewhere = AuditVerifier::from_start(ZoneId::work());
    assert_eq!(elsewhere.push(&events[0], &mesh.keys()).unwrap_err().reason, Reason::AuditWrongZone);
    let stranger = Mesh::new(0);
    let mut verifier = AuditVerifier::from_start(mesh.zone.clone());
    assert_eq!(verifier.push(&events[0], &stranger.keys()).unwrap_err().reason, Reason::AuditBadSignature);
}

#[test]
fn siblings_are_told_apart_from_progress() {
    let mesh = Mesh::new(3);
    let events = chain(&mesh);
    let mut sequencer = Sequencer::new(10);
    sequencer.submit(mesh.event(0, "other", at(11)), |_| false).unwrap();
    let first = Tip { event: events[0].id(), seq: 1 };
    let (placed, _) = sequencer.place(Some(first), room(10), |_| Some(mesh.ids.clone()), |_| false);
    let left = EventLink::of_audit(&opened(&events[1], &Mesh::key(1)));
    let right = EventLink::of_audit(&opened(&placed[0], &Mesh::key(0)));
    assert!(is_sibling(&left, &right));
    assert!(!is_sibling(&left, &left));
    let fault = check(&mesh, &[events[0].clone(), events[1].clone(), placed[0].clone()]).unwrap_err();
    assert_eq!(fault, ChainFault { seq: 3, reason: Reason::AuditBadSequence });

    let head = |tip| {
        let stored = mesh.seal(&AuditHead::draft(provenance(at(30)), tip, 0));
        stored.open::<AuditHead>().unwrap().verify_with(|_| Ok::<_, ()>(())).unwrap()
    };
    let (short, long) = (head(left.tip()), head(Tip { event: events[3].id(), seq: 4 }));
    let sibling = head(right.tip());
    assert_eq!(audit_heads_fork(&short, &sibling, |_, _| None), Some(true));
    assert_eq!(audit_heads_fork(&short, &short, |_, _| None), Some(false));
    for (one, other) in [(&short, &long), (&long, &short)] {
        assert_eq!(
            audit_heads_fork(one, other, |longer, shorter| {
                assert_eq!((longer.seq, shorter.seq), (4, 2));
                Some(true)
            }),
            Some(false)
        );
        assert_eq!(audit_heads_fork(one, other, |_, _| Some(false)), Some(true));
        assert_eq!(audit_heads_fork(one, other, |_, _| None), None);
    }
}

#[test]
fn the_queue_is_bounded_and_keeps_events_until_they_are_settled() {
    let mesh = Mesh::new(2);
    let mut sequencer = Sequencer::new(2);
    let events = [mesh.event(0, "a", at(1)), mesh.event(1, "b", at(1)), mesh.event(0, "c", at(1))];
    let known = events[2].fingerprint();
    assert_eq!(sequencer.submit(events[2].clone(), |signature| *signature == known), Ok(Submitted::Duplicate));
    sequencer.submit(events[0].clone(), |_| false).unwrap();
    sequencer.submit(events[1].clone(), |_| false).unwrap();
    assert_eq!(sequencer.submit(events[2].clone(), |_| false), Err(Reason::AuditQueueFull));

    let (placed, tip) = sequencer.place(None, room(1), |_| Some(mesh.ids.clone()), |_| false);
    assert_eq!((placed.len(), tip.unwrap().seq, sequencer.len()), (1, 1, 2));
    let first = events[0].fingerprint();
    let (placed, tip) = sequencer.place(tip, room(10), |_| Some(mesh.ids.clone()), |signature| *signature == first);
    assert_eq!((placed.len(), tip.unwrap().seq), (1, 2));
    let end = Tip { event: ObjectId::from_bytes([1; 32]), seq: u64::MAX };
    assert_eq!(sequencer.place(Some(end), room(10), |_| Some(mesh.ids.clone()), |_| false), (Vec::new(), Some(end)));

    sequencer.settle([first, known]);
    assert_eq!(sequencer.len(), 1);
    assert_eq!(sequencer.submit(events[0].clone(), |signature| *signature == first), Ok(Submitted::Duplicate));
    sequencer.settle([events[1].fingerprint()]);
    assert!(sequencer.is_empty());
}

#[test]
fn submissions_are_refused_for_a_reason() {
    let mut mesh = Mesh::new(2);
    let event = mesh.event(0, "a", at(10));
    let refused = |mesh: &Mesh, submission: AuditSubmission, now| {
        submission.verify(&mesh.keys(), at(now)).unwrap_err().reason().code()
    };
    // Beyond the key's expiry the event still counts, because the key counted when it occurred.
    assert!(event.submission().verify(&mesh.keys(), at(90 * 86_400)).is_ok());
    let stolen = SignedEvent::sign(event.event().clone(), mesh.nodes[1].clone(), &Mesh::key(0));
    assert_eq!(refused(&mesh, stolen.submission(), 20), "attestation.missing");
    let forged = SignedEvent::sign(event.event().clone(), mesh.nodes[0].clone(), &Mesh::key(0));
    let mut forged = forged.submission();
    let mut body = forged.to_body();
    let place = body.len() - 200;
    let at_actor = body.windows(9).position(|window| window == b"user:anna").unwrap_or(place);
    body[at_actor] = b'x';
    forged = AuditSubmission::from_body(&body).unwrap();
    assert_eq!(refused(&mesh, forged, 20), "sign.bad_signature");

    let empty = RevocationRegistry::new();
    let elsewhere = ZoneId::work();
    let keys = AttestedKeys::new(&mesh.trust, &empty, &elsewhere);
    assert_eq!(event.submission().verify(&keys, at(20)).unwrap_err().reason().code(), "audit.wrong_zone");

    let mut bent = event.event().clone();
    bent.header.refs.push(ObjectId::from_bytes([4; 32]));
    let bent = SignedEvent::sign(bent, mesh.nodes[0].clone(), &Mesh::key(0));
    assert_eq!(refused(&mesh, bent.submission(), 20), "object.refs_mismatch");

    let placed = event.event().clone().placed(None, 1);
    assert!(placed.verify_signature(&Mesh::key(0).public()).is_ok(), "the signature leaves the place open");
    let mut body = event.submission().to_body();
    let seq = body.windows(5).rposition(|window| window == b"\x63seq\x00").unwrap();
    body[seq + 4] = 1;
    let error = AuditSubmission::from_body(&body).unwrap_err();
    assert_eq!(error.reason().code(), "audit.sequenced");
    body[seq + 4] = 2;
    assert_eq!(AuditSubmission::from_body(&body).unwrap_err().reason().code(), "audit.bad_sequence");

    let attestation = mesh.trust.all(&mesh.nodes[0])[0].id();
    let revocation = crate::revocation::RevocationObject::draft(
        provenance(at(15)),
        [attestation].into(),
        crate::revocation::RevocationScope::NodeAttestation,
        "stolen",
    )
    .signed_by(&mesh.owner);
    let revocation = mesh.seal(&revocation).open::<crate::revocation::RevocationObject>().unwrap();
    mesh.revocations.install(&revocation.verify(&mesh.owner.public()).unwrap());
    assert_eq!(refused(&mesh, event.submission(), 20), "attestation.missing", "revoked by now");
    let events = [event.event().clone().placed(None, 1).seal(&mesh.ids).unwrap()];
    assert!(check(&mesh, &events).is_ok(), "but what was chained before stands");
}

#[test]
fn an_event_opens_under_its_key_only() {
    let mesh = Mesh::new(1);
    let stored = mesh.event(0, "a", at(1)).event().clone().placed(None, 1).seal(&mesh.ids).unwrap();
    assert!(StoredObject::parse(stored.canonical_bytes(), &mesh.ids).is_ok());
    let other = ObjectIdKey::from_bytes([1; 32]);
    let parsed = StoredObject::parse_as(stored.id(), stored.canonical_bytes(), &other);
    assert_eq!(parsed, Err(ObjectError::IdMismatch));
}

/// An event that waited over a rotation of the zone's ObjectIdKey keeps the id of its time (D16), and so does what
/// follows it.
#[test]
fn each_event_is_placed_under_the_key_of_its_time() {
    let mesh = Mesh::new(1);
    let keys = [ObjectIdKey::from_bytes([1; 32]), ObjectIdKey::from_bytes([2; 32])];
    let key_at = |time: Timestamp| match time {
        time if time < at(10) => None,
        time if time < at(20) => Some(keys[0].clone()),
        _ => Some(keys[1].clone()),
    };
    let mut sequencer = Sequencer::new(10);
    for (seconds, event_type) in [(0, "without.key"), (15, "before"), (25, "after")] {
        sequencer.submit(mesh.event(0, event_type, at(seconds)), |_| false).unwrap();
    }
    let (placed, tip) = sequencer.place(None, room(10), key_at, |_| false);
    assert_eq!(placed.len(), 2);
    for (stored, key) in placed.iter().zip(&keys) {
        assert_eq!(StoredObject::parse(stored.canonical_bytes(), key).unwrap().id(), stored.id());
    }
    assert_eq!(tip, Some(Tip { event: placed[1].id(), seq: 2 }));
    assert_eq!(AuditEvent::from_body(placed[1].body()).unwrap().prev(), Some(placed[0].id()));
}

/// One node's events never fill the queue, and a batch never outgrows its room.
#[test]
fn one_node_leaves_room_for_the_others() {
    let mesh = Mesh::new(2);
    let mut sequencer = Sequencer::new(8);
    for (number, expected) in [(0, Ok(Submitted::Queued)), (1, Ok(Submitted::Queued)), (2, Err(Reason::AuditQueueFull))]
    {
        assert_eq!(sequencer.submit(mesh.event(0, &format!("e{number}"), at(number)), |_| false), expected);
    }
    assert_eq!(sequencer.submit(mesh.event(1, "x", at(1)), |_| false), Ok(Submitted::Queued));
    let (placed, _) = sequencer.place(None, Room { events: 10, bytes: 0 }, |_| Some(mesh.ids.clone()), |_| false);
    assert!(placed.is_empty());
    sequencer.retain(|event| event.executed_by() == &mesh.nodes[1]);
    assert_eq!(sequencer.len(), 1);
    assert_eq!(sequencer.submit(mesh.event(0, "e2", at(2)), |_| false), Ok(Submitted::Queued));
}
