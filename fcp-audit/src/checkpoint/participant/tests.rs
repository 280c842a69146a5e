//! Four nodes, of which one may be faulty, in virtual time.

mod catch_up;
mod faults;
mod judge;
mod network;

use alloc::vec::Vec;

use fcp_core::id::{ObjectId, ZoneId};
use fcp_core::object::MeshObject as _;
use fcp_core::revoked::Revoked as _;
use fcp_core::sign::{OwnerKey, Signed as _};

use super::{Alert, Participant};
use crate::checkpoint::{CheckpointMessage, ZoneAnchor, ZoneCheckpoint};
use crate::testing::{at, provenance};
use network::Network;

#[test]
fn a_zone_makes_progress_and_stays_fresh() {
    let mut network = Network::new(4, 4, 1);
    network.deliver();
    assert!((0..4).all(|node| network.seq(node) == 1));
    for node in 0..4 {
        network.event(node, "capability.invoke");
    }
    network.run(3);
    assert!((0..4).all(|node| network.seq(node) == 2));
    assert_eq!(network.checkpoint(0).audit_seq, 4);
    assert!(network.nodes.iter().all(|node| node.participant.waiting_events() == 0));

    network.run(300);
    assert!((0..4).all(|node| network.seq(node) == network.seq(0) && network.seq(0) >= 4));
    let age = network.now.since(network.checkpoint(0).header.created_at);
    assert!(age <= 103, "{age}");
    network.assert_agreement();
    assert!(network.nodes.iter().all(|node| node.alerts.len() == 1), "only the anchor");
    assert!(network.nodes.iter().all(|node| node.refused.is_empty()));
}

#[test]
fn an_event_that_was_sequenced_is_not_sequenced_again() {
    let mut network = Network::new(4, 4, 1);
    let event = network.event(1, "secret.access");
    network.run(3);
    assert_eq!(network.checkpoint(1).audit_seq, 1);
    let now = network.now;
    network.with(1, |participant, context| {
        participant.handle_event(context, event, now).unwrap();
    });
    network.run(110);
    assert_eq!(network.checkpoint(1).audit_seq, 1);
}

#[test]
fn a_zone_of_one_node_signs_for_itself() {
    let mut network = Network::new(1, 1, 0);
    network.event(0, "capability.invoke");
    network.revoke(5);
    network.run(3);
    assert_eq!((network.seq(0), network.checkpoint(0).audit_seq, network.checkpoint(0).rev_seq), (2, 1, 1));
    network.run(1_000);
    assert_eq!(network.seq(0), 12);
}

#[test]
fn revocations_are_chained_and_complete() {
    let mut network = Network::new(4, 4, 1);
    network.revoke(1);
    network.revoke(2);
    assert!(network.nodes[3].revocations.is_revoked(&ObjectId::from_bytes([1; 32]), &ZoneId::private(), network.now));
    network.run(3);
    network.revoke(3);
    network.run(3);
    for node in &network.nodes {
        let zone = ZoneId::private();
        let accepted = node.participant.state().accepted().unwrap();
        assert_eq!(accepted.checkpoint().rev_seq, 3);
        assert!(node.revocations.is_complete(&zone, 3));
        assert_eq!(node.revocations.unchained(&zone).count(), 0);
        let frontier = node.participant.state().frontier(&node.revocations).unwrap();
        assert!(frontier.complete && frontier.checkpoint == accepted.id());
        let behind = crate::revocation::RevocationRegistry::new();
        assert!(!node.participant.state().frontier(&behind).unwrap().complete);
    }
    network.assert_agreement();
}

#[test]
fn a_follower_accepts_and_signs_nothing() {
    let mut network = Network::new(5, 4, 1);
    network.event(4, "zone.crossing");
    network.run(105);
    assert!(network.seq(4) >= 3);
    assert_eq!(network.seq(4), network.seq(0));
    assert_eq!(network.checkpoint(4).audit_seq, 1, "its event was sequenced by the signers");
    assert!(network.nodes[4].participant.votes().open().is_empty());
}

#[test]
fn nothing_holds_without_an_anchor_of_the_owner() {
    let mut network = Network::new(4, 4, 1);
    network.event(0, "x");
    network.run(3);
    let Some(announce) =
        network.posted.iter().rev().find(|message| matches!(message, CheckpointMessage::Announce(_))).cloned()
    else {
        panic!("nothing was announced")
    };
    let node = network.nodes[3].id.clone();
    network.nodes[3].participant = Participant::new(ZoneId::private(), node);
    let from = network.nodes[0].id.clone();
    network.tell(3, &from, announce);
    assert_eq!(network.seq(3), 0);
    assert_eq!(network.nodes[3].refused.pop(), Some("checkpoint.no_anchor"));

    // An anchor that somebody else signed, in an announcement.
    let genesis = network.genesis.open::<ZoneCheckpoint>().unwrap();
    let draft = ZoneAnchor::draft(provenance(at(0)), 0, network.genesis.id(), genesis.claimed());
    let forged = network.mesh.seal(&draft.signed_by(&OwnerKey::from_seed([1; 32])));
    let message = crate::checkpoint::CheckpointAnnounce {
        checkpoint: network.genesis.canonical_bytes().to_vec(),
        signatures: None,
        heads: Vec::new(),
        anchor: Some(forged.canonical_bytes().to_vec()),
    };
    network.tell(3, &from, message.clone().into());
    assert_eq!(network.nodes[3].refused.pop(), Some("sign.bad_signature"));

    // The owner's own, for another checkpoint.
    let mut other = ZoneAnchor::draft(provenance(at(0)), 0, network.genesis.id(), genesis.claimed());
    other.checkpoint_seq = 2;
    let other = network.mesh.seal(&other.signed_by(&network.mesh.owner));
    let anchor = Some(other.canonical_bytes().to_vec());
    network.tell(3, &from, crate::checkpoint::CheckpointAnnounce { anchor, ..message }.into());
    assert_eq!(network.nodes[3].refused.pop(), Some("checkpoint.anchor_mismatch"));

    // The right one; a second time it changes nothing.
    network.anchor(3);
    assert_eq!(network.seq(3), 1);
    network.anchor(3);
    let anchored = |alert: &&Alert| matches!(alert, Alert::Anchored { generation: 0, .. });
    assert_eq!(network.nodes[3].alerts.iter().filter(anchored).count(), 2, "the first, and after the loss");
    assert!(network.genesis.open::<ZoneCheckpoint>().unwrap().claimed().check().is_ok());
}
