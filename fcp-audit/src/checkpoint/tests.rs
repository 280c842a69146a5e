//! Checkpoints and anchors as objects.

use fcp_core::id::{EpochId, ObjectId};
use fcp_core::object::{MeshObject as _, Message as _};
use fcp_core::sign::Signed as _;

use super::{Heads, ZoneAnchor, ZoneCheckpoint};
use crate::testing::{Mesh, at, provenance};

fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 32])
}

fn heads() -> Heads {
    Heads { definition: id(1), policy: id(2), manifest: id(3), revocation: (id(4), 1), audit: (ObjectId::ZERO, 0) }
}

#[test]
fn a_checkpoint_is_consistent_in_itself() {
    let refused = |change: fn(&mut ZoneCheckpoint)| {
        let mut checkpoint = ZoneCheckpoint::draft(provenance(at(0)), heads(), Some(id(8)), 2, &[], None);
        assert!(ZoneCheckpoint::from_body(&checkpoint.to_body()).is_ok());
        change(&mut checkpoint);
        ZoneCheckpoint::from_body(&checkpoint.to_body()).unwrap_err().reason().code()
    };
    assert_eq!(refused(|own| own.checkpoint_seq = 0), "checkpoint.bad_sequence");
    assert_eq!(refused(|own| own.checkpoint_seq = 1), "checkpoint.bad_sequence");
    assert_eq!(refused(|own| own.prev_checkpoint = None), "checkpoint.bad_sequence");
    assert_eq!(refused(|own| own.rev_seq = 0), "checkpoint.bad_heads");
    assert_eq!(refused(|own| own.rev_head = ObjectId::ZERO), "checkpoint.bad_heads");
    assert_eq!(refused(|own| own.audit_seq = 1), "checkpoint.bad_heads");
    assert_eq!(refused(|own| own.audit_head = id(1)), "checkpoint.bad_heads");
    assert_eq!(refused(|own| own.as_of_epoch = EpochId::new(own.as_of_epoch.get() + 1)), "checkpoint.bad_epoch");
}

#[test]
fn refs_are_the_heads_the_skipped_and_the_step() {
    let mesh = Mesh::new(0);
    let draft = |void: &[ObjectId], step| ZoneCheckpoint::draft(provenance(at(0)), heads(), Some(id(8)), 2, void, step);
    for (void, step) in [(&[][..], None), (&[], Some(id(20))), (&[id(10), id(11)], Some(id(20)))] {
        let checkpoint = draft(void, step);
        let opened = mesh.seal(&checkpoint).open::<ZoneCheckpoint>().unwrap();
        assert_eq!(opened.claimed().tail_refs().len(), void.len() + usize::from(step.is_some()));
    }
    let refused = |change: fn(&mut ZoneCheckpoint)| {
        let mut checkpoint = draft(&[], Some(id(20)));
        change(&mut checkpoint);
        checkpoint.seal(&mesh.ids).unwrap_err().reason().code()
    };
    assert_eq!(refused(|own| own.header.refs.swap(0, 1)), "object.refs_mismatch");
    assert_eq!(refused(|own| own.header.refs.truncate(2)), "object.refs_mismatch");
    assert_eq!(refused(|own| own.header.refs.extend((100..120).map(id))), "object.refs_mismatch");
    assert_eq!(refused(|own| own.header.refs.push(id(1))), "object.duplicate_ref");
}

#[test]
fn an_anchor_names_one_checkpoint() {
    let mesh = Mesh::new(0);
    let first = ZoneCheckpoint::first(provenance(at(0)), heads());
    let stored = mesh.seal(&first);
    let anchor = ZoneAnchor::draft(provenance(at(0)), 0, stored.id(), &first).signed_by(&mesh.owner);
    let anchor = mesh.seal(&anchor).open::<ZoneAnchor>().unwrap().verify(&mesh.owner.public()).unwrap();
    assert!(anchor.names(&stored.id(), &first));
    assert!(!anchor.names(&id(1), &first));
    let later = ZoneCheckpoint::draft(provenance(at(0)), heads(), Some(id(8)), 2, &[], None);
    let id = mesh.seal(&later).id();
    assert!(ZoneAnchor::draft(provenance(at(0)), 1, id, &later).names(&id, &later));
    assert!(!ZoneAnchor::draft(provenance(at(0)), 0, id, &later).names(&id, &later), "generation 0 is the first");
    let mut other = ZoneAnchor::draft(provenance(at(0)), 1, id, &later);
    other.checkpoint_seq = 3;
    assert!(!other.names(&id, &later));
    other.checkpoint_seq = 2;
    other.policy = self::id(9);
    assert!(!other.names(&id, &later));
}
