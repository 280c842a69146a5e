//! What a received checkpoint is worth, rule by rule.

use alloc::vec::Vec;

use fcp_core::id::{EpochId, NodeId, ObjectId};
use fcp_core::object::{Message as _, StoredObject};
use fcp_core::sign::{QuorumSigned as _, SignatureSet, Signed as _};
use fcp_core::time::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::network::Network;
use crate::AttestedKeys;
use crate::chain::{Room, Sequencer, Tip};
use crate::checkpoint::{
    ChainKind, CheckpointMessage, Held as _, Judgement, Offer, Participant, View, Wanted, ZoneAnchor, ZoneCheckpoint,
    quorum,
};
use crate::head::{AuditHead, RevocationHead};
use crate::revocation::{RevocationObject, RevocationRegistry, RevocationScope};
use crate::testing::provenance;

/// A zone with one audit event and one revocation at sequence 2.
fn zone() -> Network {
    let mut network = Network::new(4, 4, 1);
    network.event(0, "capability.invoke");
    network.revoke(1);
    network.run(3);
    assert_eq!((network.checkpoint(0).audit_seq, network.checkpoint(0).rev_seq), (1, 1));
    network
}

/// The next checkpoint, made now, after `change`, in the form in which it is stored.
fn next(network: &Network, change: impl FnOnce(&mut ZoneCheckpoint)) -> StoredObject {
    let accepted = network.nodes[0].participant.state().accepted().unwrap();
    let (prev, step) = (Some(accepted.id()), Some(accepted.policy_step()));
    let heads = accepted.checkpoint().heads();
    let seq = accepted.seq().saturating_add(1);
    let mut checkpoint = ZoneCheckpoint::draft(provenance(network.now), heads, prev, seq, &[], step);
    change(&mut checkpoint);
    // The refs follow from the heads.
    let fields = checkpoint.heads();
    let heads = [fields.definition, fields.policy, fields.manifest, fields.revocation.0, fields.audit.0];
    checkpoint.header.refs = heads.into_iter().filter(|id| !id.is_zero()).chain(step).collect();
    network.mesh.seal(&checkpoint)
}

fn signed(network: &Network, stored: &StoredObject, signers: &[usize]) -> SignatureSet {
    let preimage = quorum::preimage_of(stored).unwrap();
    let mut signatures = SignatureSet::new();
    for node in signers {
        signatures.insert(quorum::sign(&preimage, &network.nodes[*node].id, &network.nodes[*node].key));
    }
    signatures
}

fn judge_with(network: &Network, stored: &StoredObject, signers: &[usize], now: Timestamp) -> Judgement {
    let node = &network.nodes[0];
    let keys = AttestedKeys::new(&network.mesh.trust, &node.revocations, &network.mesh.zone);
    let signatures = signed(network, stored, signers);
    let offer = Offer { checkpoint: stored, signatures: &signatures, anchor: None };
    node.participant.state().judge(&offer, &View { keys, held: &node.held }, now)
}

fn judge(network: &Network, change: impl FnOnce(&mut ZoneCheckpoint)) -> Judgement {
    judge_with(network, &next(network, change), &[0, 1, 2], network.now)
}

#[test]
fn what_continues_holds() {
    let network = zone();
    assert!(matches!(judge(&network, |_| ()), Judgement::Accept(_)));
    let stored = next(&network, |_| ());
    assert_eq!(judge_with(&network, &stored, &[0, 1], network.now).reason().code(), "checkpoint.no_quorum");
    let early = network.now.saturating_sub(120);
    assert!(matches!(judge_with(&network, &stored, &[0, 1, 2], early), Judgement::Accept(_)));
    let early = network.now.saturating_sub(121);
    assert_eq!(judge_with(&network, &stored, &[0, 1, 2], early).reason().code(), "checkpoint.future");
}

#[test]
fn sequences_and_the_epoch_do_not_fall() {
    let mut network = zone();
    network.run(310);
    let reason = |change: fn(&mut ZoneCheckpoint)| judge(&network, change).reason().code();
    assert_eq!(reason(|own| (own.rev_head, own.rev_seq) = (ObjectId::ZERO, 0)), "checkpoint.regress");
    assert_eq!(reason(|own| (own.audit_head, own.audit_seq) = (ObjectId::ZERO, 0)), "checkpoint.regress");
    assert_eq!(
        reason(|own| {
            let before = own.header.created_at.saturating_sub(EpochId::SECONDS);
            own.header.created_at = before;
            own.header.provenance.created_at = before;
            own.as_of_epoch = EpochId::of(before);
        }),
        "checkpoint.regress"
    );
    assert_eq!(reason(|own| own.rev_seq = 2), "checkpoint.bad_heads", "the head says 1");
}

#[test]
fn what_is_not_held_is_asked_for() {
    let network = zone();
    let other = ObjectId::from_bytes([9; 32]);
    let change = |own: &mut ZoneCheckpoint| {
        own.zone_policy_head = other;
        (own.audit_head, own.audit_seq) = (ObjectId::from_bytes([8; 32]), 2);
    };
    let Judgement::Wait(wanted) = judge(&network, change) else { panic!("it is not held") };
    assert_eq!(wanted, [Wanted::Object(other), Wanted::Object(ObjectId::from_bytes([8; 32]))]);
}

/// Another audit event in the place behind `tip`, with a head for it, held by node 0.
fn sibling(network: &mut Network, tip: Option<Tip>) -> (ObjectId, u64) {
    let mut sequencer = Sequencer::new(1);
    sequencer.submit(network.mesh.event(2, "sibling", network.now), |_| false).unwrap();
    let (placed, tip) =
        sequencer.place(tip, Room { events: 1, bytes: 1 << 20 }, |_| Some(network.mesh.ids.clone()), |_| false);
    let tip = tip.unwrap();
    let head = network.mesh.seal(&AuditHead::draft(provenance(network.now), tip, 0));
    network.hold(0, &placed[0]);
    network.hold(0, &head);
    (head.id(), tip.seq)
}

#[test]
fn a_quorum_for_another_chain_is_a_fork() {
    let mut network = zone();
    let beside = sibling(&mut network, None);
    let judged = judge(&network, |own| (own.audit_head, own.audit_seq) = beside);
    assert_eq!(judged.reason().code(), "checkpoint.fork", "equal sequence, other event");
    let behind = network.nodes[0].participant.state().accepted().unwrap().audit();
    let onwards = sibling(&mut network, behind);
    assert!(matches!(judge(&network, |own| (own.audit_head, own.audit_seq) = onwards), Judgement::Accept(_)));
    let other = ObjectId::from_bytes([9; 32]);
    let judged = judge(&network, |own| own.prev_checkpoint = Some(other));
    assert_eq!(judged.reason().code(), "checkpoint.fork", "another one stands in the accepted one's place");
}

#[test]
fn heads_descend_from_what_is_pinned() {
    let mut network = zone();
    let pinned = network.governance;
    // A zone of its own has definition, policy and manifest that follow nothing.
    let mut other = Network::new(4, 4, 0);
    other.run(1);
    let foreign = other.governance;
    for id in [foreign.definition, foreign.policy] {
        let object = other.nodes[0].held.object(&id).unwrap();
        network.hold(0, &object);
    }
    let reason = |network: &Network, change: &dyn Fn(&mut ZoneCheckpoint)| judge(network, change).reason().code();
    assert_ne!(foreign.policy, pinned.policy);
    assert_eq!(reason(&network, &|own| own.zone_policy_head = foreign.policy), "checkpoint.not_descended");
    assert_eq!(reason(&network, &|own| own.zone_definition_head = foreign.definition), "checkpoint.not_descended");
    network.new_policy(&[0, 1, 2, 3], 1);
    let next = network.governance;
    assert!(matches!(
        judge(&network, |own| (own.zone_policy_head, own.zone_definition_head) = (next.policy, next.definition)),
        Judgement::Accept(_)
    ));

    // A revoked manifest is never active.
    let draft =
        RevocationObject::draft(provenance(network.now), [pinned.manifest].into(), RevocationScope::ZoneKey, "stolen");
    let stored = network.mesh.seal(&draft.signed_by(&network.mesh.owner));
    network.hold(0, &stored);
    assert_eq!(reason(&network, &|_| ()), "checkpoint.revoked_manifest");
}

#[test]
fn keys_count_as_of_the_time_of_creation() {
    let mut network = zone();
    let attestation = network.mesh.trust.all(&network.nodes[2].id)[0].id();
    network.run(5);
    let stored = next(&network, |_| ());
    let revoke = |network: &mut Network, at: Timestamp| {
        let draft =
            RevocationObject::draft(provenance(at), [attestation].into(), RevocationScope::NodeAttestation, "lost");
        let stored = network.mesh.seal(&draft.signed_by(&network.mesh.owner));
        network.hold(0, &stored);
    };
    // Revoked a second later: what the node signed before counts.
    let later = network.now.saturating_add(1);
    revoke(&mut network, later);
    assert!(matches!(judge_with(&network, &stored, &[0, 1, 2], network.now), Judgement::Accept(_)));
    // Revoked at that very second.
    let now = network.now;
    revoke(&mut network, now);
    assert_eq!(judge_with(&network, &stored, &[0, 1, 2], network.now).reason().code(), "checkpoint.no_quorum");
    assert!(matches!(judge_with(&network, &stored, &[0, 1, 3], network.now), Judgement::Accept(_)));
}

#[test]
fn a_member_that_begins_in_the_middle_fetches_the_revocations() {
    let mut network = zone();
    network.revoke(2);
    network.run(3);
    // The owner anchors the accepted checkpoint.
    let accepted = network.nodes[0].participant.state().accepted().unwrap();
    let draft = ZoneAnchor::draft(provenance(network.now), 1, accepted.id(), accepted.checkpoint());
    let stored = network.mesh.seal(&draft.signed_by(&network.mesh.owner));
    let checkpoint = network.nodes[0].held.object(&accepted.id()).unwrap();
    let anchor = stored.open::<ZoneAnchor>().unwrap().verify(&network.mesh.owner.public()).unwrap();

    let donor = network.nodes[0].held.clone();
    let node = &mut network.nodes[3];
    node.participant = Participant::new(network.mesh.zone.clone(), node.id.clone());
    node.revocations = RevocationRegistry::new();
    node.held = crate::checkpoint::HeldInMemory::new(network.mesh.ids.clone());
    let heads = checkpoint.open::<ZoneCheckpoint>().unwrap().claimed().heads();
    for id in [heads.definition, heads.policy, heads.manifest, heads.revocation.0, heads.audit.0, network.genesis.id()]
    {
        network.hold(3, &donor.object(&id).unwrap());
    }
    let node = &mut network.nodes[3];
    let keys = AttestedKeys::new(&network.mesh.trust, &node.revocations, &network.mesh.zone);
    let signatures = SignatureSet::new();
    let offer = Offer { checkpoint: &checkpoint, signatures: &signatures, anchor: Some(&anchor) };
    let mut state = node.participant.state().clone();
    let judged = state.judge(&offer, &View { keys, held: &node.held }, network.now);
    let Judgement::Accept(acceptance) = judged else { panic!("{judged:?}") };
    assert!(acceptance.is_anchored());
    state.apply(*acceptance);
    assert!(state.pinned_heads(&node.held).is_some());

    assert!(!state.frontier(&node.revocations).unwrap().complete);
    let wanted = state.missing_revocations(&node.revocations, &node.held);
    let tip = state.accepted().unwrap().revocation().unwrap();
    assert_eq!(wanted, [Wanted::Events { chain: ChainKind::Revocation, tip, after: 0 }]);
    let mut at = Some(tip.event);
    let mut events: Vec<StoredObject> = Vec::new();
    while let Some(event) = at.and_then(|id| donor.revocation_event(&id)) {
        events.push(donor.object(&event.id()).unwrap());
        at = event.prev();
    }
    events.iter().for_each(|event| network.hold(3, event));
    let node = &network.nodes[3];
    let wanted = state.missing_revocations(&node.revocations, &node.held);
    assert_eq!(wanted.len(), 2);
    for want in wanted {
        let Wanted::Revocation(id) = want else { panic!("{want:?}") };
        network.hold(3, &donor.object(&id).unwrap());
    }
    let node = &network.nodes[3];
    assert!(state.missing_revocations(&node.revocations, &node.held).is_empty());
}

#[test]
fn a_head_is_signed_only_on_one_chain() {
    let mut network = zone();
    let ranking = network.ranking();
    let (voter, from) = (ranking[1], network.nodes[ranking[0]].id.clone());
    let tip = network.nodes[0].participant.state().accepted().unwrap().audit();
    let propose = |network: &mut Network, event_type: &str, tip: Option<Tip>| {
        let mut sequencer = Sequencer::new(1);
        sequencer.submit(network.mesh.event(2, event_type, network.now), |_| false).unwrap();
        let (placed, tip) =
            sequencer.place(tip, Room { events: 1, bytes: 1 << 20 }, |_| Some(network.mesh.ids.clone()), |_| false);
        let head = network.mesh.seal(&AuditHead::draft(provenance(network.now), tip.unwrap(), 0));
        let message = crate::checkpoint::HeadProposal {
            head: head.canonical_bytes().to_vec(),
            events: placed.iter().map(|event| event.canonical_bytes().to_vec()).collect(),
        };
        network.posted.clear();
        network.tell(voter, &from, message.into());
        let voted = network.posted.iter().any(|posted| matches!(posted, CheckpointMessage::HeadVote(_)));
        (voted, network.nodes[voter].refused.pop(), tip)
    };
    let (voted, refused, first) = propose(&mut network, "first", tip);
    assert!(voted && refused.is_none());
    let (voted, refused, _) = propose(&mut network, "beside", tip);
    assert!(!voted);
    assert_eq!(refused, Some("checkpoint.already_voted"));
    let (voted, _, _) = propose(&mut network, "behind", first);
    assert!(voted, "further along the same chain");
    let (voted, refused, _) = propose(&mut network, "elsewhere", None);
    assert!(!voted);
    assert_eq!(refused, Some("checkpoint.not_descended"));
    network.restart(voter);
    let (voted, refused, _) = propose(&mut network, "beside", tip);
    assert!(!voted);
    assert_eq!(refused, Some("checkpoint.already_voted"), "also after a restart");
}

#[test]
fn a_head_needs_its_quorum_before_a_checkpoint_names_it() {
    let mut network = zone();
    let ranking = network.ranking();
    let (voter, from) = (ranking[1], network.nodes[ranking[0]].id.clone());
    let tip = network.nodes[0].participant.state().accepted().unwrap().revocation().unwrap();
    let head = network.mesh.seal(&RevocationHead::draft(provenance(network.now), tip));
    let checkpoint = next(&network, |own| own.rev_head = head.id());
    let propose = |network: &mut Network, signers: &[usize]| {
        let signed = crate::checkpoint::SignedHead {
            head: head.canonical_bytes().to_vec(),
            signatures: signed(network, &head, signers),
        };
        let message = crate::checkpoint::CheckpointProposal {
            checkpoint: checkpoint.canonical_bytes().to_vec(),
            heads: [signed].into(),
            votes: SignatureSet::new(),
            void: Vec::new(),
        };
        network.tell(voter, &from, message.into());
        network.nodes[voter].refused.pop()
    };
    assert_eq!(propose(&mut network, &[0, 1]), Some("checkpoint.no_quorum"));
    assert_eq!(propose(&mut network, &[0, 1, 3]), None);
    assert_eq!(network.nodes[voter].participant.votes().open().len(), 1);
}

/// Whatever arrives, nothing panics, and what was agreed stays agreed.
#[test]
fn bent_messages_do_no_harm() {
    let mut network = zone();
    network.run(110);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let posted: Vec<Vec<u8>> = network.posted.iter().map(CheckpointMessage::to_body).collect();
    let senders: Vec<NodeId> = network.nodes.iter().map(|node| node.id.clone()).collect();
    let mut read = 0_u32;
    for round in 0..6_000_usize {
        let mut body = posted[round % posted.len()].clone();
        for _ in 0..=rng.next_u32() % 3 {
            let place = rng.next_u32() as usize % body.len();
            body[place] ^= 1 << (rng.next_u32() % 8);
        }
        let Ok(message) = CheckpointMessage::from_body(&body) else { continue };
        read = read.saturating_add(1);
        let node = round % 4;
        network.tell(node, &senders[(round / 4) % 4], message);
    }
    assert!(read > 1_000, "{read}");
    network.deliver();
    network.run(250);
    network.assert_agreement();
    assert!((0..4).all(|node| network.seq(node) == network.seq(0)));
    let age = network.now.since(network.checkpoint(0).header.created_at);
    assert!(age <= 110, "{age}");
    assert!(CheckpointMessage::from_body(&[]).is_err());
    assert!(CheckpointMessage::from_body(&AuditHead::SCHEMA_HASH.as_bytes()[..]).is_err());
    assert!(!CheckpointMessage::has_schema(&AuditHead::SCHEMA_HASH));
    let preimage = next(&network, |_| ()).open::<ZoneCheckpoint>().unwrap().claimed().quorum_preimage();
    assert_eq!(preimage.as_bytes().len(), 32);
}
