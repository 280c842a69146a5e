//! Behind, ahead, away and back.

use fcp_core::object::Message as _;

use super::network::Network;
use crate::checkpoint::{CheckpointAnnounce, CheckpointMessage, Participant};

/// The announcement of a sequence.
fn announcement(network: &Network, seq: u64) -> CheckpointMessage {
    let announced = network.posted.iter().find(|message| match message {
        CheckpointMessage::Announce(CheckpointAnnounce { checkpoint, .. }) => {
            let stored = fcp_core::object::StoredObject::parse(checkpoint, &network.mesh.ids).unwrap();
            crate::checkpoint::ZoneCheckpoint::from_body(stored.body()).unwrap().checkpoint_seq == seq
        }
        _ => false,
    });
    announced.cloned().unwrap()
}

#[test]
fn an_older_checkpoint_is_refused_also_after_a_restart() {
    let mut network = Network::new(4, 4, 1);
    network.run(310);
    assert!(network.seq(2) >= 4);
    let (old, from) = (announcement(&network, 2), network.nodes[0].id.clone());
    network.tell(2, &from, old.clone());
    assert_eq!(network.nodes[2].refused.pop(), Some("checkpoint.rollback"));
    let before = network.nodes[2].participant.state().clone();
    network.restart(2);
    assert_eq!(*network.nodes[2].participant.state(), before);
    network.tell(2, &from, old);
    assert_eq!(network.nodes[2].refused.pop(), Some("checkpoint.rollback"));
    // The accepted one again changes nothing.
    let newest = announcement(&network, network.seq(2));
    network.tell(2, &from, newest);
    assert_eq!(*network.nodes[2].participant.state(), before);
    assert!(network.nodes[2].refused.is_empty());
}

#[test]
fn a_node_that_was_away_catches_up() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    network.nodes[3].up = false;
    network.event(0, "a");
    network.revoke(1);
    network.run(400);
    network.event(1, "b");
    network.run(200);
    let others = network.seq(0);
    assert!(others >= 6 && network.seq(3) < others);
    network.restart(3);
    network.run(2);
    assert_eq!(network.seq(3), network.seq(0));
    assert_eq!((network.checkpoint(3).audit_seq, network.checkpoint(3).rev_seq), (2, 1));
    assert!(network.nodes[3].revocations.is_complete(&network.mesh.zone, 1));
    network.assert_agreement();
}

#[test]
fn a_node_catches_up_over_changes_of_the_policy() {
    // Six nodes: first 0 to 3 sign, then 1 to 4, then 2 to 5. No quorum of the first and the last has two nodes in
    // common that could make it alone.
    let mut network = Network::new(6, 4, 1);
    network.run(5);
    network.nodes[0].up = false;
    let left_at = network.seq(0);
    network.new_policy(&[1, 2, 3, 4], 1);
    network.run(110);
    network.new_policy(&[2, 3, 4, 5], 1);
    network.run(310);
    assert!(network.seq(1) >= left_at + 5);
    let signers = network.nodes[5].participant.state().accepted().unwrap().signers().nodes().to_vec();
    assert_eq!(signers, network.mesh.nodes[2..]);
    network.restart(0);
    network.run(2);
    assert_eq!(network.seq(0), network.seq(5));
    assert_eq!(network.checkpoint(0).zone_policy_head, network.governance.policy);
    network.assert_agreement();

    // The steps are needed: without their signatures nothing can be told.
    let newest = announcement(&network, network.seq(5));
    let own = network.nodes[0].id.clone();
    let mut fresh = Network::new(6, 4, 1);
    fresh.now = network.now;
    fresh.mesh.trust = network.mesh.trust.clone();
    fresh.tell(1, &own, newest);
    assert_eq!(fresh.seq(1), 1);
    assert!(fresh.nodes[1].accepted.len() == 1, "it waits for the steps");
}

#[test]
fn manifests_are_pinned_one_after_the_other_and_caught_up_with_at_once() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    network.nodes[3].up = false;
    network.rotate(3);
    network.run(30);
    assert_eq!(network.checkpoint(0).active_zone_key_manifest, network.governance.manifest);
    assert_eq!(network.seq(0), 4, "one checkpoint for each");
    network.restart(3);
    network.run(2);
    assert_eq!(network.checkpoint(3).active_zone_key_manifest, network.governance.manifest);
    assert!(network.nodes[3].accepted.len() <= 2, "the first, and the last");
}

#[test]
fn a_new_member_begins_with_the_anchor() {
    let mut network = Network::new(5, 4, 1);
    network.run(210);
    let node = network.nodes[4].id.clone();
    network.nodes[4].participant = Participant::new(network.mesh.zone.clone(), node);
    network.nodes[4].accepted.clear();
    let now = network.now;
    network.with(4, |participant, context| participant.handle_start(context, now));
    network.run(2);
    assert_eq!(network.seq(4), network.seq(0));
    assert_eq!(network.nodes[4].accepted.first().unwrap().0, 1, "first what the anchor names");
    network.assert_agreement();
}

#[test]
fn a_disk_that_is_not_ours_is_refused() {
    let mut network = Network::new(1, 1, 0);
    network.run(5);
    let node = &network.nodes[0];
    assert!(Participant::restore(&node.disk).is_ok());
    assert!(Participant::restore(&node.disk[1..]).is_err());
    assert!(Participant::restore(&[]).is_err());
}
