//! Crashes, partitions, liars.

use alloc::vec::Vec;

use fcp_core::id::ObjectId;
use fcp_core::object::{MeshObject as _, ObjectHeader, QuorumSignatureSet, StoredObject};
use fcp_core::sign::{QuorumSigned as _, SignatureSet, Signed as _};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::network::Network;
use crate::checkpoint::{
    Alert, CastVote, CheckpointAnnounce, CheckpointMessage, CheckpointProposal, CheckpointQuery, Fork, HeadProposal,
    Held as _, SignedHead, ZoneAnchor, ZoneCheckpoint, quorum,
};
use crate::testing::{at, provenance};

#[test]
fn another_coordinates_when_the_coordinator_is_down() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    network.nodes[ranking[0]].up = false;
    network.event(ranking[2], "capability.invoke");
    network.run(5);
    assert!(ranking[1..].iter().all(|node| network.seq(*node) == 2));
    assert_eq!(network.checkpoint(ranking[1]).audit_seq, 1);
    // The two best down is more than f: nothing, until one is back.
    network.nodes[ranking[1]].up = false;
    network.event(ranking[2], "capability.invoke");
    network.run(60);
    assert_eq!(network.seq(ranking[2]), 2);
    network.restart(ranking[0]);
    network.run(15);
    assert!(network.seq(ranking[2]) >= 4, "one without the event that the coordinator missed, one with it");
    assert_eq!(network.seq(ranking[0]), network.seq(ranking[2]));
    assert_eq!(network.checkpoint(ranking[0]).audit_seq, 2);
    network.assert_agreement();
    assert!(network.nodes.iter().flat_map(|node| &node.alerts).all(|alert| matches!(alert, Alert::Anchored { .. })));
}

/// Seven nodes, one may be faulty: a checkpoint needs five signatures, an audit head six.
#[test]
fn what_cannot_be_taken_along_does_not_wear_the_zone_out() {
    let mut network = Network::new(7, 7, 1);
    network.run(5);
    network.nodes[0].up = false;
    network.nodes[1].up = false;
    network.event(2, "capability.invoke");
    network.revoke(1);
    network.run(90);
    assert_eq!((network.checkpoint(2).audit_seq, network.checkpoint(2).rev_seq), (0, 1));
    assert!((2..=6).contains(&network.seq(2)), "{}", network.seq(2));
    network.restart(0);
    network.run(110);
    assert_eq!(network.checkpoint(2).audit_seq, 1);
    network.assert_agreement();
}

#[test]
fn a_proposal_outlives_its_coordinator() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    // Everybody votes, but no vote arrives, and then the coordinator is gone.
    network.lost = Some(|message| matches!(message, CheckpointMessage::Vote(_)));
    network.event(ranking[0], "capability.invoke");
    network.run(2);
    let voted = network.nodes[ranking[1]].participant.votes().open()[0].clone();
    assert!(ranking[1..].iter().all(|node| network.nodes[*node].participant.votes().open().len() == 1));
    assert!(network.nodes[ranking[0]].participant.votes().open().is_empty(), "its own comes last");
    network.nodes[ranking[0]].up = false;
    network.lost = None;
    network.run(10);
    for node in &ranking[1..] {
        assert_eq!(network.seq(*node), 2);
        let stored = network.checkpoint(*node).seal(&network.mesh.ids).unwrap();
        assert_eq!(stored.canonical_bytes(), voted.proposal.checkpoint, "the same proposal");
    }
    // A restarted signer does not vote again.
    network.restart(ranking[0]);
    network.run(2);
    assert_eq!(network.seq(ranking[0]), 2);
    network.assert_agreement();
}

/// A coordinator that is cut off with its own proposal is not bound by it when it is back, however long that took.
#[test]
fn nobody_is_bound_by_what_nobody_saw() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    network.nodes[ranking[3]].up = false;
    network.lost = Some(|message| matches!(message, CheckpointMessage::Proposal(_)));
    network.event(ranking[0], "capability.invoke");
    network.run(4);
    assert_eq!(network.seq(ranking[0]), 1);
    for node in &ranking[1..3] {
        network.cut.insert((ranking[0], *node));
    }
    network.lost = None;
    network.run(200);
    network.cut.clear();
    network.run(30);
    for node in &ranking[..3] {
        assert!(network.seq(*node) >= 2);
        assert_eq!(network.checkpoint(*node).audit_seq, 1);
    }
    network.assert_agreement();
}

/// A proposal for sequence 2, made at `seconds`.
fn proposal(network: &Network, seconds: u64) -> (StoredObject, CheckpointProposal) {
    let accepted = network.nodes[0].participant.state().accepted().unwrap();
    let heads = accepted.checkpoint().heads();
    let (prev, step) = (Some(accepted.id()), Some(accepted.policy_step()));
    let checkpoint = ZoneCheckpoint::draft(provenance(at(seconds)), heads, prev, 2, &[], step);
    let stored = network.mesh.seal(&checkpoint);
    let message = CheckpointProposal {
        checkpoint: stored.canonical_bytes().to_vec(),
        heads: Vec::new(),
        votes: SignatureSet::new(),
        void: Vec::new(),
    };
    (stored, message)
}

#[test]
fn a_signer_votes_once_for_each_sequence_also_after_a_restart() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    let (voter, from) = (ranking[3], network.nodes[ranking[0]].id.clone());
    let (_, one) = proposal(&network, 5);
    let (_, other) = proposal(&network, 6);
    network.tell(voter, &from, one.clone().into());
    assert_eq!(network.nodes[voter].participant.votes().open().len(), 1);
    for _ in 0..2 {
        network.tell(voter, &from, other.clone().into());
        assert_eq!(network.nodes[voter].refused.pop(), Some("checkpoint.already_voted"));
        network.posted.clear();
        network.tell(voter, &from, one.clone().into());
        assert!(matches!(network.posted[..], [CheckpointMessage::Vote(_)]), "the same vote again");
        network.restart(voter);
    }
}

#[test]
fn a_voter_refuses_what_does_not_continue() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    let (voter, from) = (ranking[3], network.nodes[ranking[0]].id.clone());
    let mut refused = |change: &dyn Fn(&mut ZoneCheckpoint)| {
        let (stored, message) = proposal(&network, 5);
        let mut checkpoint = stored.open::<ZoneCheckpoint>().unwrap().claimed().clone();
        change(&mut checkpoint);
        let stored = network.mesh.seal(&checkpoint);
        let message = CheckpointProposal { checkpoint: stored.canonical_bytes().to_vec(), ..message };
        network.tell(voter, &from, message.into());
        network.nodes[voter].refused.pop()
    };
    let other = ObjectId::from_bytes([77; 32]);
    assert_eq!(refused(&|own| own.prev_checkpoint = Some(other)), Some("checkpoint.wrong_prev"));
    assert_eq!(refused(&|own| own.checkpoint_seq = 3), Some("checkpoint.not_void"));
    assert_eq!(refused(&|own| own.checkpoint_seq = 300), Some("checkpoint.not_void"));
    assert_eq!(refused(&|own| own.header.refs.truncate(3)), Some("object.refs_mismatch"), "no policy step");
    let moved = |own: &mut ZoneCheckpoint, seconds| {
        own.header.created_at = at(seconds);
        own.header.provenance.created_at = at(seconds);
        own.as_of_epoch = fcp_core::id::EpochId::of(at(seconds));
    };
    assert_eq!(refused(&|own| moved(own, 126)), Some("checkpoint.clock_skew"));
    // Objects that are not held are asked for, not refused.
    assert_eq!(
        refused(&|own| {
            own.zone_policy_head = other;
            own.header.refs[1] = other;
        }),
        None
    );
    let (_, message) = proposal(&network, 5);
    let stranger = fcp_core::id::NodeId::new("stranger").unwrap();
    network.tell(voter, &stranger, message.clone().into());
    assert_eq!(network.nodes[voter].refused.pop(), Some("checkpoint.not_a_signer"));
    network.run(200);
    network.tell(voter, &from, message.into());
    assert_eq!(network.nodes[voter].refused.pop(), Some("checkpoint.rollback"));
    assert!(network.nodes[voter].participant.votes().open().is_empty());
}

#[test]
fn a_worse_rank_waits_for_its_turn() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    let (_, message) = proposal(&network, 5);
    let from = network.nodes[ranking[2]].id.clone();
    network.tell(ranking[3], &from, message.into());
    assert!(network.nodes[ranking[3]].participant.votes().open().is_empty());
    // The others are silent.
    network.nodes[ranking[0]].up = false;
    network.nodes[ranking[1]].up = false;
    network.run(3);
    assert!(network.nodes[ranking[3]].participant.votes().open().is_empty());
    network.run(1);
    assert_eq!(network.nodes[ranking[3]].participant.votes().open().len(), 1, "after 2·2 s");
}

#[test]
fn an_old_proposal_is_completed_by_a_node_that_slept() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    // Two vote, which is more than f and less than a quorum; then the others sleep for an hour.
    let (stored, mut message) = proposal(&network, 5);
    let from = network.nodes[ranking[0]].id.clone();
    network.nodes[ranking[2]].up = false;
    network.nodes[ranking[3]].up = false;
    network.posted.clear();
    network.tell(ranking[0], &from, message.clone().into());
    network.tell(ranking[1], &from, message.clone().into());
    for posted in &network.posted {
        if let CheckpointMessage::Vote(vote) = posted {
            message.votes.insert(vote.signature.clone());
        }
    }
    network.run(3_600);
    assert_eq!(network.seq(ranking[0]), 1);
    let mut few = message.clone();
    few.votes = SignatureSet::from_sorted(message.votes.as_slice()[..1].to_vec()).unwrap();
    network.nodes[ranking[2]].up = true;
    let ranked = network.ranking();
    let coordinator = network.nodes[ranked[0]].id.clone();
    network.tell(ranking[2], &coordinator, few.into());
    assert_eq!(network.nodes[ranking[2]].refused.pop(), Some("checkpoint.clock_skew"), "one may be faulty");
    network.run(20);
    assert!(network.seq(ranking[2]) >= 3, "and right behind it a new one");
    let second = network.nodes[ranking[2]].accepted.iter().find(|(seq, _)| *seq == 2).unwrap().1;
    assert_eq!(second, stored.id());
    network.assert_agreement();
}

#[test]
fn a_sequence_that_nobody_can_win_is_skipped() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    let from = network.nodes[ranking[0]].id.clone();
    let mut proposals = Vec::new();
    for (index, node) in ranking.iter().enumerate() {
        let (stored, message) = proposal(&network, 5 + index as u64);
        proposals.push(stored.id());
        network.tell(*node, &from, message.into());
        assert_eq!(network.nodes[*node].participant.votes().open().len(), 1);
    }
    network.run(15);
    for node in 0..4 {
        let accepted = network.checkpoint(node);
        assert_eq!(accepted.checkpoint_seq, 3);
        assert_eq!(accepted.prev_checkpoint, Some(network.genesis.id()));
        let mut void = accepted.tail_refs().to_vec();
        assert_eq!(void.pop(), Some(network.genesis.id()), "the policy step is the last");
        void.sort_unstable();
        proposals.sort_unstable();
        assert_eq!(void, proposals);
    }
    network.run(200);
    assert!(network.seq(0) >= 5);
    network.assert_agreement();
}

#[test]
fn a_split_vote_needs_the_owner() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    let from = network.nodes[ranking[0]].id.clone();
    let (one, other) = (proposal(&network, 5), proposal(&network, 6));
    for (node, message) in ranking.iter().zip([&one, &one, &other, &other]) {
        network.tell(*node, &from, message.1.clone().into());
    }
    network.run(100);
    assert!(network.nodes.iter().all(|node| node.accepted.len() == 1));
    assert!(network.nodes.iter().any(|node| node.alerts.contains(&Alert::Stuck { seq: 2 })));
    // The owner decides for one of the two.
    let checkpoint = one.0.open::<ZoneCheckpoint>().unwrap();
    let anchor = ZoneAnchor::draft(provenance(network.now), 1, one.0.id(), checkpoint.claimed());
    let stored = network.mesh.seal(&anchor.signed_by(&network.mesh.owner));
    let anchor = stored.open::<ZoneAnchor>().unwrap().verify(&network.mesh.owner.public()).unwrap();
    let now = network.now;
    network.with(ranking[1], |participant, context| {
        participant.handle_anchor(context, (&anchor, &stored), &one.0, now);
    });
    network.deliver();
    assert!((0..4).all(|node| network.seq(node) >= 2));
    network.run(110);
    assert!((0..4).all(|node| network.seq(node) >= 3));
    network.assert_agreement();
}

/// What no honest signer would vote for is not adopted, whatever signature somebody shows for it.
#[test]
fn a_vote_for_nonsense_holds_nothing_up() {
    let other = ObjectId::from_bytes([77; 32]);
    let unknown_policy = |own: &mut ZoneCheckpoint| {
        own.zone_policy_head = other;
        own.header.refs[1] = other;
    };
    let of_tomorrow = |own: &mut ZoneCheckpoint| {
        own.header.created_at = at(86_400);
        own.header.provenance.created_at = at(86_400);
        own.as_of_epoch = fcp_core::id::EpochId::of(at(86_400));
    };
    let changes: [&dyn Fn(&mut ZoneCheckpoint); 2] = [&unknown_policy, &of_tomorrow];
    for (change, liar) in changes.into_iter().flat_map(|change| (0..4).map(move |liar| (change, liar))) {
        let mut network = Network::new(4, 4, 1);
        network.run(5);
        let (stored, message) = proposal(&network, 5);
        let mut checkpoint = stored.open::<ZoneCheckpoint>().unwrap().claimed().clone();
        change(&mut checkpoint);
        let stored = network.mesh.seal(&checkpoint);
        let proposal = CheckpointProposal { checkpoint: stored.canonical_bytes().to_vec(), ..message };
        let node = &network.nodes[liar];
        let signature = quorum::sign(&checkpoint.quorum_preimage(), &node.id, &node.key);
        network.shown.0.push(CastVote { checkpoint_seq: 2, proposal, signature });
        network.yes_man = Some(liar);
        let honest = (liar + 1) % 4;
        network.event(honest, "capability.invoke");
        network.run(20);
        assert!(network.seq(honest) >= 2, "{:?}", network.nodes[honest].refused);
        network.assert_agreement();
    }
}

/// Whoever asks for the lead all the time and proposes nothing holds up a sequence for a while, and no longer.
#[test]
fn asking_for_the_lead_for_ever_does_not_keep_it() {
    for liar in 0..4 {
        let mut network = Network::new(4, 4, 1);
        network.run(5);
        network.yes_man = Some(liar);
        let from = network.nodes[liar].id.clone();
        let honest: Vec<usize> = (0..4).filter(|node| *node != liar).collect();
        network.event(honest[0], "capability.invoke");
        let mut waited = 0;
        while network.checkpoint(honest[0]).audit_seq == 0 {
            for node in &honest {
                let query = CheckpointQuery { checkpoint_seq: network.seq(*node), lead: true };
                network.tell(*node, &from, query.into());
            }
            network.run(1);
            waited += 1;
            assert!(waited <= 90, "{liar}");
        }
        network.assert_agreement();
    }
}

/// What is longer than its draft makes it could not be handed on, and is not signed.
#[test]
fn padding_is_not_signed() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let ranking = network.ranking();
    let (voter, from) = (ranking[3], network.nodes[ranking[0]].id.clone());
    let padding: Vec<ObjectId> = (0..600_u16)
        .map(|number| {
            let mut bytes = [9; 32];
            bytes[..2].copy_from_slice(&number.to_be_bytes());
            ObjectId::from_bytes(bytes)
        })
        .collect();
    let (stored, message) = proposal(&network, 5);
    let mut checkpoint = stored.open::<ZoneCheckpoint>().unwrap().claimed().clone();
    checkpoint.header.foreign_refs = padding.clone();
    let stored = network.mesh.seal(&checkpoint);
    let message = CheckpointProposal { checkpoint: stored.canonical_bytes().to_vec(), ..message };
    network.tell(voter, &from, message.into());
    assert_eq!(network.nodes[voter].refused.pop(), Some("checkpoint.too_large"));

    let tip = crate::chain::Tip { event: ObjectId::from_bytes([5; 32]), seq: 1 };
    let mut head = crate::head::AuditHead::draft(provenance(at(5)), tip, 10_000);
    head.header.foreign_refs = padding;
    let head = network.mesh.seal(&head).canonical_bytes().to_vec();
    network.tell(voter, &from, HeadProposal { head, events: Vec::new() }.into());
    assert_eq!(network.nodes[voter].refused.pop(), Some("checkpoint.too_large"));
    assert!(network.nodes[voter].participant.votes().open().is_empty());
}

/// A head that nobody signed binds nobody.
#[test]
fn a_lock_that_is_not_signed_holds_nothing_up() {
    for liar in 0..4 {
        let mut network = Network::new(4, 4, 1);
        network.run(5);
        let tip = crate::chain::Tip { event: ObjectId::from_bytes([5; 32]), seq: 1 };
        let head = network.mesh.seal(&crate::head::AuditHead::draft(provenance(at(5)), tip, 10_000));
        network.shown.1 = Some(SignedHead { head: head.canonical_bytes().to_vec(), signatures: SignatureSet::new() });
        network.yes_man = Some(liar);
        let honest = (liar + 1) % 4;
        network.event(honest, "capability.invoke");
        network.run(20);
        assert_eq!(network.checkpoint(honest).audit_seq, 1);
        network.assert_agreement();
    }
}

/// What a node signed before it was revoked and what still waits is dropped, and holds up nobody else's events.
#[test]
fn events_of_a_revoked_node_hold_nothing_up() {
    let mut network = Network::new(5, 4, 1);
    network.run(5);
    // Nobody proposes for now, so that the event waits.
    network.lost = Some(|message| matches!(message, CheckpointMessage::HeadProposal(_)));
    network.event(4, "capability.invoke");
    network.run(2);
    let attestation = network.mesh.trust.all(&network.mesh.nodes[4])[0].id();
    let zone = network.mesh.zone.clone();
    let draft = crate::revocation::RevocationObject::draft(
        fcp_core::object::Provenance::of_zone(zone, 80, 90, at(0)),
        [attestation].into(),
        crate::revocation::RevocationScope::NodeAttestation,
        "stolen",
    );
    let now = network.now;
    let revocation = draft.with_window(now, None).signed_by(&network.mesh.owner);
    let stored = network.mesh.seal(&revocation);
    for node in 0..5 {
        network.hold(node, &stored);
        network.with(node, |participant, context| participant.handle_held(context, None, now));
    }
    network.lost = None;
    let own = network.event(0, "capability.invoke");
    network.run(120);
    let accepted = network.checkpoint(0);
    // Whoever had given it a place already goes on with it.
    assert!((1..=2).contains(&accepted.audit_seq), "{}", accepted.audit_seq);
    assert_eq!(accepted.rev_seq, 1);
    assert!(network.nodes[..4].iter().all(|node| node.held.is_sequenced(&own.fingerprint())));
}

/// A checkpoint of sequence 2 that these nodes signed, and its announcement.
fn signed_by(network: &Network, seconds: u64, signers: &[usize]) -> (StoredObject, CheckpointAnnounce) {
    let (stored, _) = proposal(network, seconds);
    let preimage = stored.open::<ZoneCheckpoint>().unwrap().claimed().quorum_preimage();
    let mut signatures = SignatureSet::new();
    for node in signers {
        signatures.insert(quorum::sign(&preimage, &network.nodes[*node].id, &network.nodes[*node].key));
    }
    let header = ObjectHeader::for_type::<QuorumSignatureSet>(provenance(at(seconds)));
    let set = QuorumSignatureSet { header: header.with_refs([stored.id()].into()), target: stored.id(), signatures };
    let announce = CheckpointAnnounce {
        checkpoint: stored.canonical_bytes().to_vec(),
        signatures: Some(network.mesh.seal(&set).canonical_bytes().to_vec()),
        heads: Vec::new(),
        anchor: None,
    };
    (stored, announce)
}

#[test]
fn a_fork_freezes_until_the_owner_decides() {
    let mut network = Network::new(4, 4, 1);
    network.run(5);
    let from = network.nodes[0].id.clone();
    let (_, short) = signed_by(&network, 5, &[0, 1]);
    network.tell(3, &from, short.into());
    assert_eq!(network.nodes[3].refused.pop(), Some("checkpoint.no_quorum"));
    let (ours, first) = signed_by(&network, 5, &[0, 1, 2]);
    let (theirs, second) = signed_by(&network, 6, &[0, 1, 3]);
    let (third, _) = signed_by(&network, 7, &[0, 1, 3]);
    for node in 0..4 {
        network.tell(node, &from, first.clone().into());
        network.tell(node, &from, first.clone().into());
        assert_eq!(network.seq(node), 2);
        network.tell(node, &from, second.clone().into());
        let fork = Fork { seq: 2, ours: ours.id(), theirs: theirs.id() };
        assert_eq!(network.nodes[node].participant.state().fork(), Some(fork));
        assert_eq!(network.nodes[node].alerts.last(), Some(&Alert::Fork(fork)));
    }
    network.restart(2);
    network.run(400);
    assert!((0..4).all(|node| network.seq(node) == 2), "frozen");

    let anchored = |network: &Network, generation, stored: &StoredObject| {
        let checkpoint = stored.open::<ZoneCheckpoint>().unwrap();
        let draft = ZoneAnchor::draft(provenance(network.now), generation, stored.id(), checkpoint.claimed());
        network.mesh.seal(&draft.signed_by(&network.mesh.owner))
    };
    let announce = |stored: &StoredObject, anchor: &StoredObject| CheckpointAnnounce {
        checkpoint: stored.canonical_bytes().to_vec(),
        signatures: None,
        heads: Vec::new(),
        anchor: Some(anchor.canonical_bytes().to_vec()),
    };
    let again = anchored(&network, 0, &network.genesis);
    let message = announce(&network.genesis.clone(), &again);
    network.tell(1, &from, message.into());
    assert_eq!(network.seq(1), 2, "generation 0 is known");
    let decision = anchored(&network, 1, &theirs);
    for node in 0..4 {
        network.tell(node, &from, announce(&theirs, &decision).into());
        assert_eq!(network.nodes[node].participant.state().fork(), None);
        assert_eq!(network.nodes[node].participant.state().accepted().unwrap().id(), theirs.id());
    }
    let stale = anchored(&network, 1, &third);
    network.tell(0, &from, announce(&third, &stale).into());
    assert_eq!(network.nodes[0].refused.pop(), Some("checkpoint.anchor_generation"));
    network.run(10);
    assert!((0..4).all(|node| network.seq(node) >= 3));
}

/// One of four is down, so that every other vote is needed: whoever begins to coordinate, and however slow the messages
/// are, no sequence is split, and each event finds its place soon. The epochs change on the way, and with them the ranks.
#[test]
fn a_zone_that_needs_every_vote_is_not_split() {
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut network = Network::new(4, 4, 1);
        network.latency = Some(ChaCha8Rng::seed_from_u64(seed));
        let mut number = |below: u32| (rng.next_u32() % below) as usize;
        network.run(270);
        let down = number(4);
        network.nodes[down].up = false;
        let up: Vec<usize> = (0..4).filter(|node| *node != down).collect();
        for _ in 0..20 {
            for _ in 0..1 + number(2) {
                network.event(up[number(3)], "capability.invoke");
            }
            network.run(number(5) as u64);
        }
        let mut waited = 0;
        while up.iter().any(|node| network.nodes[*node].participant.waiting_events() > 0) {
            network.run(1);
            waited += 1;
            assert!(waited <= 20, "seed {seed}: {:?}", network.nodes[up[0]].refused);
        }
        network.assert_agreement();
        for node in &up {
            let alerts = &network.nodes[*node].alerts;
            assert!(alerts.iter().all(|alert| matches!(alert, Alert::Anchored { .. })), "seed {seed}: {alerts:?}");
        }
    }
}

/// One node signs everything that it is shown. Whatever the network does, no two nodes accept different checkpoints of
/// one sequence.
#[test]
fn one_liar_cannot_split_a_zone() {
    let mut progressed = 0;
    for seed in 0..24 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut network = Network::new(4, 4, 1);
        let mut number = |below: u32| (rng.next_u32() % below) as usize;
        network.yes_man = Some(number(4));
        for step in 0..60 {
            match number(7) {
                0 => {
                    let pair = (number(4), number(4));
                    network.cut.insert(pair);
                }
                1 => network.cut.clear(),
                2 => {
                    let node = number(4);
                    network.nodes[node].up = false;
                }
                3 => {
                    for node in (0..4).filter(|node| !network.nodes[*node].up).collect::<Vec<_>>() {
                        network.restart(node);
                    }
                }
                4 => {
                    let node = number(4);
                    if network.nodes[node].up {
                        network.event(node, "capability.invoke");
                    }
                }
                5 => {
                    network.revoke(u8::try_from(step).unwrap());
                }
                _ => {
                    network.lost = [
                        None,
                        Some(
                            (|message| matches!(message, CheckpointMessage::Vote(_))) as fn(&CheckpointMessage) -> bool,
                        ),
                        Some(|message| matches!(message, CheckpointMessage::Announce(_))),
                        Some(|message| matches!(message, CheckpointMessage::HeadVote(_))),
                    ][number(4)]
                }
            }
            network.run(1 + number(20) as u64);
            network.assert_agreement();
        }
        let honest: Vec<usize> = (0..4).filter(|node| network.yes_man != Some(*node)).collect();
        assert!(honest.iter().all(|node| network.nodes[*node].participant.state().fork().is_none()), "seed {seed}");
        // Whole again, a zone that is not stuck goes on.
        network.cut.clear();
        network.lost = None;
        for node in 0..4 {
            network.restart(node);
        }
        network.run(220);
        network.assert_agreement();
        let stuck = honest.iter().any(|node| {
            network.nodes[*node]
                .alerts
                .iter()
                .any(|alert| matches!(alert, Alert::Stuck { seq } if *seq > network.seq(*node)))
        });
        let age = network.now.since(network.checkpoint(honest[0]).header.created_at);
        assert!(stuck || age <= 110, "seed {seed}: {age} s, {:?}", network.nodes[honest[0]].refused);
        progressed += u32::from(!stuck);
    }
    assert!(progressed >= 20, "{progressed} of 24");
}
