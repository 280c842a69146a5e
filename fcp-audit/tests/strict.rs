//! One encoding of everything, and what the table of schemas says of it (D20): each type through the batteries of
//! `fcp-core`.

mod sample {
    #![expect(clippy::unwrap_used, reason = "the texts are valid")]

    use fcp_audit::checkpoint::SignedHead;
    use fcp_audit::event::{AuditEvent, EventDetails, TraceContext};
    use fcp_core::id::{Jti, NodeId, ObjectId, ObjectIdKey, ZoneId};
    use fcp_core::object::Provenance;
    use fcp_core::sign::{NodeSigningKey, OwnerKey, QuorumSignature, Signature, SignatureSet};
    use fcp_core::time::Timestamp;

    pub(super) const NOW: Timestamp = Timestamp::from_secs(1_700_000_100);

    pub(super) fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes([byte; 32])
    }

    pub(super) fn key() -> ObjectIdKey {
        ObjectIdKey::from_bytes([9; 32])
    }

    pub(super) fn owner() -> OwnerKey {
        OwnerKey::from_seed([1; 32])
    }

    pub(super) fn node_key() -> NodeSigningKey {
        NodeSigningKey::from_seed([3; 32])
    }

    pub(super) fn node(name: &str) -> NodeId {
        NodeId::new(name).unwrap()
    }

    pub(super) fn provenance() -> Provenance {
        Provenance::of_zone(ZoneId::private(), 80, 90, NOW)
    }

    /// An event without a place that says all that an event can say.
    pub(super) fn event() -> AuditEvent {
        let mut details = EventDetails::new("capability.invoke", "user:anna".parse().unwrap(), [5; 16], NOW);
        details.trace_context = Some(TraceContext { trace_id: [6; 16], span_id: [7; 8], flags: 1 });
        details.connector_id = Some("example.notebook".parse().unwrap());
        details.operation = Some("notebook.append".parse().unwrap());
        details.capability_token_jti = Some(Jti::from_bytes([8; 16]));
        details.request_object_id = Some(id(1));
        details.result_object_id = Some(id(2));
        AuditEvent::draft(provenance(), details)
    }

    pub(super) fn vote(name: &str) -> QuorumSignature {
        QuorumSignature {
            signer_node: node(name),
            signer_kid: node_key().public().kid(),
            sig: Signature::from_bytes([0x33; 64]),
        }
    }

    pub(super) fn votes() -> SignatureSet {
        SignatureSet::from_sorted(vec![vote("nA"), vote("nB")]).unwrap()
    }

    pub(super) fn signed_head() -> SignedHead {
        SignedHead { head: vec![1, 2, 3], signatures: votes() }
    }
}

use fcp_audit::bootstrap::{BootstrapBundle, BootstrapRequest, Offered, Wanted};
use fcp_audit::chain::Tip;
use fcp_audit::checkpoint::{
    CastVote, CheckpointAnnounce, CheckpointProposal, CheckpointQuery, CheckpointStatus, CheckpointVote, HeadProposal,
    HeadVote, Heads, VotedCheckpoint, ZoneAnchor, ZoneCheckpoint,
};
use fcp_audit::decision::DecisionReceipt;
use fcp_audit::event::SignedEvent;
use fcp_audit::head::{AuditHead, RevocationHead};
use fcp_audit::revocation::{EventSigningKey, RevocationEvent, RevocationObject, RevocationScope};
use fcp_core::decision::Denial;
use fcp_core::error::Reason;
use fcp_core::id::ZoneId;
use fcp_core::object::{check_message, check_object, check_signed};
use fcp_core::sign::Signed as _;
use sample::{NOW, event, id, key, node, node_key, owner, provenance, signed_head, vote, votes};

#[test]
fn decision_receipts() {
    let denial = Denial::new(Reason::RevocationStaleFrontier).with_evidence([id(1), id(2)]);
    let denied = DecisionReceipt::deny(provenance(), id(9), &denial, node("nA")).with_message("stale");
    let allowed = DecisionReceipt::allow(provenance(), id(9), [id(1)], node("nA"));
    for receipt in [denied, allowed] {
        let receipt = receipt.signed_by(&node_key());
        check_object(&receipt, &key());
        check_signed(receipt, &[]);
    }
}

#[test]
fn audit_events() {
    let event = event().signed_by(&node_key());
    check_object(&event, &key());
    // The sequencer gives them their places (D185).
    check_signed(event, &["prev", "seq"]);
    check_message(&SignedEvent::sign(sample::event(), node("nA"), &node_key()).submission());
}

#[test]
fn revocations() {
    let revocation =
        RevocationObject::draft(provenance(), vec![id(1), id(2)], RevocationScope::NodeAttestation, "lost on a train")
            .with_window(NOW, Some(NOW.saturating_add(1)))
            .signed_by(&owner());
    check_object(&revocation, &key());
    check_signed(revocation, &[]);
    for tip in [None, Some(Tip { event: id(2), seq: 1 })] {
        let event = RevocationEvent::draft(provenance(), id(1), tip).unwrap();
        check_object(&event.clone().signed_by_node(&node_key()), &key());
        check_signed(event.signed_by(&EventSigningKey::Owner(owner())), &[]);
    }
}

#[test]
fn heads() {
    let tip = Tip { event: id(1), seq: 7 };
    check_object(&AuditHead::draft(provenance(), tip, 7_500), &key());
    check_object(&RevocationHead::draft(provenance(), tip), &key());
}

#[test]
fn checkpoints() {
    let heads = Heads { definition: id(1), policy: id(2), manifest: id(3), revocation: (id(4), 5), audit: (id(5), 6) };
    check_object(&ZoneCheckpoint::first(provenance(), heads), &key());
    let later = ZoneCheckpoint::draft(provenance(), heads, Some(id(8)), 9, &[id(6)], Some(id(7)));
    check_object(&later, &key());
    let anchor = ZoneAnchor::draft(provenance(), 3, id(10), &later).signed_by(&owner());
    check_object(&anchor, &key());
    check_signed(anchor, &[]);
}

#[test]
fn what_signers_say() {
    let proposal = CheckpointProposal {
        checkpoint: vec![1, 2, 3],
        heads: vec![signed_head()],
        votes: votes(),
        void: vec![VotedCheckpoint { checkpoint: vec![4], votes: votes() }],
    };
    check_message(&HeadProposal { head: vec![1], events: vec![vec![2], vec![]] });
    check_message(&HeadVote { target: id(1), signature: vote("nA") });
    check_message(&CheckpointQuery { checkpoint_seq: 300, lead: true });
    check_message(&CheckpointStatus {
        checkpoint_seq: 3,
        leader: Some(node("nA")),
        votes: vec![CastVote { checkpoint_seq: 4, proposal: proposal.clone(), signature: vote("nA") }],
        audit: Some(signed_head()),
        revocation: Some(signed_head()),
    });
    check_message(&proposal);
    check_message(&CheckpointVote { target: id(1), signature: vote("nA") });
    check_message(&CheckpointAnnounce {
        checkpoint: vec![1],
        signatures: Some(vec![2]),
        heads: vec![vec![3], vec![4]],
        anchor: Some(vec![5]),
    });
}

#[test]
fn bootstrap() {
    let zone_id = ZoneId::private();
    let wanted = [Wanted::Heads, Wanted::Events { revocation: true, from: 7 }, Wanted::Objects(vec![id(1), id(2)])];
    for wanted in wanted {
        check_message(&BootstrapRequest { zone_id: zone_id.clone(), wanted });
    }
    check_message(&BootstrapBundle { zone_id, objects: vec![Offered { id: id(1), canonical: vec![1, 2] }] });
}
