//! A request, and what it is made of.
#![expect(clippy::unwrap_used, reason = "the texts are valid")]

use fcp_audit::event::TraceContext;
use fcp_caps::invoke::InvokeRequest;
use fcp_caps::pop::HolderNonce;
use fcp_core::cbor::from_json;
use fcp_core::id::{ObjectId, ObjectIdKey, ZoneId};
use fcp_core::object::Provenance;
use fcp_core::time::Timestamp;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

pub(crate) fn id(byte: u8) -> ObjectId {
    ObjectId::from_bytes([byte; 32])
}

pub(crate) fn key() -> ObjectIdKey {
    ObjectIdKey::from_bytes([9; 32])
}

pub(crate) fn provenance() -> Provenance {
    Provenance::of_zone(ZoneId::work(), 60, 60, NOW)
}

/// One with everything but the proof.
pub(crate) fn request() -> InvokeRequest {
    InvokeRequest {
        id: "call-1".into(),
        connector_id: "example.notebook".parse().unwrap(),
        operation: "append".parse().unwrap(),
        zone_id: ZoneId::work(),
        target_node: "nLaptop".parse().unwrap(),
        input: from_json(r#"{"page":"7","line":"milk","n":1}"#).unwrap(),
        capability_token: vec![0x84],
        provenance: provenance(),
        resources: vec![id(1), id(2)],
        approval_tokens: vec![id(3), id(4)],
        idempotency_key: Some("key-1".parse().unwrap()),
        trace_context: Some(TraceContext { trace_id: [5; 16], span_id: [6; 8], flags: 1 }),
        instance_id: Some("inst:one".parse().unwrap()),
        deadline_ms: Some(1_700_000_060_000),
        lease_seq: Some(7),
        holder_nonce: Some(HolderNonce::from_bytes([8; 16])),
        holder_proof: None,
    }
}
