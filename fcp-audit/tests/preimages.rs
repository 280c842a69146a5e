//! What is signed, byte for byte.
//!
//! The expected digests were computed from the specification's text by the independent Python peer
//! (`conformance/peers/python`): its CBOR encoder over maps with these fields, its BLAKE3 over schema hash and encoding.

use fcp_audit::chain::Tip;
use fcp_audit::checkpoint::{Heads, ZoneAnchor, ZoneCheckpoint};
use fcp_audit::decision::DecisionReceipt;
use fcp_audit::event::{AuditEvent, EventDetails, TraceContext};
use fcp_audit::head::AuditHead;
use fcp_audit::revocation::{RevocationEvent, RevocationObject, RevocationScope};
use fcp_core::decision::Denial;
use fcp_core::error::Reason;
use fcp_core::id::{ConnectorId, Jti, NodeId, ObjectId, OperationId, PrincipalId, ZoneId};
use fcp_core::object::{Message as _, Provenance};
use fcp_core::sign::{QuorumSigned as _, Signed};
use fcp_core::time::Timestamp;
use hex_literal::hex;

mod support {
    use super::*;

    pub(super) const CREATED: Timestamp = Timestamp::from_secs(1_700_000_100);

    pub(super) fn id(byte: u8) -> ObjectId {
        ObjectId::from_bytes([byte; 32])
    }

    pub(super) fn provenance() -> Provenance {
        Provenance::of_zone(ZoneId::private(), 80, 90, CREATED)
    }

    pub(super) fn digest(bytes: &[u8]) -> [u8; 32] {
        *blake3::hash(bytes).as_bytes()
    }

    pub(super) fn signed<T: Signed>(message: &T) -> [u8; 32] {
        digest(message.preimage().as_bytes())
    }
}

use support::{CREATED, digest, id, provenance, signed};

#[test]
fn checkpoint() {
    let heads =
        Heads { definition: id(1), policy: id(2), manifest: id(3), revocation: (id(4), 5), audit: (ObjectId::ZERO, 0) };
    let checkpoint = ZoneCheckpoint::draft(provenance(), heads, Some(id(8)), 9, &[id(6)], Some(id(7)));
    let body = checkpoint.to_body();
    assert_eq!(body.len(), 929);
    assert_eq!(digest(&body), hex!("24c267377bf43ab8f637ded39cdd06673f94e9208f96e8467a19c101c3a35514"));
    // §3.8 rule 1, D31: the digest itself is what is signed.
    let preimage = checkpoint.quorum_preimage();
    assert_eq!(preimage.as_bytes(), hex!("7f93b1f87475a82205c85941e849bd43a1d18f338e37b81c235834bcf5d41035"));
    assert_eq!(checkpoint.tail_refs(), [id(6), id(7)]);
}

#[test]
fn audit_event() {
    let mut details = EventDetails::new("secret.access", PrincipalId::new("user:anna").unwrap(), [5; 16], CREATED);
    details.trace_context = Some(TraceContext { trace_id: [6; 16], span_id: [7; 8], flags: 1 });
    details.connector_id = Some(ConnectorId::new("example.notebook").unwrap());
    details.operation = Some(OperationId::new("notebook.append").unwrap());
    details.capability_token_jti = Some(Jti::from_bytes([8; 16]));
    details.request_object_id = Some(id(1));
    let event = AuditEvent::draft(provenance(), details);
    // D185: neither the place nor the signature is covered.
    assert_eq!(event.preimage().as_bytes().len(), 680);
    assert_eq!(signed(&event), hex!("797f3ca38426e1c4194b652ba44e3185c4f27a8dcf6b271a1bc514ca35d817ca"));
}

#[test]
fn audit_head() {
    let head = AuditHead::draft(provenance(), Tip { event: id(1), seq: 7 }, 7_500);
    let expected = hex!("1214020871ec420d07abb021cc2821ebe961111e23f278f020e1fa47dda11ee8");
    assert_eq!(digest(head.quorum_preimage().as_bytes()), expected);
}

#[test]
fn revocations() {
    let event = RevocationEvent::draft(provenance(), id(1), Some(Tip { event: id(2), seq: 1 })).unwrap();
    assert_eq!(signed(&event), hex!("145edb51ace162b118ae6ae8bcb3d9113dce433dcddadf53607a277eb3de2670"));
    let revocation = RevocationObject::draft(provenance(), [id(1)].into(), RevocationScope::NodeAttestation, "lost")
        .with_window(CREATED, Some(CREATED.saturating_add(1)));
    assert_eq!(signed(&revocation), hex!("92523bc5b914dd64bc9c62eaf6c9188b0ec0a03df03aaacce8f7444eecb732c9"));
}

#[test]
fn decision_receipt() {
    let denial = Denial::new(Reason::RevocationStaleFrontier).with_evidence([id(1)]);
    let receipt = DecisionReceipt::deny(provenance(), id(9), &denial, NodeId::new("n1").unwrap()).with_message("x");
    assert_eq!(signed(&receipt), hex!("9de2b50c8f83e5f2a2b412afc6543d225c6ce175b9391d0cc17d672008dd76a0"));
}

#[test]
fn anchor() {
    let heads = Heads {
        definition: id(5),
        policy: id(2),
        manifest: id(3),
        revocation: (ObjectId::ZERO, 0),
        audit: (ObjectId::ZERO, 0),
    };
    let checkpoint = ZoneCheckpoint::draft(provenance(), heads, Some(id(8)), 9, &[], None);
    let anchor = ZoneAnchor::draft(provenance(), 3, id(1), &checkpoint);
    assert_eq!(signed(&anchor), hex!("7ea0832afda840ee124914d93fdf8745cdf94cf6c0f773d7296288148b69870b"));
}
